// Reads in pieces, so that a deadline can pass between them: SQLite blocks the thread while it reads.

import { setImmediate as nextTurn } from "node:timers/promises";
import type { SqliteConnection } from "./connection.ts";

const CHUNK = 500;

/**
 * Calls `read` with up to 500 keys at a time, letting timers run in between.
 * @throws the signal's reason, once it is aborted
 */
export async function inChunks(
  connection: SqliteConnection,
  keys: readonly string[],
  signal: AbortSignal | undefined,
  read: (chunk: readonly string[]) => void,
): Promise<void> {
  for (let start = 0; start < keys.length; start += CHUNK) {
    if (start > 0) await nextTurn();
    signal?.throwIfAborted();
    await connection.exclusive(() => read(keys.slice(start, start + CHUNK)));
  }
}
