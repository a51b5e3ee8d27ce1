// Splits long computations into slices, so that timers and I/O are not delayed.

import { setImmediate as nextTurn } from "node:timers/promises";

/** Tells when a slice of work has used up its time, and lets other work run. */
export class Turns {
  readonly #turnMs: number;
  #startedAt = performance.now();

  /** `turnMs`: milliseconds of work per slice. */
  constructor(turnMs = 3) {
    this.#turnMs = turnMs;
  }

  /** True if it is time to pause. Costs about 50 ns. */
  get isOver(): boolean {
    return performance.now() - this.#startedAt >= this.#turnMs;
  }

  /** Lets timers and I/O run. */
  async pause(): Promise<void> {
    await nextTurn();
    this.#startedAt = performance.now();
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
export async function finishInTurns<T>(steps: Steps<T>, turns: Turns): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (turns.isOver) await turns.pause();
  }
}
