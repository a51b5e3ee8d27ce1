// Reads bytes by digest, on PostgreSQL.

import type { Digest } from "@memodag/core";
import type { StoreCallOptions } from "@memodag/result-cache";
import { cancellableQuery } from "./cancellable.ts";
import type { PostgresConnection } from "./connection.ts";
import { inChunks } from "./in-chunks.ts";

const READ = "select digest, bytes from result where team = $1 and digest = any($2::text[])";

/** Reads results; see the result store. */
export async function readResults(
  connection: PostgresConnection,
  team: string,
  digests: readonly Digest[],
  { signal }: StoreCallOptions,
): Promise<Map<Digest, Uint8Array>> {
  const found = new Map<Digest, Uint8Array>();
  await inChunks(digests, async (chunk) => {
    const query = { name: "read_results", text: READ, values: [team, chunk] };
    for (const row of await cancellableQuery<ResultRow>(connection, query, signal)) {
      found.set(row.digest, row.bytes);
    }
  });
  return found;
}

interface ResultRow {
  readonly digest: string;
  readonly bytes: Buffer;
}
