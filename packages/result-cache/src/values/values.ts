// The values of XComs: each is in the store that its reference names.

import {
  MemodagError,
  digestOfBytes,
  messageOf,
  withCallTimeouts,
  type Clock,
  type Digest,
  type OpenValue,
  type OpenValueOptions,
  type ValueRef,
} from "@memodag/core";
import type { StoreCallOptions } from "../record-store.ts";
import type { ResultBytes, ResultStore } from "../result-store.ts";

type NamedStore = Pick<ResultStore, "read" | "open">;

/** The metadata database's values, and those of the stores that the config names. */
export interface ValuesParts {
  /** Where values are whose reference names no store. */
  readonly metadata: Pick<ResultStore, "read" | "write">;
  /** The store of that name; undefined when the config has none. */
  readonly storeNamed?: (name: string) => NamedStore | undefined;
  /** Limits how long a store may take. */
  readonly clock: Clock;
}

/**
 * Reads values wherever they are, and writes them into the metadata database. Its rejections are faults of the
 * infrastructure, never of a task, whatever a store throws.
 */
export class Values {
  readonly #parts: ValuesParts;
  readonly #metadata: ValuesParts["metadata"];
  /** The stores that values were read from, with timeouts. */
  readonly #named = new Map<NamedStore, NamedStore>();

  constructor(parts: ValuesParts) {
    this.#parts = parts;
    this.#metadata = withCallTimeouts(parts.metadata, "results", parts.clock);
  }

  /**
   * Values by digest; what is not there, or is not what it was, is not in the map.
   * @throws MemodagError `value_store_not_configured`, `value_store_failed`; what the database throws
   */
  async read(
    team: string,
    refs: Iterable<ValueRef>,
    options: StoreCallOptions = {},
  ): Promise<Map<Digest, Uint8Array>> {
    const found = new Map<Digest, Uint8Array>();
    for (const [store, wanted] of Map.groupBy(refs, (ref) => ref.store)) {
      const digests = [...new Set(wanted.map(({ digest }) => digest))].filter((digest) => !found.has(digest));
      if (digests.length === 0) continue;
      const read =
        store === null
          ? await this.#metadata.read(team, digests, options)
          : await this.#readNamed(store, team, digests, options);
      for (const [digest, bytes] of read) found.set(digest, bytes);
    }
    return found;
  }

  /**
   * Opens a value of a store without reading it; undefined if it is not there, or must be read whole. Its digest is not
   * checked.
   * @throws MemodagError `value_store_not_configured`, `value_store_failed`
   */
  async open(
    team: string,
    { store, digest }: ValueRef,
    options: OpenValueOptions,
  ): Promise<OpenValue | undefined> {
    if (store === null) return undefined;
    const named = this.#storeNamed(store);
    try {
      return await named.open?.(team, digest, options);
    } catch (error) {
      throw storeFailed(store, error);
    }
  }

  /**
   * Writes values into the metadata database, all in one transaction.
   * @throws MemodagError `result_not_storable` when the database refuses one of them, and would again
   */
  async write(team: string, values: readonly ResultBytes[]): Promise<void> {
    if (values.length > 0) await this.#metadata.write(team, values);
  }

  async #readNamed(
    name: string,
    team: string,
    digests: readonly Digest[],
    options: StoreCallOptions,
  ): Promise<Map<Digest, Uint8Array>> {
    const store = this.#storeNamed(name);
    let read: Map<Digest, Uint8Array>;
    try {
      read = await store.read(team, digests, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      throw storeFailed(name, error);
    }
    const sound = new Map<Digest, Uint8Array>();
    for (const [digest, bytes] of read) if ((await digestOfBytes(bytes)) === digest) sound.set(digest, bytes);
    return sound;
  }

  #storeNamed(name: string): NamedStore {
    const store = this.#parts.storeNamed?.(name);
    if (!store) throw notConfigured(name);
    const known = this.#named.get(store) ?? withCallTimeouts(store, name, this.#parts.clock);
    this.#named.set(store, known);
    return known;
  }
}

function storeFailed(name: string, error: unknown): MemodagError {
  return new MemodagError(
    "value_store_failed",
    `The store "${name}" failed while a value of a task was read (${messageOf(error)}): it is tried again; ` +
      "check that the store is up and that [task_cache] in the config says how to reach it",
    { cause: error, fields: { store: name } },
  );
}

function notConfigured(name: string): MemodagError {
  return new MemodagError(
    "value_store_not_configured",
    `A value of a task is in the store "${name}", which the config does not name: set [task_cache] ` +
      `${name === "database" ? "url to the database that it had" : `result_store = "${name}"`} ` +
      "until the runs that use it have ended",
    { fields: { store: name } },
  );
}
