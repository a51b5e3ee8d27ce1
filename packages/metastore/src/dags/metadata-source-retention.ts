// Collecting the code that source hashes were computed from, once no version of a Dag has it any more.

import type { AgedStore, Amount } from "@memodag/result-cache";
import { sql, type RawBuilder } from "kysely";
import type { Dialect } from "../dialect.ts";

const SOURCES_A_BATCH = 2_000;

/** Versions that are read at a time: each may have megabytes. */
const VERSIONS_A_PAGE = 20;

/** Source hashes in the JSON of a Dag; parsing all of it takes many times as long. */
const SOURCE_HASH = /"sourceHash":"([0-9a-f]{64})"/g;

/** Sources of tasks in the metadata database. They explain misses, and no key is made of them. */
export class MetadataSourceRetention implements AgedStore {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  async amount(olderThanMs: number): Promise<Amount> {
    const rows = await this.#old(olderThanMs).execute();
    const needed = rows.length === 0 ? new Set() : await this.#listNeeded();
    return { count: rows.filter((row) => !needed.has(row.source_hash)).length, sizeBytes: 0 };
  }

  /**
   * Sources that are needed are young again, so that versions are not read by each collection. They are read for each
   * batch, which is therefore larger than others.
   */
  async deleteBatch(_limit: number, olderThanMs: number): Promise<Amount> {
    const { kysely, now } = this.#dialect;
    const rows = await this.#old(olderThanMs).limit(SOURCES_A_BATCH).execute();
    if (rows.length === 0) return { count: 0, sizeBytes: 0 };
    const needed = await this.#listNeeded();
    const hashes = (isNeeded: boolean): string[] =>
      rows.flatMap((row) => (needed.has(row.source_hash) === isNeeded ? [row.source_hash] : []));
    await kysely
      .updateTable("task_source")
      .set({ created_at: now })
      .where("source_hash", "in", [...hashes(true), ""])
      .execute();
    await kysely
      .deleteFrom("task_source")
      .where("source_hash", "in", [...hashes(false), ""])
      // A file that has it again may have been read since.
      .where("created_at", "<=", this.#before(olderThanMs))
      .execute();
    return { count: rows.length, sizeBytes: 0 };
  }

  #old(olderThanMs: number) {
    return this.#dialect.kysely
      .selectFrom("task_source")
      .select(["team", "source_hash"])
      .where("created_at", "<=", this.#before(olderThanMs))
      .orderBy("team")
      .orderBy("source_hash");
  }

  async #listNeeded(): Promise<Set<string>> {
    const needed = new Set<string>();
    for (let after = 0; ;) {
      const rows = await this.#dialect.kysely
        .selectFrom("dag_version")
        .select(["id", "dag"])
        .where("id", ">", after)
        .orderBy("id")
        .limit(VERSIONS_A_PAGE)
        .execute();
      for (const { dag } of rows) for (const [, hash = ""] of dag.matchAll(SOURCE_HASH)) needed.add(hash);
      const last = rows.at(-1);
      if (!last) return needed;
      after = last.id;
    }
  }

  #before(ms: number): RawBuilder<number> {
    return sql<number>`${this.#dialect.now} - ${sql.lit(ms)}`;
  }
}
