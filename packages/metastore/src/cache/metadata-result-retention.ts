// Collecting bytes of the metadata database, which runs' XComs and cache records share.

import { chunksOf, type Digest } from "@memodag/core";
import type { Amount, ResultRetention, StoredResult } from "@memodag/result-cache";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";

/** Retention of the metadata database's results. */
export class MetadataResultRetention implements ResultRetention {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  async *scan(limit: number): AsyncGenerator<readonly StoredResult[]> {
    const { kysely, now } = this.#dialect;
    // In the order of the primary key, so that a page costs the same wherever it is.
    const query = kysely
      .selectFrom("result")
      .select(["team", "digest", "size_bytes"])
      .select((select) => [
        sql<number>`${now} - created_at`.as("age_ms"),
        // As a number: SQLite has no other truth.
        select
          .selectFrom("xcom")
          .select(sql<number>`1`.as("one"))
          .whereRef("xcom.team", "=", "result.team")
          .whereRef("xcom.digest", "=", "result.digest")
          .limit(1)
          .as("shown"),
      ])
      .orderBy("team")
      .orderBy("digest")
      .limit(limit);
    for (let page = query; ;) {
      const rows = await page.execute();
      yield rows.map((row) => ({
        team: row.team,
        digest: row.digest,
        sizeBytes: row.size_bytes,
        ageMs: row.age_ms,
        isShown: row.shown !== null,
      }));
      const last = rows.at(-1);
      if (!last || rows.length < limit) return;
      page = query.where(sql<boolean>`(team, digest) > (${last.team}, ${last.digest})`);
    }
  }

  async sizesOf(team: string, digests: readonly Digest[]): Promise<Map<Digest, number>> {
    const sizes = new Map<Digest, number>();
    for (const some of chunksOf(digests, DIGESTS_A_STATEMENT)) {
      const rows = await this.#dialect.kysely
        .selectFrom("result")
        .select(["digest", "size_bytes"])
        .where("team", "=", team)
        .where("digest", "in", some)
        .execute();
      for (const row of rows) sizes.set(row.digest, row.size_bytes);
    }
    return sizes;
  }

  async deleteUnnamed(team: string, digests: readonly Digest[], olderThanMs: number): Promise<Amount> {
    if (digests.length === 0) return { count: 0, sizeBytes: 0 };
    return await this.#dialect.deleteResults(team, digests, olderThanMs);
  }
}

const DIGESTS_A_STATEMENT = 1_000;
