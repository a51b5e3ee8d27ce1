// Deletes bytes that nothing names, on PostgreSQL.

import type { Digest } from "@memodag/core";
import { isForeignKeyViolation, type PostgresConnection } from "./connection.ts";

const DELETE = `
  delete from result where team = $1 and digest = any($2::text[])
    and not exists (select 1 from xcom where xcom.team = result.team and xcom.digest = result.digest)
    and not exists (
      select 1 from cache_record_result as named
      where named.team = result.team and named.digest = result.digest)`;

const ATTEMPTS = 5;

/**
 * Deletes results that no XCom and no record names; see the result store. An XCom that came while the
 * statement ran makes it fail as a whole; run again, it sees that XCom.
 */
export async function deleteResults(
  { pool }: PostgresConnection,
  team: string,
  digests: readonly Digest[],
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await pool.query({ name: "delete_results", text: DELETE, values: [team, digests] });
      return;
    } catch (error) {
      if (!isForeignKeyViolation(error) || attempt >= ATTEMPTS) throw error;
    }
  }
}
