// The cache of a task that names stores which it cannot have: the task runs, and its instance says why.

import { systemClock } from "@memodag/core";
import type { PlaceOutcome, StoreAllOutcome, StoreOutcome } from "./cache-lookup.ts";
import { PassLookup } from "./pass-lookup.ts";
import type { TaskCache } from "./result-caches.ts";
import type { StagedEntry } from "./staged-entry.ts";

/** Looks nothing up and stores nothing. */
export class RefusedCache implements TaskCache {
  readonly placesValues = false;
  readonly #reason: string;

  /** @param reason a sentence */
  constructor(reason: string) {
    this.#reason = reason;
  }

  openPass(): PassLookup {
    // Nothing is waited for, so no clock or deadline matters.
    return new PassLookup(async () => ({ kind: "left_alone", message: this.#reason }), systemClock, 1);
  }

  async place(): Promise<PlaceOutcome> {
    return { kind: "not_here" };
  }

  /** The status of the lookup stays. */
  async store(): Promise<StoreOutcome> {
    return { kind: "unwaited", message: this.#reason };
  }

  async storeAll(entries: readonly StagedEntry[]): Promise<StoreAllOutcome> {
    const outcome = await this.store();
    return { kind: "answered", outcomes: entries.map(() => outcome) };
  }

  /** There is nothing to remove. */
  async forget(): Promise<boolean> {
    return true;
  }

  countHits(): void {}

  async flush(): Promise<void> {}
}
