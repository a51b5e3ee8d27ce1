// Records why keys lost their records, in the metadata database.

import type { Digest } from "@memodag/core";
import type { AgedStore, Amount, Removal, RemovalCause } from "@memodag/result-cache";
import { sql, type RawBuilder } from "kysely";
import type { Dialect } from "../dialect.ts";
import { keyOfStored, storedKey } from "../rows/stored-key.ts";

/** Notes of removals. They are made where records are deleted, in the same transaction. */
export class RecordRemovals implements AgedStore {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** How keys of a team lost their records. */
  async find(team: string, scope: string, keys: readonly Digest[]): Promise<Map<Digest, Removal>> {
    if (keys.length === 0) return new Map();
    const rows = await this.#dialect.kysely
      .selectFrom("cache_removal")
      .select(["key", "cause", "removed_at"])
      .where("team", "=", team)
      .where(
        "key",
        "in",
        keys.map((key) => storedKey(scope, key)),
      )
      .execute();
    return new Map(
      rows.map((row) => [
        keyOfStored(row.key),
        { cause: row.cause as RemovalCause, removedAt: row.removed_at },
      ]),
    );
  }

  async amount(olderThanMs: number): Promise<Amount> {
    const { count } = await this.#dialect.kysely
      .selectFrom("cache_removal")
      .select((select) => select.fn.countAll<number>().as("count"))
      .where("removed_at", "<", this.#before(olderThanMs))
      .executeTakeFirstOrThrow();
    return { count, sizeBytes: 0 };
  }

  async deleteBatch(limit: number, olderThanMs: number): Promise<Amount> {
    const { numDeletedRows } = await this.#dialect.kysely
      .deleteFrom("cache_removal")
      .where((where) =>
        where(
          where.refTuple("team", "key"),
          "in",
          where
            .selectFrom("cache_removal")
            .select(["team", "key"])
            .where("removed_at", "<", this.#before(olderThanMs))
            .limit(limit)
            .$asTuple("team", "key"),
        ),
      )
      .executeTakeFirst();
    return { count: Number(numDeletedRows), sizeBytes: 0 };
  }

  #before(ms: number): RawBuilder<number> {
    return sql<number>`${this.#dialect.now} - ${sql.lit(ms)}`;
  }
}
