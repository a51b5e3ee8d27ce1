// Records the result of processing one Dag file.

import {
  chunksOf,
  digestOf,
  MemodagError,
  type Artifact,
  type DagFile,
  type DagFileError,
  type ProcessedDagFile,
  type SerializedDag,
  type TaskSourceRecord,
} from "@memodag/core";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";

/** Databases limit how many values one statement takes. */
const SOURCES_A_STATEMENT = 1_000;

/** Age from which a source that a file has again is renewed, in milliseconds. */
const RENEW_SOURCES_MS = 600_000;

type ReadFile = Omit<DagFile, "error" | "processedAt">;

/** The script that records a file; see the port. */
export function* saveDagFile(dialect: Dialect, processed: ProcessedDagFile): TransactionScript<void> {
  const { file } = processed;
  yield* upsertFile(dialect, file, processed.kind === "broken" ? processed.error : null);
  if (processed.kind === "broken") return;
  yield* insertArtifact(dialect, processed.artifact);
  yield* insertSources(dialect, file.team, processed.sources);
  for (const dag of processed.dags) yield* saveDag(dialect, file, dag);
  yield* retireDagsOfFile(dialect, file, processed.dags);
}

function* upsertFile(
  { kysely, now }: Dialect,
  file: ReadFile,
  error: DagFileError | null,
): TransactionScript<void> {
  const values = {
    team: file.team,
    fingerprint: file.fingerprint,
    inputs: file.inputs,
    error: error && JSON.stringify(error),
    warnings: JSON.stringify(file.warnings),
    processed_at: now,
  };
  yield* statement(
    kysely
      .insertInto("dag_file")
      .values({ bundle: file.bundle, path: file.path, ...values })
      .onConflict((conflict) => conflict.columns(["bundle", "path"]).doUpdateSet(values)),
  );
}

function* insertArtifact({ kysely, now }: Dialect, { digest, code }: Artifact): TransactionScript<void> {
  yield* statement(
    kysely
      .insertInto("dag_artifact")
      .values({ digest, code, created_at: now })
      // Renewed, so that collection leaves it alone until the version that names it is there.
      .onConflict((conflict) => conflict.column("digest").doUpdateSet({ created_at: now })),
  );
}

function* insertSources(
  { kysely, now }: Dialect,
  team: string,
  sources: readonly TaskSourceRecord[],
): TransactionScript<void> {
  // Tasks of one file may reach the same code, and PostgreSQL updates a row once in a statement.
  const distinct = new Map(sources.map((source) => [source.sourceHash, source]));
  // In one order, so that two files with the same code wait for each other and never in a circle.
  const ordered = [...distinct.values()].sort((a, b) => (a.sourceHash < b.sourceHash ? -1 : 1));
  for (const some of chunksOf(ordered, SOURCES_A_STATEMENT)) {
    const rows = some.map((source) => ({
      team,
      source_hash: source.sourceHash,
      mode: source.mode,
      components: JSON.stringify(source.components),
      created_at: now,
    }));
    yield* statement(
      kysely
        .insertInto("task_source")
        .values(rows)
        // Young again, as otherwise it might just be collected.
        .onConflict((conflict) =>
          conflict
            .columns(["team", "source_hash"])
            .doUpdateSet({ created_at: now })
            .where("task_source.created_at", "<=", sql<number>`${now} - ${sql.lit(RENEW_SOURCES_MS)}`),
        ),
    );
  }
}

function* saveDag(dialect: Dialect, file: ReadFile, dag: SerializedDag): TransactionScript<void> {
  const { kysely, now } = dialect;
  yield* refuseOtherFiles(dialect, file, dag.dagId);
  const [version] = yield* statement(
    kysely
      .insertInto("dag_version")
      .values({
        team: file.team,
        dag_id: dag.dagId,
        digest: digestOf(dag),
        dag: JSON.stringify(dag),
        artifact_digest: dag.artifactDigest,
        bundle: file.bundle,
        path: file.path,
        schedule: dag.schedule,
        tags: JSON.stringify(dag.tags),
        task_count: dag.tasks.length,
        max_active_runs: dag.maxActiveRuns,
        created_at: now,
      })
      // A content that was there before, perhaps in another file, is that version again.
      .onConflict((conflict) =>
        conflict.columns(["team", "dag_id", "digest"]).doUpdateSet({ bundle: file.bundle, path: file.path }),
      )
      .returning("id"),
  );
  if (!version) throw new Error("an insert that updates on conflict returned no row");
  const place = { bundle: file.bundle, path: file.path, version_id: version.id, is_active: 1 };
  yield* statement(
    kysely
      .insertInto("dag")
      .values({ team: file.team, dag_id: dag.dagId, ...place })
      .onConflict((conflict) => conflict.columns(["team", "dag_id"]).doUpdateSet(place)),
  );
}

/** A Dag that two files define would change with whichever was read last. */
function* refuseOtherFiles({ kysely }: Dialect, file: ReadFile, dagId: string): TransactionScript<void> {
  const [other] = yield* statement(
    kysely
      .selectFrom("dag")
      .select(["bundle", "path"])
      .where("team", "=", file.team)
      .where("dag_id", "=", dagId)
      .where("is_active", "=", 1)
      .where((where) => where.or([where("bundle", "!=", file.bundle), where("path", "!=", file.path)])),
  );
  if (!other) return;
  throw new MemodagError(
    "dag_file_invalid",
    `${file.path} defines the Dag "${dagId}", which ${other.path} of the bundle "${other.bundle}" defines ` +
      "already: give one of them another id",
    { fields: { dagId, path: file.path, otherBundle: other.bundle, otherPath: other.path } },
  );
}

function* retireDagsOfFile(
  { kysely }: Dialect,
  file: ReadFile,
  dags: readonly SerializedDag[],
): TransactionScript<void> {
  const ids = dags.map((dag) => dag.dagId);
  yield* statement(
    kysely
      .updateTable("dag")
      .set({ is_active: 0 })
      .where("bundle", "=", file.bundle)
      .where("path", "=", file.path)
      // A bundle that was given to another team leaves none of its Dags with the old one.
      .where((where) =>
        where.or([
          where("team", "!=", file.team),
          where.not(where("dag_id", "in", ids.length > 0 ? ids : [""])),
        ]),
      ),
  );
}
