// Delivers attempts and cancellations to the executor, and repeats them while it is full or unreachable.

import {
  formatDuration,
  messageOf,
  type Attempt,
  type AttemptStatus,
  type Clock,
  type Executor,
  type Logger,
  type StoredError,
} from "@memodag/core";
import { Backoff } from "../time/backoff.ts";

export interface AttemptSenderParts {
  readonly executor: Executor;
  readonly clock: Clock;
  readonly log: Logger;
  /** False while nothing may start. */
  readonly maySubmit: () => boolean;
  /** The executor does not have this attempt and will not receive it. */
  readonly onUnsent: (attemptId: string, error: StoredError) => void;
  /** False when the end of an attempt is known or no longer relevant. */
  readonly isAwaited: (attemptId: string) => boolean;
}

/**
 * `new`: submitted once, not answered yet. `full`: the executor does not have it. `doubtful`: an answer is
 * missing, so the executor may have it.
 */
interface Sending {
  readonly attempt: Attempt;
  state: "new" | "full" | "doubtful";
  isUnderWay: boolean;
  cancelledBy: StoredError | null;
}

/** How long to wait after a failure of the executor, in milliseconds. */
const RESTS = { firstMs: 500, longestMs: 30_000 };

/** How long an executor may take to answer, in milliseconds. */
const LONGEST_ANSWER_MS = 60_000;

/** The error of attempts that no executor has when their scheduler stops. */
const STOPPED: StoredError = {
  code: "attempt_lost",
  message: "its scheduler stopped before an executor had capacity for it",
};

/** Repeats what an executor did not accept. No task fails because its executor is full or unreachable. */
export class AttemptSender {
  readonly #parts: AttemptSenderParts;
  readonly #sending = new Map<string, Sending>();
  readonly #faults: Backoff<string>;
  #isClosed = false;

  constructor(parts: AttemptSenderParts) {
    this.#parts = parts;
    this.#faults = new Backoff(parts.clock, RESTS);
  }

  /** True for an attempt that the executor may not have yet. */
  has(attemptId: string): boolean {
    return this.#sending.has(attemptId);
  }

  /** The number of attempts of a queue that have to be submitted again. */
  waiting(queue: string): number {
    let count = 0;
    for (const { attempt, state, isUnderWay } of this.#sending.values())
      if (attempt.queue === queue && state !== "new" && !isUnderWay) count += 1;
    return count;
  }

  /** Submits an attempt, repeatedly if necessary. */
  send(attempt: Attempt): void {
    const sending: Sending = { attempt, state: "new", isUnderWay: false, cancelledBy: null };
    this.#sending.set(attempt.attemptId, sending);
    void this.#submit(sending);
  }

  /** Submits attempts that the executor had no room for. */
  retry(): void {
    for (const sending of this.#sending.values()) if (sending.state === "full") void this.#submit(sending);
  }

  /** The executor reported an event of an attempt, so it has it. */
  heard(attemptId: string): void {
    const sending = this.#sending.get(attemptId);
    if (!sending) return;
    this.#drop(attemptId);
    if (sending.cancelledBy) void this.#cancel(attemptId, sending.cancelledBy);
  }

  /** Ends an attempt, whether the executor has it or not. */
  cancel(attemptId: string, error: StoredError): void {
    const sending = this.#sending.get(attemptId);
    if (!sending) void this.#cancel(attemptId, error);
    else if (sending.isUnderWay || sending.state === "doubtful") sending.cancelledBy ??= error;
    else this.#giveUp(attemptId, error);
  }

  /** Stops submitting an attempt, which belongs to another scheduler. */
  forget(attemptId: string): void {
    this.#drop(attemptId);
  }

  /** Asks the executor which attempts it has. */
  async adopt(attemptIds: readonly string[]): Promise<readonly AttemptStatus[]> {
    return await this.#answer(this.#parts.executor.adopt(attemptIds));
  }

  /** Lets the executor drop what it keeps of ended attempts. If that fails, it keeps it for longer. */
  async settle(attemptIds: readonly string[]): Promise<void> {
    try {
      await this.#answer(this.#parts.executor.settle(attemptIds));
    } catch (error) {
      this.#parts.log.warn("an executor could not forget attempts that have ended", {
        attempts: attemptIds.length,
        error: messageOf(error),
      });
    }
  }

  /** Submits nothing more. Attempts that the executor does not have end. */
  close(): void {
    this.#isClosed = true;
    for (const [attemptId, { state, isUnderWay }] of this.#sending) {
      if (isUnderWay) continue;
      // An executor that outlives this process may have it: the next holder of the run asks.
      if (state === "doubtful" && this.#parts.executor.outlives) this.#drop(attemptId);
      else this.#giveUp(attemptId, STOPPED);
    }
  }

  async #submit(sending: Sending): Promise<void> {
    const { executor, maySubmit } = this.#parts;
    const { attempt, state } = sending;
    const { attemptId } = attempt;
    if (sending.isUnderWay || (state !== "new" && !maySubmit())) return;
    sending.isUnderWay = true;
    let has: boolean;
    try {
      if (state === "doubtful" && sending.cancelledBy) {
        const [status] = await this.#answer(executor.adopt([attemptId]));
        has = status !== undefined && status.state !== "unknown";
      } else has = (await this.#answer(executor.submit(attempt))) === "accepted";
    } catch (error) {
      sending.isUnderWay = false;
      this.#repeat(sending, error);
      return;
    }
    sending.isUnderWay = false;
    if (this.#sending.get(attemptId) !== sending) return;
    const cancelledBy = sending.cancelledBy ?? (this.#isClosed ? STOPPED : null);
    if (has) this.heard(attemptId);
    else if (cancelledBy) this.#giveUp(attemptId, cancelledBy);
    else sending.state = "full";
  }

  #repeat(sending: Sending, error: unknown): void {
    const { attempt } = sending;
    if (this.#sending.get(attempt.attemptId) !== sending) return;
    sending.state = "doubtful";
    if (this.#isClosed) {
      this.#drop(attempt.attemptId);
      return;
    }
    const restMs = this.#faults.failed(attempt.attemptId);
    this.#parts.log.warn("an attempt could not be submitted to its executor; retrying", {
      ...fieldsOf(attempt),
      restMs,
      error: messageOf(error),
    });
    this.#submitAfter(restMs, sending);
  }

  #submitAfter(restMs: number, sending: Sending): void {
    this.#parts.clock.after(restMs, () => {
      if (this.#isClosed || this.#sending.get(sending.attempt.attemptId) !== sending) return;
      if (this.#parts.maySubmit() || sending.cancelledBy) void this.#submit(sending);
      else this.#submitAfter(restMs, sending);
    });
  }

  async #cancel(attemptId: string, error: StoredError): Promise<void> {
    const { executor, clock, log, isAwaited } = this.#parts;
    try {
      await this.#answer(executor.cancel(attemptId, error));
    } catch (fault) {
      if (!isAwaited(attemptId)) return;
      const restMs = this.#faults.failed(attemptId);
      log.warn("an attempt could not be ended; retrying", {
        attemptId,
        restMs,
        error: messageOf(fault),
      });
      clock.after(restMs, () => {
        if (isAwaited(attemptId)) void this.#cancel(attemptId, error);
      });
    }
  }

  #giveUp(attemptId: string, error: StoredError): void {
    this.#drop(attemptId);
    this.#parts.onUnsent(attemptId, error);
  }

  #drop(attemptId: string): void {
    this.#sending.delete(attemptId);
    this.#faults.forget(attemptId);
  }

  async #answer<T>(asked: Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>();
    const cancel = this.#parts.clock.after(LONGEST_ANSWER_MS, () =>
      late.reject(new Error(`the executor did not answer within ${formatDuration(LONGEST_ANSWER_MS)}`)),
    );
    try {
      return await Promise.race([asked, late.promise]);
    } finally {
      cancel();
    }
  }
}

function fieldsOf({ dagId, runId, taskId, mapIndex, tryNumber }: Attempt) {
  return { dagId, runId, taskId, mapIndex, tryNumber };
}
