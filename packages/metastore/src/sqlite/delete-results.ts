// Deletes bytes that nothing names, on SQLite.

import type { Digest } from "@memodag/core";
import type { Amount } from "@memodag/result-cache";
import { NOW_MS } from "./clock.ts";
import type { SqliteConnection } from "./connection.ts";

const DELETE = `
  delete from result where team = ? and digest in (select value from json_each(?))
    and created_at <= (select ${NOW_MS}) - ?
    and not exists (select 1 from xcom where xcom.team = result.team and xcom.digest = result.digest)
    and not exists (
      select 1 from cache_record_result as named
      where named.team = result.team and named.digest = result.digest)
  returning size_bytes`;

/** Deletes results of that age that no XCom and no record names; see the result store. */
export async function deleteResults(
  connection: SqliteConnection,
  team: string,
  digests: readonly Digest[],
  olderThanMs: number,
): Promise<Amount> {
  return await connection.bulkTransaction(() => {
    const sizes = connection
      .statement(DELETE)
      .pluck()
      .all(team, JSON.stringify(digests), olderThanMs) as number[];
    return { count: sizes.length, sizeBytes: sizes.reduce((sum, size) => sum + size, 0) };
  });
}
