// The records and results of [[stores]], for tasks that name them: each opened when it is first used.

import { LazyBackend, ByteResultStore, type RecordStore, type ResultStore } from "@memodag/result-cache";
import { BUILT_IN, loadBackendModule, moduleOfStore } from "./backend-modules.ts";
import type { ByteStores } from "./byte-stores.ts";
import { BACKEND_KEY, notedResults, openBackend, type BackendParts } from "./cache-backends.ts";

/** A store that the deployment has opened for all tasks. */
interface OpenedStores {
  readonly records: { readonly name: string; readonly store: RecordStore };
  readonly results: { readonly name: string; readonly store: ResultStore };
}

/** Records and results by the names of [[stores]]; calls of one that cannot be opened reject. */
export class NamedStores {
  readonly #parts: BackendParts;
  readonly #byteStores: ByteStores;
  readonly #common: OpenedStores;
  readonly #opened = new Map<string, LazyBackend>();

  /** @param byteStores which the caller closes, as it does `common` */
  constructor(parts: BackendParts, byteStores: ByteStores, common: OpenedStores) {
    this.#parts = parts;
    this.#byteStores = byteStores;
    this.#common = common;
  }

  records(name: string): RecordStore {
    const { records } = this.#common;
    if (name === records.name) return records.store;
    return this.#lazy(`records ${name}`, async () => {
      const choice = { name, stores: ["records"], key: BACKEND_KEY } as const;
      return await openBackend(choice, this.#parts);
    }).records;
  }

  results(name: string): ResultStore {
    const { results } = this.#common;
    if (name === results.name) return results.store;
    return this.#lazy(`results ${name}`, async () => {
      const bytes = await this.#findBytes(name);
      if (bytes !== "none") {
        const stored = new ByteResultStore(await this.#byteStores.open(name));
        const { written } = this.#parts.metadata;
        return {
          results: bytes === "noted" ? notedResults(stored, name, written) : stored,
          close: async () => undefined,
        };
      }
      return await openBackend({ name, stores: ["results"], key: BACKEND_KEY }, this.#parts);
    }).results;
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#opened.values(), (backend) => backend.close()));
    this.#opened.clear();
  }

  #lazy(key: string, open: ConstructorParameters<typeof LazyBackend>[0]): LazyBackend {
    const known = this.#opened.get(key) ?? new LazyBackend(open);
    this.#opened.set(key, known);
    return known;
  }

  /** `noted`: what it holds is noted, as listing it may be expensive. */
  async #findBytes(name: string): Promise<"listed" | "noted" | "none"> {
    const { config, projectDir } = this.#parts.loaded;
    const index = config.stores.findIndex((store) => store.name === name);
    const store = config.stores[index];
    if (!store || BUILT_IN.has(store.kind)) return "listed";
    const module = await loadBackendModule(moduleOfStore(store, index, ["results"]), projectDir);
    return module.openByteStore ? "noted" : "none";
  }
}
