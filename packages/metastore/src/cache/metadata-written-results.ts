// Which results may be in stores that are not listed: rows that are written before the bytes.

import { chunksOf, compareEntryKeys, type Digest } from "@memodag/core";
import { CONDEMNED_MS, type ResultSize, type StoredResult, type WrittenResults } from "@memodag/result-cache";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";

const ROWS_A_STATEMENT = 200;

/** The notes of the metadata database. */
export class MetadataWrittenResults implements WrittenResults {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  async note(store: string, team: string, results: readonly ResultSize[]): Promise<Digest[]> {
    const { kysely, now } = this.#dialect;
    const sizes = new Map(results.map(({ digest, sizeBytes }) => [digest, sizeBytes]));
    // In one order, so that two writers of the same results wait for each other and never in a circle.
    const rows = [...sizes]
      .sort(([a], [b]) => compareEntryKeys(a, b))
      .map(([digest, size_bytes]) => ({ store, team, digest, size_bytes, written_at: now }));
    for (const some of chunksOf(rows, ROWS_A_STATEMENT)) {
      const noted = await kysely
        .insertInto("written_result")
        .values(some)
        .onConflict((conflict) =>
          conflict
            .columns(["store", "team", "digest"])
            .doUpdateSet((row) => ({
              written_at: now,
              size_bytes: row.ref("excluded.size_bytes"),
              condemned_at: null,
            }))
            .where((where) =>
              where.or([
                where("written_result.condemned_at", "is", null),
                where("written_result.condemned_at", "<=", sql<number>`${now} - ${sql.lit(CONDEMNED_MS)}`),
              ]),
            ),
        )
        .returning("digest")
        .execute();
      for (const { digest } of noted) sizes.delete(digest);
    }
    return [...sizes.keys()];
  }

  async *scan(store: string, limit: number): AsyncGenerator<readonly StoredResult[]> {
    const { kysely, now } = this.#dialect;
    const query = kysely
      .selectFrom("written_result")
      .select(["team", "digest", "size_bytes", sql<number>`${now} - written_at`.as("age_ms")])
      .where("store", "=", store)
      .where(this.#isAvailable())
      .orderBy("team")
      .orderBy("digest")
      .limit(limit);
    for (let page = query; ;) {
      const rows = await page.execute();
      if (rows.length > 0)
        yield rows.map(({ team, digest, size_bytes: sizeBytes, age_ms: ageMs }) => ({
          team,
          digest,
          sizeBytes,
          ageMs,
          isShown: false,
        }));
      const last = rows.at(-1);
      if (!last || rows.length < limit) return;
      page = query.where(sql<boolean>`(team, digest) > (${last.team}, ${last.digest})`);
    }
  }

  async findNoted(store: string, team: string, digests: readonly Digest[]): Promise<Set<Digest>> {
    const noted = new Set<Digest>();
    for (const some of chunksOf(digests, ROWS_A_STATEMENT)) {
      const rows = await this.#dialect.kysely
        .selectFrom("written_result")
        .select("digest")
        .where("store", "=", store)
        .where("team", "=", team)
        .where("digest", "in", some)
        .execute();
      for (const { digest } of rows) noted.add(digest);
    }
    return noted;
  }

  async condemn(
    store: string,
    team: string,
    digests: readonly Digest[],
    olderThanMs: number,
  ): Promise<ResultSize[]> {
    const { kysely, now } = this.#dialect;
    const condemned: ResultSize[] = [];
    for (const some of chunksOf(digests, ROWS_A_STATEMENT)) {
      const rows = await kysely
        .updateTable("written_result")
        .set({ condemned_at: now })
        .where("store", "=", store)
        .where("team", "=", team)
        .where("digest", "in", some)
        .where("written_at", "<=", sql<number>`${now} - ${sql.lit(olderThanMs)}`)
        .where(this.#isAvailable())
        .where((where) =>
          where.and([
            where.not(
              where.exists(
                where
                  .selectFrom("xcom")
                  .select(sql.lit(1).as("one"))
                  .whereRef("xcom.team", "=", "written_result.team")
                  .whereRef("xcom.stored_digest", "=", "written_result.digest")
                  // As in the index, which has those rows alone.
                  .where("xcom.store", "is not", null),
              ),
            ),
            where.not(
              where.exists(
                where
                  .selectFrom("cache_record_result")
                  .select(sql.lit(1).as("one"))
                  .whereRef("cache_record_result.team", "=", "written_result.team")
                  .whereRef("cache_record_result.digest", "=", "written_result.digest"),
              ),
            ),
          ]),
        )
        .returning(["digest", "size_bytes"])
        .execute();
      for (const { digest, size_bytes: sizeBytes } of rows) condemned.push({ digest, sizeBytes });
    }
    return condemned;
  }

  async forget(store: string, team: string, digests: readonly Digest[]): Promise<void> {
    for (const some of chunksOf(digests, ROWS_A_STATEMENT)) {
      await this.#dialect.kysely
        .deleteFrom("written_result")
        .where("store", "=", store)
        .where("team", "=", team)
        .where("digest", "in", some)
        // Not those that were written again since.
        .where("condemned_at", "is not", null)
        .execute();
    }
  }

  async adopt(store: string, found: readonly StoredResult[]): Promise<void> {
    const { kysely, now } = this.#dialect;
    const rows = found.map(({ team, digest, sizeBytes, ageMs }) => ({
      store,
      team,
      digest,
      size_bytes: sizeBytes,
      written_at: sql<number>`${now} - ${sql.lit(Math.round(ageMs))}`,
    }));
    for (const some of chunksOf(rows, ROWS_A_STATEMENT)) {
      await kysely
        .insertInto("written_result")
        .values(some)
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    }
  }

  /** The condition that nothing deletes a row's bytes at the moment. */
  #isAvailable() {
    return sql<boolean>`(condemned_at is null or condemned_at <= ${this.#dialect.now} - ${sql.lit(CONDEMNED_MS)})`;
  }
}
