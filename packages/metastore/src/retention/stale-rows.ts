// Collecting leases that are over and reports of circuit breakers, which processes leave that are killed.

import type { AgedStore, Amount } from "@memodag/result-cache";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";

const TABLES = {
  cache_lease: ["team", "key"],
  cache_breaker: ["scheduler"],
} as const;

/** Rows whose time has run out. A later lease has a greater token without them: it begins at the clock's time. */
export class StaleRows implements AgedStore {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  async amount(olderThanMs: number): Promise<Amount> {
    let count = 0;
    for (const table of Object.keys(TABLES) as (keyof typeof TABLES)[]) {
      const query = sql<{ rows: number }>`
        select count(*) as rows from ${sql.table(table)} where ${this.#isStale(table, olderThanMs)}`;
      count += (await query.execute(this.#dialect.kysely)).rows[0]?.rows ?? 0;
    }
    return { count, sizeBytes: 0 };
  }

  async deleteBatch(limit: number, olderThanMs: number): Promise<Amount> {
    let count = 0;
    for (const [table, key] of Object.entries(TABLES) as [keyof typeof TABLES, readonly string[]][]) {
      const columns = sql.join(key.map((name) => sql.ref(name)));
      const isStale = this.#isStale(table, olderThanMs);
      const { rows } = await sql`
        delete from ${sql.table(table)} where (${columns}) in (
          select ${columns} from ${sql.table(table)} where ${isStale} limit ${limit}) and ${isStale}
        returning 1 as one`.execute(this.#dialect.kysely);
      count += rows.length;
    }
    return { count, sizeBytes: 0 };
  }

  #isStale(table: keyof typeof TABLES, olderThanMs: number) {
    const { now } = this.#dialect;
    const isOver = sql`expires_at <= ${now} - ${sql.lit(olderThanMs)}`;
    return table === "cache_lease" ? sql`(${isOver} and token < ${now})` : isOver;
  }
}
