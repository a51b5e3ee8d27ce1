// Failed instances of one run that will be tried again, and when.

import type { Clock } from "@memodag/core";
import type { ReadyInstance } from "./ready-instance.ts";

/** Milliseconds by which a timer may be early: it counts by another clock than the one that `retryAt` is of. */
const EARLY_MS = 1_000;

/** Instances that wait for their next attempt. */
export class Retries {
  readonly #clock: Clock;
  readonly #wake: () => void;
  #due: ReadyInstance[] = [];

  /** @param wake called when an instance is due */
  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** Lets an instance wait until `retryAt`, in milliseconds since the Unix epoch. */
  add(instance: ReadyInstance, retryAt: number): void {
    this.#clock.after(Math.max(0, retryAt - this.#clock.now()), () => {
      // No timer is longer than 24 days.
      if (retryAt - this.#clock.now() > EARLY_MS) {
        this.add(instance, retryAt);
        return;
      }
      this.#due.push(instance);
      this.#wake();
    });
  }

  /** Those that are due; each is given once. */
  takeDue(): ReadyInstance[] {
    return this.#due.splice(0);
  }
}
