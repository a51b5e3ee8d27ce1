// Renews and frees many leases of cache keys at once, on SQLite.

import type { KeyLease } from "@memodag/result-cache";
import { NOW_MS } from "./clock.ts";
import type { SqliteConnection } from "./connection.ts";

const LISTED = "(team, key, token) in (select value ->> 0, value ->> 1, value ->> 2 from json_each(?))";
const RENEW = `
  update cache_lease set expires_at = (select ${NOW_MS}) + ?
  where expires_at > (select ${NOW_MS}) and ${LISTED}
  returning team, key`;
// Rows go, unless the next token would not be greater without them.
const DELETE = `delete from cache_lease where token < (select ${NOW_MS}) and ${LISTED}`;
const FREE = `update cache_lease set holder = '', expires_at = (select ${NOW_MS}) where ${LISTED}`;

/** Renews the leases that are still held, in one statement; resolves to those. */
export async function renewLeases(
  connection: SqliteConnection,
  leases: readonly KeyLease[],
  leaseMs: number,
): Promise<Pick<KeyLease, "team" | "key">[]> {
  return await connection.exclusive(
    () => connection.statement(RENEW).all(leaseMs, listed(leases)) as Pick<KeyLease, "team" | "key">[],
  );
}

/** Frees the leases that are still held. */
export async function releaseLeases(
  connection: SqliteConnection,
  leases: readonly KeyLease[],
): Promise<void> {
  const json = listed(leases);
  await connection.transaction(() => {
    const { changes } = connection.statement(DELETE).run(json);
    if (changes < leases.length) connection.statement(FREE).run(json);
  });
}

function listed(leases: readonly KeyLease[]): string {
  return JSON.stringify(leases.map(({ team, key, token }) => [team, key, token]));
}
