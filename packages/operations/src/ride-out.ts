// Waits for a database that is unreachable for a while.

import { setTimeout as sleep } from "node:timers/promises";
import { MemodagError, type Clock } from "@memodag/core";
import { findDatabaseFault } from "@memodag/metastore/faults";
import type { OperationContext } from "./context.ts";
import { whenAborted } from "./when-aborted.ts";

/** How long a database may be unreachable before a waiting operation gives up, in milliseconds. */
const AWAY_MS = 60_000;

/** Pauses between retries, in milliseconds: doubled from the first to the last. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 3_000;

/** How to wait for an unreachable database. */
export interface RideOutOptions {
  readonly clock: Pick<Clock, "monotonic">;
  /** Resolves after `ms` milliseconds. */
  readonly pause?: (ms: number) => Promise<unknown>;
  /** Called with a line when the database becomes unreachable, and when it answers again. */
  readonly note: (line: string) => void;
  /** Aborted to stop waiting. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Performs a read, repeated while the database is unreachable, as a scheduler does; reports it once. Rejects
 * with the error when it has been unreachable for a minute. Only for idempotent work.
 */
export async function rideOut<T>(
  read: () => Promise<T>,
  { clock, pause = (ms) => sleep(ms), note, signal }: RideOutOptions,
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
    "Interrupted while the database was unreachable: `memodag runs list` shows the runs once it is back",
  );
}

/** The way an operation waits for the database: reports to its log. */
export function patience({ clock, log }: OperationContext, signal?: AbortSignal): RideOutOptions {
  return { clock, note: (line) => log.warn(line), signal };
}
