// Deletes bytes that nothing names, on SQLite.

import type { Digest } from "@memodag/core";
import type { SqliteConnection } from "./connection.ts";

const DELETE = `
  delete from result where team = ? and digest in (select value from json_each(?))
    and not exists (select 1 from xcom where xcom.team = result.team and xcom.digest = result.digest)
    and not exists (
      select 1 from cache_record_result as named
      where named.team = result.team and named.digest = result.digest)`;

/** Deletes results that no XCom and no record names; see the result store. */
export async function deleteResults(
  connection: SqliteConnection,
  team: string,
  digests: readonly Digest[],
): Promise<void> {
  await connection.transaction(() => connection.statement(DELETE).run(team, JSON.stringify(digests)));
}
