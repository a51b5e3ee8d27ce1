// Records what came of processing one Dag file.

import {
  digestOf,
  MemodagError,
  type Artifact,
  type DagFile,
  type DagFileError,
  type ProcessedDagFile,
  type SerializedDag,
} from "@memodag/core";
import type { RawBuilder, Transaction } from "kysely";
import type { Schema } from "../schema.ts";

type ReadFile = Omit<DagFile, "error" | "processedAt">;

/** Writes within the caller's transaction; see the port. */
export async function saveDagFile(
  db: Transaction<Schema>,
  now: RawBuilder<number>,
  processed: ProcessedDagFile,
): Promise<void> {
  const { file } = processed;
  await upsertFile(db, now, file, processed.kind === "broken" ? processed.error : null);
  if (processed.kind === "broken") return;
  await insertArtifact(db, now, processed.artifact);
  for (const dag of processed.dags) await saveDag(db, now, file, dag);
  await retireDagsOfFile(db, file, processed.dags);
}

async function upsertFile(
  db: Transaction<Schema>,
  now: RawBuilder<number>,
  file: ReadFile,
  error: DagFileError | null,
): Promise<void> {
  const values = {
    team: file.team,
    fingerprint: file.fingerprint,
    inputs: file.inputs,
    error: error && JSON.stringify(error),
    warnings: JSON.stringify(file.warnings),
    processed_at: now,
  };
  await db
    .insertInto("dag_file")
    .values({ bundle: file.bundle, path: file.path, ...values })
    .onConflict((conflict) => conflict.columns(["bundle", "path"]).doUpdateSet(values))
    .execute();
}

async function insertArtifact(
  db: Transaction<Schema>,
  now: RawBuilder<number>,
  { digest, code }: Artifact,
): Promise<void> {
  await db
    .insertInto("dag_artifact")
    .values({ digest, code, created_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

async function saveDag(
  db: Transaction<Schema>,
  now: RawBuilder<number>,
  file: ReadFile,
  dag: SerializedDag,
): Promise<void> {
  await refuseOtherFiles(db, file, dag.dagId);
  const { id } = await db
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
      created_at: now,
    })
    // A content that was there before, perhaps in another file, is that version again.
    .onConflict((conflict) =>
      conflict.columns(["team", "dag_id", "digest"]).doUpdateSet({ bundle: file.bundle, path: file.path }),
    )
    .returning("id")
    .executeTakeFirstOrThrow();
  const place = { bundle: file.bundle, path: file.path, version_id: id, is_active: 1 };
  await db
    .insertInto("dag")
    .values({ team: file.team, dag_id: dag.dagId, ...place })
    .onConflict((conflict) => conflict.columns(["team", "dag_id"]).doUpdateSet(place))
    .execute();
}

/** A Dag that two files define would change with whichever was read last. */
async function refuseOtherFiles(db: Transaction<Schema>, file: ReadFile, dagId: string): Promise<void> {
  const other = await db
    .selectFrom("dag")
    .select(["bundle", "path"])
    .where("team", "=", file.team)
    .where("dag_id", "=", dagId)
    .where("is_active", "=", 1)
    .where((where) => where.or([where("bundle", "!=", file.bundle), where("path", "!=", file.path)]))
    .executeTakeFirst();
  if (!other) return;
  throw new MemodagError(
    "dag_file_invalid",
    `${file.path} defines the Dag "${dagId}", which ${other.path} of the bundle "${other.bundle}" defines ` +
      "already: give one of them another id",
    { fields: { dagId, path: file.path, otherBundle: other.bundle, otherPath: other.path } },
  );
}

async function retireDagsOfFile(
  db: Transaction<Schema>,
  file: ReadFile,
  dags: readonly SerializedDag[],
): Promise<void> {
  const ids = dags.map((dag) => dag.dagId);
  await db
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
    )
    .execute();
}
