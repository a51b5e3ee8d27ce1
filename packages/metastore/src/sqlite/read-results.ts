// Reads bytes by digest, on SQLite.

import type { Digest } from "@memodag/core";
import type { StoreCallOptions } from "@memodag/result-cache";
import type { SqliteConnection } from "./connection.ts";
import { inChunks } from "./in-chunks.ts";

const READ = `
  select digest, bytes from result
  where team = ? and digest in (select value from json_each(?))`;

/** Reads results; see the result store. */
export async function readResults(
  connection: SqliteConnection,
  team: string,
  digests: readonly Digest[],
  { signal }: StoreCallOptions,
): Promise<Map<Digest, Uint8Array>> {
  const found = new Map<Digest, Uint8Array>();
  await inChunks(connection, digests, signal, (chunk) => {
    const rows = connection.statement(READ).raw().all(team, JSON.stringify(chunk)) as [string, Buffer][];
    for (const [digest, bytes] of rows) found.set(digest, bytes);
  });
  return found;
}
