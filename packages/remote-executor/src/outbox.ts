// Attempts that are submitted together are written in one statement and published in one call.

import type { AttemptOrder, NewRemoteAttempt, RemoteAttemptStore } from "@memodag/core";
import type { DispatchNotice } from "./dispatch-engine.ts";

interface Waiting {
  readonly notice: DispatchNotice;
  readonly added: NewRemoteAttempt;
  readonly written: PromiseWithResolvers<void>;
}

/** Writes attempts to the database, then hands their notices on. */
export class Outbox {
  readonly #store: Pick<RemoteAttemptStore, "add">;
  readonly #publish: (notices: readonly DispatchNotice[]) => Promise<void>;
  readonly #underWay = new Set<Promise<void>>();
  #waiting: Waiting[] = [];

  constructor(
    store: Pick<RemoteAttemptStore, "add">,
    publish: (notices: readonly DispatchNotice[]) => Promise<void>,
  ) {
    this.#store = store;
    this.#publish = publish;
  }

  /** Resolves when the attempt is in the database. */
  async add(notice: DispatchNotice, order: AttemptOrder): Promise<void> {
    const written = Promise.withResolvers<void>();
    if (this.#waiting.length === 0) setImmediate(() => this.#flush());
    this.#waiting.push({ notice, added: { order, priority: notice.priority }, written });
    await written.promise;
  }

  /** Resolves when nothing is being written or published. */
  async close(): Promise<void> {
    this.#flush();
    await Promise.all(this.#underWay);
  }

  #flush(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length === 0) return;
    const sending = this.#send(batch);
    this.#underWay.add(sending);
    void sending.then(() => this.#underWay.delete(sending));
  }

  async #send(batch: readonly Waiting[]): Promise<void> {
    try {
      await this.#store.add(batch.map(({ added }) => added));
    } catch (error) {
      for (const { written } of batch) written.reject(error);
      return;
    }
    for (const { written } of batch) written.resolve();
    await this.#publish(batch.map(({ notice }) => notice));
  }
}
