// The attempts that asked something through this process, so that what they hold here is freed when they have ended,
// wherever their end is recorded.

import {
  messageOf,
  type Attempt,
  type AttemptQueries,
  type Logger,
  type RemoteAttemptStore,
} from "@memodag/core";

/** Follows attempts to their end. */
export class AskedAttempts {
  readonly #attempts = new Map<string, Attempt>();
  readonly #store: RemoteAttemptStore;
  readonly #queries: AttemptQueries;
  readonly #log: Logger;

  constructor(store: RemoteAttemptStore, queries: AttemptQueries, log: Logger) {
    this.#store = store;
    this.#queries = queries;
    this.#log = log;
  }

  /** An attempt asks. */
  add(attempt: Attempt): void {
    this.#attempts.set(attempt.attemptId, attempt);
  }

  /** An attempt has ended. */
  ended(attemptId: string): void {
    const attempt = this.#attempts.get(attemptId);
    this.#attempts.delete(attemptId);
    if (attempt) this.#queries.attemptEnded?.(attempt);
  }

  /** Looks which ones have ended. Never rejects: what is missed now is seen the next time. */
  async look(): Promise<void> {
    const ids = [...this.#attempts.keys()];
    if (ids.length === 0) return;
    try {
      const statuses = await this.#store.statuses(ids);
      const running = new Set(
        statuses.filter(({ state }) => state === "started").map(({ attemptId }) => attemptId),
      );
      for (const id of ids) if (!running.has(id)) this.ended(id);
    } catch (error) {
      this.#log.warn("could not look which attempts have ended", { error: messageOf(error) });
    }
  }

  /** Ends all that is held here. */
  close(): void {
    for (const id of this.#attempts.keys()) this.ended(id);
  }
}
