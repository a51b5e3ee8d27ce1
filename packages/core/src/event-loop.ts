// Long work in turns, so that timers and I/O are not kept waiting by it.

import { setImmediate as nextTurn } from "node:timers/promises";

/** Tells when work has taken a turn's time, and lets others have theirs. */
export class Turns {
  readonly #turnMs: number;
  #startedAt = performance.now();

  /** `turnMs`: milliseconds of work before others get their turn. */
  constructor(turnMs = 3) {
    this.#turnMs = turnMs;
  }

  /** True when it is time to pause. Costs some 50 ns. */
  get isOver(): boolean {
    return performance.now() - this.#startedAt >= this.#turnMs;
  }

  /** Lets timers and I/O run. */
  async pause(): Promise<void> {
    await nextTurn();
    this.#startedAt = performance.now();
  }
}

/** Long work that can be paused wherever it yields. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Does the work without a pause. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Does the work, and lets timers and I/O run in between. */
export async function finishInTurns<T>(steps: Steps<T>, turns: Turns): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (turns.isOver) await turns.pause();
  }
}
