// Waits for the end of a run, whoever brings it there.

import { setTimeout as sleep } from "node:timers/promises";
import { MemodagError, type Clock, type DagRun } from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { whenAborted } from "./when-aborted.ts";

/** How often the run is looked at, in milliseconds. */
const LOOK_EVERY_MS = 300;

/** How long a database may be away before an operation that waits gives up, in milliseconds. */
const AWAY_MS = 60_000;

/** Pauses between two tries, in milliseconds: doubled from the first to the last. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 3_000;

/** How a database that is away is waited for. */
export interface RideOutOptions {
  readonly clock: Pick<Clock, "monotonic">;
  /** Resolves after so many milliseconds. */
  readonly pause?: (ms: number) => Promise<unknown>;
  /** Is told, in a line, that the database is away, and that it answers again. */
  readonly note: (line: string) => void;
  /** Aborted when waiting is no longer wanted. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The outcome of reading, which is tried again while the database is away, as a scheduler does; says so once.
 * Rejects with what was wrong when it has been away for a minute. Only for what may be done twice.
 */
export async function rideOut<T>(
  read: () => Promise<T>,
  { clock, pause = sleep, note, signal }: RideOutOptions,
): Promise<T> {
  let awaySince: number | undefined;
  const orStopped = async <W>(work: Promise<W>): Promise<W> =>
    signal === undefined ? await work : await Promise.race([work, whenAborted(signal).then(interrupt)]);
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

/** How an operation waits for the database: its log is told. */
export function patience({ clock, log }: OperationContext, signal?: AbortSignal): RideOutOptions {
  return { clock, note: (line) => log.warn(line), signal };
}

/** Resolves with the run when it has ended, or as it stands once the signal is aborted. */
export async function whenEnded(
  context: OperationContext,
  run: DagRun,
  signal?: AbortSignal,
): Promise<DagRun> {
  const { runs } = context.stores;
  let latest = run;
  while (latest.endedAt === null && (await rest(signal))) {
    const found = await rideOut(() => runs.findRun(run.team, run.dagId, run.runId), patience(context));
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
