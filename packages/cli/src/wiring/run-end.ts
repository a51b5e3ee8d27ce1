// Waits for the end of a run, whoever brings it there.

import { setTimeout as sleep } from "node:timers/promises";
import { MemodagError, systemClock, type Clock, type DagRun, type RunStore } from "@memodag/core";
import { printNote } from "../output/print.ts";

/** How often the run is looked at, in milliseconds. */
const LOOK_EVERY_MS = 300;

/** How long a database may be away before a command that waits gives up, in milliseconds. */
const AWAY_MS = 60_000;

/** Pauses between two tries, in milliseconds: doubled from the first to the last. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 3_000;

/** How a command waits for a database. */
export interface RideOutOptions {
  readonly clock?: Pick<Clock, "monotonic">;
  /** Resolves after so many milliseconds. */
  readonly pause?: (ms: number) => Promise<unknown>;
  readonly note?: (line: string) => void;
  /** Resolves when whoever waits wants to wait no longer. */
  readonly stopped?: Promise<unknown>;
}

/**
 * The outcome of reading, which is tried again while the database is away, as a scheduler does; says so once.
 * Rejects with what was wrong when it has been away for a minute. Only for what may be done twice.
 */
export async function rideOut<T>(
  read: () => Promise<T>,
  { clock = systemClock, pause = sleep, note = printNote, stopped }: RideOutOptions = {},
): Promise<T> {
  let awaySince: number | undefined;
  const orStopped = async <W>(work: Promise<W>): Promise<W> =>
    stopped === undefined ? await work : await Promise.race([work, stopped.then(interrupt)]);
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      const value = await (awaySince === undefined ? read() : orStopped(read()));
      if (awaySince !== undefined) note("The database answers again.");
      return value;
    } catch (error) {
      const { findDatabaseFault } = await import("@memodag/metastore");
      const fault = findDatabaseFault(error);
      const now = clock.monotonic();
      if (fault?.code !== "database_failed" || now - (awaySince ?? now) >= AWAY_MS) throw error;
      if (awaySince === undefined) note(`${fault.message} (this command waits for it for up to a minute)`);
      awaySince ??= now;
      await orStopped(pause(pauseMs));
    }
  }
}

function interrupt(): never {
  throw new MemodagError(
    "run_interrupted",
    "Interrupted while the database was away: `memodag runs list` says, when it is back, what there is",
  );
}

/** Resolves with the run when it has ended, or as it stands once the signal says that nobody waits. */
export async function whenEnded(runs: RunStore, run: DagRun, signal?: AbortSignal): Promise<DagRun> {
  let latest = run;
  while (latest.endedAt === null && (await rest(signal))) {
    const found = await rideOut(() => runs.findRun(run.team, run.dagId, run.runId));
    if (found === undefined) throw new Error(`run ${run.runId} of ${run.dagId} is gone`);
    latest = found;
  }
  return latest;
}

/** True after a rest, false when the signal ended it. */
async function rest(signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await sleep(LOOK_EVERY_MS, undefined, { ...(signal && { signal }) });
    return true;
  } catch (error) {
    if (signal?.aborted) return false;
    throw error;
  }
}
