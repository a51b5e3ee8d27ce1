// Deletes what removed runs have left: rows in short transactions, and the logs on this machine.

import type { LoggedRun, LogStore, RunRetention } from "@memodag/core";
import { inPacedBatches } from "@memodag/result-cache";
import { addRemoved, NOTHING_REMOVED, type Removed } from "./removed.ts";

/** Deletes rows of removed runs, of these or of all, until none are left or the signal aborts. */
export async function drainRows(
  retention: RunRetention,
  ids?: readonly number[],
  signal?: AbortSignal,
): Promise<void> {
  await inPacedBatches(async (limit) => await retention.drain(limit, ids), signal);
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
