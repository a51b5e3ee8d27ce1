// Deletes bytes that nothing names, on PostgreSQL.

import type { Digest } from "@memodag/core";
import type { Amount } from "@memodag/result-cache";
import { NOW_MS } from "./clock.ts";
import { isForeignKeyViolation, type PostgresConnection } from "./connection.ts";

const DELETE = `
  delete from result where team = $1 and digest = any($2::text[])
    and created_at <= ${NOW_MS} - $3::bigint
    and not exists (select 1 from xcom where xcom.team = result.team and xcom.digest = result.digest)
    and not exists (
      select 1 from cache_record_result as named
      where named.team = result.team and named.digest = result.digest)
  returning size_bytes`;

const ATTEMPTS = 5;

/**
 * Deletes results of that age that no XCom and no record names; see the result store. An XCom that came while the
 * statement ran makes it fail as a whole; run again, it sees that XCom.
 */
export async function deleteResults(
  { pool }: PostgresConnection,
  team: string,
  digests: readonly Digest[],
  olderThanMs: number,
): Promise<Amount> {
  for (let attempt = 1; ; attempt++) {
    try {
      const { rows } = await pool.query<{ size_bytes: number }>({
        name: "delete_results",
        text: DELETE,
        values: [team, digests, olderThanMs],
      });
      return { count: rows.length, sizeBytes: rows.reduce((sum, row) => sum + row.size_bytes, 0) };
    } catch (error) {
      if (!isForeignKeyViolation(error) || attempt >= ATTEMPTS) throw error;
    }
  }
}
