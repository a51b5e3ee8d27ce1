// Renews leases of cache keys, on PostgreSQL.

import type { KeyLease } from "@memodag/result-cache";
import { NOW_MS } from "./clock.ts";
import type { PostgresConnection } from "./connection.ts";

// In the order of their keys, as records are stored that compare the tokens of several leases: neither waits for the
// other in a circle.
const RENEW = `
  with held as materialized (
    select lease.team, lease.key
    from cache_lease as lease
      join unnest($1::text[], $2::text[], $3::bigint[]) as listed (team, key, token)
        on lease.team = listed.team and lease.key = listed.key and lease.token = listed.token
    where lease.expires_at > ${NOW_MS}
    order by lease.key, lease.team
    for update of lease)
  update cache_lease as lease set expires_at = ${NOW_MS} + $4
  from held
  where lease.team = held.team and lease.key = held.key
  returning lease.team, lease.key`;

/** Renews the leases that are still held, in one statement; resolves to those. */
export async function renewLeases(
  { pool }: PostgresConnection,
  leases: readonly KeyLease[],
  leaseMs: number,
): Promise<Pick<KeyLease, "team" | "key">[]> {
  const { rows } = await pool.query<Pick<KeyLease, "team" | "key">>({
    name: "renew_leases",
    text: RENEW,
    values: [
      leases.map(({ team }) => team),
      leases.map(({ key }) => key),
      leases.map(({ token }) => token),
      leaseMs,
    ],
  });
  return rows;
}
