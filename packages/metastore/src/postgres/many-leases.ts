// Renews and frees many leases of cache keys at once, on PostgreSQL.

import type { KeyLease } from "@memodag/result-cache";
import { NOW_MS } from "./clock.ts";
import type { PostgresConnection } from "./connection.ts";

/**
 * In the order of their keys, as records are stored that compare the tokens of several leases: neither waits for the other
 * in a circle.
 */
const held = (condition: string): string => `
  with held as materialized (
    select lease.team, lease.key
    from cache_lease as lease
      join unnest($1::text[], $2::text[], $3::bigint[]) as listed (team, key, token)
        on lease.team = listed.team and lease.key = listed.key and lease.token = listed.token
    where ${condition}
    order by lease.key, lease.team
    for update of lease)`;
const IS_HELD = "lease.team = held.team and lease.key = held.key";

const RENEW = `${held(`lease.expires_at > ${NOW_MS}`)}
  update cache_lease as lease set expires_at = ${NOW_MS} + $4
  from held where ${IS_HELD}
  returning lease.team, lease.key`;
// Rows go, unless the next token would not be greater without them.
const DELETE = `${held(`lease.token < ${NOW_MS}`)}
  delete from cache_lease as lease using held where ${IS_HELD}`;
const FREE = `${held("true")}
  update cache_lease as lease set holder = '', expires_at = ${NOW_MS}
  from held where ${IS_HELD}`;

/** Renews the leases that are still held, in one statement; resolves to those. */
export async function renewLeases(
  { pool }: PostgresConnection,
  leases: readonly KeyLease[],
  leaseMs: number,
): Promise<Pick<KeyLease, "team" | "key">[]> {
  const { rows } = await pool.query<Pick<KeyLease, "team" | "key">>({
    name: "renew_leases",
    text: RENEW,
    values: [...listed(leases), leaseMs],
  });
  return rows;
}

/** Frees the leases that are still held. */
export async function releaseLeases(
  { pool }: PostgresConnection,
  leases: readonly KeyLease[],
): Promise<void> {
  const values = listed(leases);
  const { rowCount } = await pool.query({ name: "delete_leases", text: DELETE, values });
  if ((rowCount ?? 0) < leases.length) await pool.query({ name: "free_leases", text: FREE, values });
}

function listed(leases: readonly KeyLease[]): unknown[] {
  return [leases.map(({ team }) => team), leases.map(({ key }) => key), leases.map(({ token }) => token)];
}
