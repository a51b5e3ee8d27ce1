// Leases of cache keys in the metadata database. Times are by its clock.

import type { Digest } from "@memodag/core";
import {
  DEFAULT_SCOPE,
  type KeyLease,
  type LeaseClaim,
  type LeaseStore,
  type LiveLease,
} from "@memodag/result-cache";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";
import { keyOfStored, scopeOfStored, storedKey } from "../rows/stored-key.ts";
import { storableText } from "../storable-text.ts";

/** The leases of one scope in the metadata database. */
export class MetadataLeaseStore implements LeaseStore {
  /** Records of the same connection compare tokens. */
  readonly database: unknown;
  readonly #dialect: Dialect;
  readonly #scope: string;

  constructor(dialect: Dialect, scope: string = DEFAULT_SCOPE) {
    this.#dialect = dialect;
    this.#scope = scope;
    this.database = dialect.kysely;
  }

  /**
   * One statement decides. Tokens count up within a row and begin at the clock's milliseconds, so that
   * they still grow when a row has been deleted in between.
   */
  async tryAcquire(team: string, key: Digest, holder: string, leaseMs: number): Promise<LeaseClaim> {
    const { kysely, now } = this.#dialect;
    const name = storableText(holder);
    const expiresAt = sql<number>`${now} + ${sql.lit(leaseMs)}`;
    for (;;) {
      const acquired = await kysely
        .insertInto("cache_lease")
        .values({ team, key: storedKey(this.#scope, key), token: now, holder: name, expires_at: expiresAt })
        .onConflict((conflict) =>
          conflict
            .columns(["team", "key"])
            .doUpdateSet({
              token: sql<number>`case when cache_lease.token >= ${now} then cache_lease.token + 1 else ${now} end`,
              holder: name,
              expires_at: expiresAt,
            })
            .where((where) =>
              where.or([where("cache_lease.expires_at", "<=", now), where("cache_lease.holder", "=", name)]),
            ),
        )
        .returning("token")
        .executeTakeFirst();
      if (acquired) return { kind: "acquired", token: acquired.token };
      const held = await kysely
        .selectFrom("cache_lease")
        .select("holder")
        .where("team", "=", team)
        .where("key", "=", storedKey(this.#scope, key))
        .where("expires_at", ">", now)
        .executeTakeFirst();
      if (held) return { kind: "held", holder: held.holder };
      // It became free between the two statements: the next request may get it.
    }
  }

  async tryRenew(team: string, key: Digest, token: number, leaseMs: number): Promise<boolean> {
    const { kysely, now } = this.#dialect;
    const { numUpdatedRows } = await kysely
      .updateTable("cache_lease")
      .set({ expires_at: sql<number>`${now} + ${sql.lit(leaseMs)}` })
      .where("team", "=", team)
      .where("key", "=", storedKey(this.#scope, key))
      .where("token", "=", token)
      .where("expires_at", ">", now)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  async renewAll(leases: readonly KeyLease[], leaseMs: number): Promise<boolean[]> {
    const stored = this.#stored(leases);
    const renewed = new Set((await this.#dialect.renewLeases(stored, leaseMs)).map(nameOf));
    return stored.map((lease) => renewed.has(nameOf(lease)));
  }

  /** The row goes, unless the next token would not be greater without it. */
  async release(team: string, key: Digest, token: number): Promise<void> {
    const { kysely, now } = this.#dialect;
    const { numDeletedRows } = await kysely
      .deleteFrom("cache_lease")
      .where("team", "=", team)
      .where("key", "=", storedKey(this.#scope, key))
      .where("token", "=", token)
      .where("token", "<", now)
      .executeTakeFirst();
    if (numDeletedRows > 0n) return;
    await kysely
      .updateTable("cache_lease")
      .set({ holder: "", expires_at: now })
      .where("team", "=", team)
      .where("key", "=", storedKey(this.#scope, key))
      .where("token", "=", token)
      .executeTakeFirst();
  }

  async releaseAll(leases: readonly KeyLease[]): Promise<void> {
    await this.#dialect.releaseLeases(this.#stored(leases));
  }

  async list(team?: string): Promise<LiveLease[]> {
    const { kysely, now } = this.#dialect;
    const rows = await kysely
      .selectFrom("cache_lease")
      .select(["team", "key", "holder", "expires_at"])
      .where("expires_at", ">", now)
      .$if(team !== undefined, (query) => query.where("team", "=", team ?? ""))
      .execute();
    return rows
      .filter(({ key }) => scopeOfStored(key) === this.#scope)
      .map(({ expires_at, key, ...lease }) => ({ ...lease, key: keyOfStored(key), expiresAt: expires_at }));
  }

  /** The row stays, so that the next token is greater. */
  async tryRevoke(team: string, key: Digest): Promise<boolean> {
    const { kysely, now } = this.#dialect;
    const { numUpdatedRows } = await kysely
      .updateTable("cache_lease")
      .set({ token: sql<number>`token + 1`, holder: "", expires_at: now })
      .where("team", "=", team)
      .where("key", "=", storedKey(this.#scope, key))
      .where("expires_at", ">", now)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  #stored(leases: readonly KeyLease[]): KeyLease[] {
    return leases.map((lease) => ({ ...lease, key: storedKey(this.#scope, lease.key) }));
  }
}

function nameOf({ team, key }: Pick<KeyLease, "team" | "key">): string {
  return JSON.stringify([team, key]);
}
