// Repeats what the API could not be asked, with growing pauses.

import type { Clock } from "@memodag/core";
import { ApiAway } from "./api-client.ts";

/** How long to go on. */
export interface Persistence {
  readonly clock: Clock;
  /** True: the last failure is thrown. */
  readonly isOver: () => boolean;
  /** Hears of each failure. */
  readonly onAway?: (error: ApiAway) => void;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/** Resolves to what `work` does. Repeats it while the API is away and it is not over. */
export async function persist<T>(work: () => Promise<T>, { clock, isOver, onAway }: Persistence): Promise<T> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ApiAway) || isOver()) throw error;
      onAway?.(error);
    }
    // Not all at once, after an outage.
    await pause(clock, pauseMs * (0.5 + Math.random() / 2));
  }
}

/** Resolves after so many milliseconds. */
export async function pause(clock: Clock, ms: number): Promise<void> {
  await new Promise<void>((resolve) => void clock.after(ms, resolve));
}
