// A backend that is opened when it is first asked, and again after opening it failed: no process waits for
// a cache that is unreachable, or has to be restarted when it is back.

import {
  RECORD_STORE_METHODS,
  RESULT_STORE_METHODS,
  type OpenedBackend,
  type StoreName,
} from "./cache-backend.ts";
import type { RecordStore } from "./record-store.ts";
import type { ResultStore } from "./result-store.ts";

type Method = (...args: readonly unknown[]) => Promise<unknown>;

/** Stores whose calls reject with what opening rejects with. All calls share one attempt to open. */
export class LazyBackend {
  readonly records: RecordStore = this.#store("records", RECORD_STORE_METHODS) as unknown as RecordStore;
  readonly results: ResultStore = this.#store("results", RESULT_STORE_METHODS) as unknown as ResultStore;
  readonly #open: () => Promise<OpenedBackend>;
  #opening: Promise<OpenedBackend> | undefined;

  constructor(open: () => Promise<OpenedBackend>) {
    this.#open = open;
  }

  /** The backend, opened now if it has to be. */
  async opened(): Promise<OpenedBackend> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return await this.#opening;
  }

  /** Closes what was opened; what is being opened closes once it is. */
  async close(): Promise<void> {
    const opened = await this.#opening?.catch(() => undefined);
    await opened?.close();
  }

  #store(store: StoreName, methods: readonly string[]): Record<string, Method> {
    const forward =
      (name: string): Method =>
      async (...args) => {
        const target = (await this.opened())[store] as unknown as Record<string, Method>;
        return await target[name]?.(...args);
      };
    // Joint puts, opening, collecting, verifying and removals are for those who have them: without, the answer is that there
    // is none.
    const optional = ["putAll", "open", "retention", "collectable", "findRemovals"];
    return Object.fromEntries([...methods, ...optional].map((name) => [name, forward(name)]));
  }
}
