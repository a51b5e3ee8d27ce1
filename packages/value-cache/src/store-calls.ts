// Calls of an adapter: bounded in time, and left out for a while once several in a row have failed.

import {
  formatDuration,
  isOwnFault,
  MemodagError,
  messageOf,
  withinTimeout,
  type Clock,
} from "@memodag/core";

/** Failures in a row after which the store is left alone. */
const FAILURES = 3;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** Makes calls, and knows how the store is doing. */
export class StoreCalls {
  readonly #name: string;
  readonly #timeoutMs: number | undefined;
  readonly #clock: Clock;
  #failures = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #pausedUntil = 0;
  #lastMessage = "";

  /** @param timeoutMs `undefined`: the store is in this process, and its calls are made as they are */
  constructor(name: string, timeoutMs: number | undefined, clock: Clock) {
    this.#name = name;
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
  }

  /**
   * @param late called with what the store answers after its time
   * @throws MemodagError `cache_backend_failed`, and errors of the store that are the caller's own fault
   */
  async call<T>(work: () => Promise<T>, late?: (answer: T) => void): Promise<T> {
    const timeoutMs = this.#timeoutMs;
    if (timeoutMs === undefined) return await work();
    if (this.#clock.monotonic() < this.#pausedUntil) throw this.#failure(this.#lastMessage);
    let isLate = false;
    try {
      const answer = work();
      if (late) answer.then((value) => isLate && late(value)).catch(() => undefined);
      const value = await withinTimeout(answer, {
        clock: this.#clock,
        timeoutMs,
        late: () => {
          isLate = true;
          return new Error(`no answer within ${formatDuration(timeoutMs)}`);
        },
      });
      this.#failures = 0;
      this.#pauseMs = FIRST_PAUSE_MS;
      return value;
    } catch (error) {
      if (isOwnFault(error)) throw error;
      this.#noteFailure(messageOf(error));
      throw this.#failure(this.#lastMessage, error);
    }
  }

  #noteFailure(message: string): void {
    this.#lastMessage = message;
    this.#failures += 1;
    if (this.#failures < FAILURES) return;
    this.#pausedUntil = this.#clock.monotonic() + this.#pauseMs;
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
  }

  #failure(message: string, cause?: unknown): MemodagError {
    return new MemodagError(
      "cache_backend_failed",
      `the store of value cache "${this.#name}" does not work (${message}): check that it is up, and its URL`,
      { cause, fields: { cache: this.#name } },
    );
  }
}
