// Renews leases of cache keys, on SQLite.

import type { KeyLease } from "@memodag/result-cache";
import { NOW_MS } from "./clock.ts";
import type { SqliteConnection } from "./connection.ts";

const RENEW = `
  update cache_lease set expires_at = (select ${NOW_MS}) + ?
  where expires_at > (select ${NOW_MS})
    and (team, key, token) in (select value ->> 0, value ->> 1, value ->> 2 from json_each(?))
  returning team, key`;

/** Renews the leases that are still held, in one statement; resolves to those. */
export async function renewLeases(
  connection: SqliteConnection,
  leases: readonly KeyLease[],
  leaseMs: number,
): Promise<Pick<KeyLease, "team" | "key">[]> {
  const json = JSON.stringify(leases.map(({ team, key, token }) => [team, key, token]));
  return await connection.exclusive(
    () => connection.statement(RENEW).all(leaseMs, json) as Pick<KeyLease, "team" | "key">[],
  );
}
