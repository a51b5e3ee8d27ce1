// Collecting versions of Dags that newer ones took the place of, and the artifacts that only they named.

import { chunksOf, type Digest } from "@memodag/core";
import type { Amount, SupersededStore } from "@memodag/result-cache";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";

/** Artifacts that one statement deletes at most: each may have megabytes. */
const ARTIFACTS_A_BATCH = 20;

const DIGESTS_A_STATEMENT = 500;

/** Superseded versions and artifacts of the metadata database. */
export class MetadataSupersededStore implements SupersededStore {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** Of the artifacts, those that no version names by now. */
  async amount(olderThanMs: number): Promise<Amount> {
    const versions = await this.#versions(olderThanMs)
      .select((select) => select.fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    const artifacts = await this.#artifacts(olderThanMs)
      .select((select) => [
        select.fn.countAll<number>().as("count"),
        sql<number | null>`sum(length(code))`.as("size_bytes"),
      ])
      .executeTakeFirstOrThrow();
    return { count: versions.count + artifacts.count, sizeBytes: artifacts.size_bytes ?? 0 };
  }

  /**
   * A version that a run or a Dag takes up while it is deleted makes the statement fail as a whole, by the
   * reference to it: nothing is lost, and the next collection tries again.
   */
  async deleteBatch(limit: number, olderThanMs: number): Promise<Amount> {
    const { kysely } = this.#dialect;
    const versions = await kysely
      .deleteFrom("dag_version")
      .where("id", "in", this.#versions(olderThanMs).select("id").limit(limit))
      .returning("id")
      .execute();
    const artifacts = await kysely
      .deleteFrom("dag_artifact")
      .where("digest", "in", this.#artifacts(olderThanMs).select("digest").limit(ARTIFACTS_A_BATCH))
      .returning(sql<number>`length(code)`.as("size_bytes"))
      .execute();
    return {
      count: versions.length + artifacts.length,
      sizeBytes: artifacts.reduce((sum, row) => sum + row.size_bytes, 0),
    };
  }

  /** Those of the artifacts that are still there. */
  async findArtifacts(digests: readonly Digest[]): Promise<Set<Digest>> {
    const found = new Set<Digest>();
    for (const some of chunksOf(digests, DIGESTS_A_STATEMENT)) {
      const rows = await this.#dialect.kysely
        .selectFrom("dag_artifact")
        .select("digest")
        .where("digest", "in", some)
        .execute();
      for (const { digest } of rows) found.add(digest);
    }
    return found;
  }

  #versions(olderThanMs: number) {
    const { kysely, now } = this.#dialect;
    return kysely
      .selectFrom("dag_version")
      .where("created_at", "<=", sql<number>`${now} - ${sql.lit(olderThanMs)}`)
      .where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom("dag").select("dag_id").whereRef("dag.version_id", "=", "dag_version.id"))),
      )
      .where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom("dag_run").select("id").whereRef("dag_version_id", "=", "dag_version.id"))),
      );
  }

  #artifacts(olderThanMs: number) {
    const { kysely, now } = this.#dialect;
    return kysely
      .selectFrom("dag_artifact")
      .where("created_at", "<=", sql<number>`${now} - ${sql.lit(olderThanMs)}`)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom("dag_version").select("id").whereRef("artifact_digest", "=", "dag_artifact.digest"),
          ),
        ),
      );
  }
}
