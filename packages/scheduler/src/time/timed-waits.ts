// Instances of one run that continue at a certain time: retries, and sensors that poke again.

import type { Clock } from "@memodag/core";
import type { ReadyInstance } from "../graph/ready-instance.ts";

/** Milliseconds by which a timer may be early: it uses a different clock than the one that tells the time. */
const EARLY_MS = 1_000;

/** Instances that wait until a time. */
export class TimedWaits {
  readonly #clock: Clock;
  readonly #wake: () => void;
  #due: ReadyInstance[] = [];
  #size = 0;

  /** @param wake called when an instance is due */
  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** The number that wait, or are due and have not been taken. */
  get size(): number {
    return this.#size;
  }

  /** Makes an instance wait until `time`, in milliseconds since the Unix epoch. */
  add(instance: ReadyInstance, time: number): void {
    this.#size += 1;
    this.#arm(instance, time);
  }

  /** The instances that are due; each is returned once. */
  takeDue(): ReadyInstance[] {
    this.#size -= this.#due.length;
    return this.#due.splice(0);
  }

  #arm(instance: ReadyInstance, time: number): void {
    this.#clock.after(Math.max(0, time - this.#clock.now()), () => {
      // A timer cannot be longer than 24 days.
      if (time - this.#clock.now() > EARLY_MS) {
        this.#arm(instance, time);
        return;
      }
      this.#due.push(instance);
      this.#wake();
    });
  }
}
