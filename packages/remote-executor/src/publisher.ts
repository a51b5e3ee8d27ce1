// Tells the queue of the attempts that no worker has, and tells it again what it has lost.

import { messageOf, type Clock, type Logger, type RemoteAttemptStore } from "@memodag/core";
import type { DispatchEngine, DispatchNotice } from "./dispatch-engine.ts";

/** How long a queue that was away is left alone, in milliseconds. */
const REST_MS = 2_000;
/** How long an attempt waits before its id is looked for in the queue, in milliseconds. */
const MISSED_AFTER_MS = 15_000;

/** Parts of a {@link Publisher}. */
export interface PublisherParts {
  readonly engine: DispatchEngine;
  readonly store: Pick<RemoteAttemptStore, "listWaiting">;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A queue that is away delays attempts, and nothing else: its errors are logged. */
export class Publisher {
  readonly #parts: PublisherParts;
  /** Of attempts that no worker is known to have. */
  readonly #notices = new Map<string, DispatchNotice>();
  #lookedAt = -Infinity;
  #isClosed = false;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /** An attempt waits for a worker. */
  add(notice: DispatchNotice): void {
    this.#notices.set(notice.attemptId, notice);
  }

  /** A worker has it, or none is to have it. */
  delete(attemptId: string): void {
    this.#notices.delete(attemptId);
  }

  /** Has the next call of {@link publishMissed} look at once. */
  lookSoon(): void {
    this.#lookedAt = -Infinity;
  }

  /** Takes an attempt back that no worker has taken. */
  withdraw(attemptId: string): void {
    const { engine, log } = this.#parts;
    const notice = this.#notices.get(attemptId);
    if (!notice) return;
    engine.withdraw([notice]).catch((error: unknown) => {
      // A worker that takes it is told that there is nothing to start.
      const fields = { attemptId, error: messageOf(error) };
      log.debug("an attempt could not be taken back from the queue", fields);
    });
  }

  /** Publishes again later if the queue is away. */
  async publish(notices: readonly DispatchNotice[]): Promise<void> {
    try {
      await this.#parts.engine.publish(notices);
    } catch (error) {
      this.#warn(error, notices.length);
      this.#parts.clock.after(REST_MS, () => {
        const missed = notices.filter(({ attemptId }) => this.#notices.has(attemptId));
        if (missed.length > 0 && !this.#isClosed) void this.publish(missed);
      });
    }
  }

  /** Publishes again what has waited for long and the queue does not know. @throws the database's error */
  async publishMissed(): Promise<void> {
    const { engine, store, clock } = this.#parts;
    const now = clock.monotonic();
    if (this.#notices.size === 0 || now - this.#lookedAt < MISSED_AFTER_MS) return;
    this.#lookedAt = now;
    const waiting = await store.listWaiting([...this.#notices.keys()], MISSED_AFTER_MS);
    if (waiting.length === 0) return;
    try {
      const known = await engine.listKnown(waiting);
      const missed = waiting.flatMap(({ attemptId }) => {
        const notice = this.#notices.get(attemptId);
        return notice && !known.has(attemptId) ? [notice] : [];
      });
      if (missed.length > 0) await engine.publish(missed);
    } catch (error) {
      this.#warn(error, waiting.length);
    }
  }

  close(): void {
    this.#isClosed = true;
  }

  #warn(error: unknown, attempts: number): void {
    const fields = { attempts, error: messageOf(error) };
    this.#parts.log.warn("attempts could not be put into the queue of the workers; trying again", fields);
  }
}
