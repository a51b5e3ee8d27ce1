// Splits long computations into slices, so that timers and I/O are not delayed.

import { setImmediate as nextTurn } from "node:timers/promises";
import { monotonicMs } from "./clock.ts";

/** Tells when a slice of work has used up its time, and lets other work run. */
export class TimeSlice {
  readonly #sliceMs: number;
  #startedAt = monotonicMs();

  /** `sliceMs`: milliseconds of work per slice. */
  constructor(sliceMs = 3) {
    this.#sliceMs = sliceMs;
  }

  /** True if it is time to pause. Costs about 100 ns. */
  get isOver(): boolean {
    return monotonicMs() - this.#startedAt >= this.#sliceMs;
  }

  /** Lets timers and I/O run. */
  async pause(): Promise<void> {
    await nextTurn();
    this.#startedAt = monotonicMs();
  }
}

/** A computation that can be paused wherever it yields. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Runs the computation without pausing. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Runs the computation, letting timers and I/O run in between. */
export async function finishInSlices<T>(steps: Steps<T>, slice: TimeSlice): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (slice.isOver) await slice.pause();
  }
}
