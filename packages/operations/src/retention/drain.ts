// Deletes the rest of removed runs: rows in short transactions, and the logs on this machine.

import type { LoggedRun, LogStore, RunRetention } from "@memodag/core";
import { inPacedBatches } from "@memodag/result-cache";
import { addRemoved, NOTHING_REMOVED, type Removed } from "./removed.ts";

/** How rows are drained. */
export interface DrainOptions {
  /** Only of these runs. */
  readonly ids?: readonly number[] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How many times as long as a step the rest after it is. */
  readonly restsABatch?: number | undefined;
}

/** Rows of each kind that a step deletes at least. They lie next to one another: fewer take as long. */
const FEWEST_ROWS = 200;

/** Deletes rows of removed runs until none are left or the signal aborts. */
export async function drainRows(
  retention: RunRetention,
  { ids, signal, restsABatch }: DrainOptions,
): Promise<void> {
  const drain = async (limit: number): Promise<boolean> =>
    await retention.drain(Math.max(limit, FEWEST_ROWS), ids);
  await inPacedBatches(drain, signal, restsABatch);
}

/** Deletes logs of runs. */
export async function removeLogs(logs: LogStore, runs: readonly LoggedRun[]): Promise<Removed> {
  let removed = NOTHING_REMOVED;
  for (const run of runs) {
    const { count, sizeBytes } = await logs.remove(run);
    removed = addRemoved(removed, { logs: count, bytes: sizeBytes });
  }
  return removed;
}
