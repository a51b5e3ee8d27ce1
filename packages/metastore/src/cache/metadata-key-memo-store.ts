// Remembered answers of pure key functions in the metadata database.

import { chunksOf, type Digest, type KeyMemos } from "@memodag/core";
import type { AgedStore, Amount } from "@memodag/result-cache";
import { sql, type RawBuilder } from "kysely";
import type { Dialect } from "../dialect.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";

/** Rows of one statement at most: SQLite takes some 32,000 values. */
const ROWS_A_STATEMENT = 1_000;

/** Use is noted at most so often, in milliseconds: it decides what is collected after weeks. */
const NOTED_EVERY_MS = 86_400_000;

/** Keeps answers by team and memo, until they have not been used for long. */
export class MetadataKeyMemoStore implements KeyMemos, AgedStore {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  async find(team: string, memos: readonly Digest[]): Promise<ReadonlyMap<Digest, string>> {
    const { kysely } = this.#dialect;
    const found = new Map<Digest, string>();
    const unnoted: Digest[] = [];
    for (const some of chunksOf(memos, ROWS_A_STATEMENT)) {
      const rows = await kysely
        .selectFrom("cache_key_memo")
        .select(["memo", "answer", sql<number>`used_at < ${this.#before(NOTED_EVERY_MS)}`.as("is_old")])
        .where("team", "=", team)
        .where("memo", "in", some)
        .execute();
      for (const { memo, answer, is_old } of rows) {
        found.set(memo, answer);
        if (is_old) unnoted.push(memo);
      }
    }
    // In one order everywhere: two schedulers that note the same wait, and never in a circle.
    for (const some of chunksOf(unnoted.toSorted(), ROWS_A_STATEMENT)) {
      await kysely
        .updateTable("cache_key_memo")
        .set({ used_at: this.#dialect.now })
        .where("team", "=", team)
        .where("memo", "in", some)
        .execute();
    }
    return found;
  }

  async put(team: string, answers: ReadonlyMap<Digest, string>): Promise<void> {
    if (answers.size > 0) await this.#dialect.transaction(() => putAll(this.#dialect, team, answers));
  }

  async amount(olderThanMs: number): Promise<Amount> {
    const { count } = await this.#dialect.kysely
      .selectFrom("cache_key_memo")
      .select((select) => select.fn.countAll<number>().as("count"))
      .where("used_at", "<", this.#before(olderThanMs))
      .executeTakeFirstOrThrow();
    return { count, sizeBytes: 0 };
  }

  async deleteBatch(limit: number, olderThanMs: number): Promise<Amount> {
    const { numDeletedRows } = await this.#dialect.kysely
      .deleteFrom("cache_key_memo")
      .where((where) =>
        where(
          where.refTuple("team", "memo"),
          "in",
          where
            .selectFrom("cache_key_memo")
            .select(["team", "memo"])
            .where("used_at", "<", this.#before(olderThanMs))
            .limit(limit)
            .$asTuple("team", "memo"),
        ),
      )
      .executeTakeFirst();
    return { count: Number(numDeletedRows), sizeBytes: 0 };
  }

  #before(ms: number): RawBuilder<number> {
    return sql<number>`${this.#dialect.now} - ${sql.lit(ms)}`;
  }
}

function* putAll(
  { kysely, now }: Dialect,
  team: string,
  answers: ReadonlyMap<Digest, string>,
): TransactionScript<void> {
  const rows = Array.from(answers, ([memo, answer]) => ({ team, memo, answer, used_at: now })).sort((a, b) =>
    a.memo < b.memo ? -1 : 1,
  );
  for (const some of chunksOf(rows, ROWS_A_STATEMENT)) {
    yield* statement(
      kysely
        .insertInto("cache_key_memo")
        .values(some)
        .onConflict((conflict) => conflict.columns(["team", "memo"]).doNothing()),
    );
  }
}
