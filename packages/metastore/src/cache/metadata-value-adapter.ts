// Values of get-or-create in the metadata database, and the leases of their creators. Times are by its clock.

import { chunksOf } from "@memodag/core";
import {
  NO_VALUE_COUNTS,
  type EncodedValue,
  type NewValue,
  type StoredValue,
  type ValueAdapter,
  type ValueClaim,
  type ValueCounts,
  type ValuePlace,
} from "@memodag/value-cache";
import { sql, type RawBuilder, type SqlBool } from "kysely";
import type { Dialect } from "../dialect.ts";
import { storableText } from "../storable-text.ts";
import type { CacheValueCounterTable } from "../tables/cache-tables.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";

const KEYS_A_STATEMENT = 500;
const SWEEP_EVERY_MS = 60_000;
const ROWS_A_SWEEP = 1_000;

const COUNT_COLUMNS = {
  hits: "hits",
  misses: "misses",
  waits: "waits",
  stale: "stale",
  errors: "errors",
  lostLeases: "lost_leases",
} as const satisfies Record<keyof ValueCounts, keyof CacheValueCounterTable>;

const COUNTS = Object.entries(COUNT_COLUMNS) as [
  keyof ValueCounts,
  (typeof COUNT_COLUMNS)[keyof ValueCounts],
][];

/** The adapter of value caches on the metadata database, which stays its owner's to close. */
export class MetadataValueAdapter implements ValueAdapter {
  readonly scope = "all";
  readonly #dialect: Dialect;
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  async find({ team, cache }: ValuePlace, keys: readonly string[]): Promise<Map<string, StoredValue>> {
    const { kysely, now } = this.#dialect;
    const found = new Map<string, StoredValue>();
    for (const some of chunksOf(keys, KEYS_A_STATEMENT)) {
      const rows = await kysely
        .selectFrom("cache_value")
        .select(["key", "kind", "ttl_ms", "body", sql<number>`${now} - stored_at`.as("age_ms")])
        .where("team", "=", team)
        .where("cache", "=", cache)
        .where("key", "in", some)
        .where(this.#isKept())
        .execute();
      for (const { key, kind, ttl_ms: ttlMs, body, age_ms: ageMs } of rows) {
        found.set(key, { value: toValue(kind, body), ttlMs, ageMs });
      }
    }
    return found;
  }

  async put(
    place: ValuePlace,
    key: string,
    value: NewValue,
    token: number | null,
  ): Promise<"stored" | "overtaken"> {
    await this.#sweep();
    return await this.#dialect.transaction(() => putValue(this.#dialect, place, key, value, token));
  }

  async delete(place: ValuePlace, key: string): Promise<boolean> {
    return await this.#dialect.transaction(() => deleteValue(this.#dialect, place, key, this.#isKept()));
  }

  async clear(place: ValuePlace, prefix: string | undefined): Promise<number> {
    return await this.#dialect.transaction(() => clearValues(this.#dialect, place, prefix, this.#isKept()));
  }

  /** One statement decides; tokens grow as those of other leases do. */
  async tryAcquire(
    { team, cache }: ValuePlace,
    key: string,
    holder: string,
    leaseMs: number,
  ): Promise<ValueClaim> {
    const { kysely, now } = this.#dialect;
    const name = storableText(holder);
    const expiresAt = sql<number>`${now} + ${sql.lit(leaseMs)}`;
    const fresh = { holder: name, expires_at: expiresAt, is_overtaken: 0 };
    for (;;) {
      const acquired = await kysely
        .insertInto("cache_value_lease")
        .values({ team, cache, key, token: now, ...fresh })
        .onConflict((conflict) =>
          conflict
            .columns(["team", "cache", "key"])
            .doUpdateSet({
              ...fresh,
              token: sql<number>`case when cache_value_lease.token >= ${now} then cache_value_lease.token + 1 else ${now} end`,
            })
            .where("cache_value_lease.expires_at", "<=", now),
        )
        .returning("token")
        .executeTakeFirst();
      if (acquired) return { kind: "acquired", token: acquired.token };
      const held = await kysely
        .selectFrom("cache_value_lease")
        .select("holder")
        .where("team", "=", team)
        .where("cache", "=", cache)
        .where("key", "=", key)
        .where("expires_at", ">", now)
        .executeTakeFirst();
      if (held) return { kind: "held", holder: held.holder };
      // It became free between the two statements: the next request may get it.
    }
  }

  async tryRenew({ team, cache }: ValuePlace, key: string, token: number, leaseMs: number): Promise<boolean> {
    const { kysely, now } = this.#dialect;
    const { numUpdatedRows } = await kysely
      .updateTable("cache_value_lease")
      .set({ expires_at: sql<number>`${now} + ${sql.lit(leaseMs)}` })
      .where("team", "=", team)
      .where("cache", "=", cache)
      .where("key", "=", key)
      .where("token", "=", token)
      .where("expires_at", ">", now)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  /** The row goes, unless the next token would not be greater without it. */
  async release({ team, cache }: ValuePlace, key: string, token: number): Promise<void> {
    const { kysely, now } = this.#dialect;
    const { numDeletedRows } = await kysely
      .deleteFrom("cache_value_lease")
      .where("team", "=", team)
      .where("cache", "=", cache)
      .where("key", "=", key)
      .where("token", "=", token)
      .where("token", "<", now)
      .executeTakeFirst();
    if (numDeletedRows > 0n) return;
    // Another token, so that nothing is stored under this one any more.
    await kysely
      .updateTable("cache_value_lease")
      .set({ token: sql<number>`token + 1`, holder: "", expires_at: now, is_overtaken: 1 })
      .where("team", "=", team)
      .where("cache", "=", cache)
      .where("key", "=", key)
      .where("token", "=", token)
      .executeTakeFirst();
  }

  async size({ team, cache }: ValuePlace): Promise<number> {
    const { count } = await this.#dialect.kysely
      .selectFrom("cache_value")
      .select(({ fn }) => fn.countAll<number>().as("count"))
      .where("team", "=", team)
      .where("cache", "=", cache)
      .where(this.#isKept())
      .executeTakeFirstOrThrow();
    return count;
  }

  async listKeys({ team, cache }: ValuePlace, limit: number): Promise<string[]> {
    const rows = await this.#dialect.kysely
      .selectFrom("cache_value")
      .select("key")
      .where("team", "=", team)
      .where("cache", "=", cache)
      .where(this.#isKept())
      .orderBy("key")
      .limit(limit)
      .execute();
    return rows.map(({ key }) => key);
  }

  async addCounts({ team, cache }: ValuePlace, counts: ValueCounts): Promise<void> {
    const columns = Object.fromEntries(COUNTS.map(([name, column]) => [column, counts[name]]));
    await this.#dialect.kysely
      .insertInto("cache_value_counter")
      .values({ team, cache, ...columns } as CacheValueCounterTable)
      .onConflict((conflict) =>
        conflict
          .columns(["team", "cache"])
          .doUpdateSet((update) =>
            Object.fromEntries(
              COUNTS.map(([, column]) => [
                column,
                update(`cache_value_counter.${column}`, "+", update.ref(`excluded.${column}`)),
              ]),
            ),
          ),
      )
      .execute();
  }

  async readCounts({ team, cache }: ValuePlace): Promise<ValueCounts> {
    const row = await this.#dialect.kysely
      .selectFrom("cache_value_counter")
      .selectAll()
      .where("team", "=", team)
      .where("cache", "=", cache)
      .executeTakeFirst();
    if (!row) return NO_VALUE_COUNTS;
    return Object.fromEntries(COUNTS.map(([name, column]) => [name, row[column]])) as ValueCounts;
  }

  async close(): Promise<void> {}

  #isKept(): RawBuilder<SqlBool> {
    return sql<SqlBool>`(expires_at is null or expires_at > ${this.#dialect.now})`;
  }

  /** Now and then, before a value is written: what has expired is found by nothing, and only takes room. */
  async #sweep(): Promise<void> {
    if (performance.now() - this.#sweptAt < SWEEP_EVERY_MS) return;
    this.#sweptAt = performance.now();
    const { kysely, now } = this.#dialect;
    for (const table of ["cache_value", "cache_value_lease"] as const) {
      await sql`delete from ${sql.table(table)} where (team, cache, key) in
        (select team, cache, key from ${sql.table(table)} where expires_at <= ${now} - ${sql.lit(SWEEP_EVERY_MS)}
         limit ${sql.lit(ROWS_A_SWEEP)})
        and expires_at <= ${now} - ${sql.lit(SWEEP_EVERY_MS)}`.execute(kysely);
    }
  }
}

/** The row of the lease is locked first, by all who change values: so they follow one another. */
function* putValue(
  { kysely, now }: Dialect,
  { team, cache }: ValuePlace,
  key: string,
  { value, ttlMs, keepMs }: NewValue,
  token: number | null,
): TransactionScript<"stored" | "overtaken"> {
  let lease = kysely
    .updateTable("cache_value_lease")
    .set({ is_overtaken: token === null ? 1 : 0 })
    .where("team", "=", team)
    .where("cache", "=", cache)
    .where("key", "=", key);
  if (token !== null) lease = lease.where("token", "=", token).where("is_overtaken", "=", 0);
  const held = yield* statement(lease.returning("token"));
  if (token !== null && held.length === 0) return "overtaken";
  const columns = {
    kind: value.kind,
    body: value.kind === "bytes" ? Buffer.from(value.bytes) : Buffer.from(value.text),
    ttl_ms: ttlMs,
    stored_at: now,
    expires_at: keepMs === null ? null : sql<number>`${now} + ${sql.lit(keepMs)}`,
  };
  yield* statement(
    kysely
      .insertInto("cache_value")
      .values({ team, cache, key, ...columns })
      .onConflict((conflict) => conflict.columns(["team", "cache", "key"]).doUpdateSet(columns)),
  );
  return "stored";
}

function* deleteValue(
  { kysely }: Dialect,
  { team, cache }: ValuePlace,
  key: string,
  isKept: RawBuilder<SqlBool>,
): TransactionScript<boolean> {
  yield* statement(
    kysely
      .updateTable("cache_value_lease")
      .set({ is_overtaken: 1 })
      .where("team", "=", team)
      .where("cache", "=", cache)
      .where("key", "=", key),
  );
  const deleted = yield* statement(
    kysely
      .deleteFrom("cache_value")
      .where("team", "=", team)
      .where("cache", "=", cache)
      .where("key", "=", key)
      .where(isKept)
      .returning("key"),
  );
  return deleted.length > 0;
}

function* clearValues(
  { kysely }: Dialect,
  { team, cache }: ValuePlace,
  prefix: string | undefined,
  isKept: RawBuilder<SqlBool>,
): TransactionScript<number> {
  // Compared as it is: a pattern would take some characters for others.
  const isMeant =
    prefix === undefined
      ? sql<SqlBool>`1 = 1`
      : sql<SqlBool>`key >= ${prefix} and substr(key, 1, ${sql.lit([...prefix].length)}) = ${prefix}`;
  yield* statement(
    kysely
      .updateTable("cache_value_lease")
      .set({ is_overtaken: 1 })
      .where("team", "=", team)
      .where("cache", "=", cache)
      .where(isMeant),
  );
  const [row] = yield* statement(
    kysely
      .selectFrom("cache_value")
      .select(({ fn }) => fn.countAll<number>().as("count"))
      .where("team", "=", team)
      .where("cache", "=", cache)
      .where(isMeant)
      .where(isKept),
  );
  yield* statement(
    kysely.deleteFrom("cache_value").where("team", "=", team).where("cache", "=", cache).where(isMeant),
  );
  return row?.count ?? 0;
}

function toValue(kind: string, body: Uint8Array): EncodedValue {
  if (kind === "bytes") return { kind, bytes: body };
  return { kind: kind === "error" ? "error" : "json", text: Buffer.from(body).toString() };
}
