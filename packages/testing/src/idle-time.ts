// Advances a test's clock to the next event when there is nothing else to do.

import { isTerminal, type TaskInstance } from "@memodag/core";
import type { InProcessExecutor } from "./in-process-executor.ts";
import type { ManualClock } from "@memodag/core/testing";

/** Watches one run. */
export class IdleTime {
  readonly #clock: ManualClock;
  readonly #executor: InProcessExecutor;
  /** Instances that have not ended, as last written. */
  readonly #open = new Map<string, TaskInstance>();
  #isChecking = false;

  constructor(clock: ManualClock, executor: InProcessExecutor) {
    this.#clock = clock;
    this.#executor = executor;
    executor.onSleep(() => this.#check());
  }

  /** Records the new state of an instance. */
  changed(instance: TaskInstance): void {
    const name = `${instance.mapIndex} ${instance.taskId}`;
    if (isTerminal(instance.state)) this.#open.delete(name);
    else this.#open.set(name, instance);
    this.#check();
  }

  #check(): void {
    if (this.#isChecking) return;
    this.#isChecking = true;
    setImmediate(() => {
      this.#isChecking = false;
      const next = this.#nextTime();
      if (next !== undefined) this.#clock.advanceTo(next);
    });
  }

  /** Returns the time at which the first instance continues, if all unfinished instances are waiting. */
  #nextTime(): number | undefined {
    let next: number | undefined;
    for (const { state, retryAt, attemptId } of this.#open.values()) {
      // It waits for a slot or for a key, and continues when another instance does.
      if (state === "scheduled") continue;
      const isWaiting = state === "up_for_retry" || state === "up_for_reschedule";
      const time = isWaiting ? retryAt : attemptId === null ? null : this.#executor.asleepUntil(attemptId);
      if (time === null) return undefined;
      next = Math.min(next ?? Infinity, time);
    }
    return next;
  }
}
