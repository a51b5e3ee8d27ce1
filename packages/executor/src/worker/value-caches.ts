// The value caches of an attempt: opened by name, through its executor.

import { readJson, type JsonValue } from "@memodag/core";
import type { ValueCache } from "@memodag/value-cache";
import type { FoundAnswer, Question } from "../protocol.ts";

/** The value caches that a task has opened. */
export class WorkerValueCaches {
  readonly #ask: (question: Question) => Promise<FoundAnswer>;
  readonly #opening = new Map<string, Promise<ValueCache>>();
  readonly #open: ValueCache[] = [];

  constructor(ask: (question: Question) => Promise<FoundAnswer>) {
    this.#ask = ask;
  }

  /** @throws MemodagError `value_cache_not_found`, `question_unanswered` */
  async open(name: string): Promise<ValueCache> {
    const present = this.#opening.get(name);
    if (present) return await present;
    const opening = this.#openRemote(name);
    this.#opening.set(name, opening);
    return await opening;
  }

  /** Sends what was counted, before the outcome. Nothing waits for an answer: the process ends. */
  sendCounts(): void {
    for (const cache of this.#open) void cache.close();
  }

  /** The module is loaded when a task first asks for a value. */
  async #openRemote(cache: string): Promise<ValueCache> {
    const { openRemoteValueCache } = await import("@memodag/value-cache/remote");
    const opened = await openRemoteValueCache(cache, async (method, args) => {
      const { bytes } = await this.#ask({ kind: "value", cache, method, args });
      return bytes ? (readJson(bytes) as JsonValue) : undefined;
    });
    this.#open.push(opened);
    return opened;
  }
}
