// The port of value caches: where values and the leases of their creators are kept.

/** Whose cache it is, and its name. Places share nothing. */
export interface ValuePlace {
  readonly team: string;
  readonly cache: string;
}

/** A value as it is stored: canonical JSON, bytes, or the JSON of an error that creating it threw. */
export type EncodedValue =
  | { readonly kind: "json" | "error"; readonly text: string }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array };

/** A stored value; an adapter does not judge its age. */
export interface StoredValue {
  readonly value: EncodedValue;
  /** Milliseconds since it was stored, by the store's clock. */
  readonly ageMs: number;
  /** Milliseconds for which it is current, from when it was stored; `null`: without end. */
  readonly ttlMs: number | null;
}

/** A value to store. */
export interface NewValue {
  readonly value: EncodedValue;
  readonly ttlMs: number | null;
  /** Milliseconds after which the store drops it, at least its `ttlMs`; `null`: never. */
  readonly keepMs: number | null;
}

/** The outcome of asking for the lease of a key. */
export type ValueClaim =
  /** `token` differs from that of every other lease of this key, ever. */
  { readonly kind: "acquired"; readonly token: number } | { readonly kind: "held"; readonly holder: string };

/** Names of the counters of each cache. */
export const VALUE_COUNTS = ["hits", "misses", "waits", "stale", "errors", "lostLeases"] as const;

/** How often each happened. */
export type ValueCounts = Readonly<Record<(typeof VALUE_COUNTS)[number], number>>;

/**
 * Keeps values and leases, by its own clock. Adapters decide nothing: who creates, who waits and what is current is
 * decided in `ValueCache`. Every change is one atomic step, so that any number of processes may call at once. Any
 * method may reject. The contract is exported as tests by `@memodag/value-cache/testing`.
 *
 * Keys are non-empty, well-formed strings of at most 1,024 UTF-8 bytes without control characters, and are apart to
 * the letter.
 */
export interface ValueAdapter {
  /** `process`: what is kept is seen by this process alone. */
  readonly scope: "process" | "all";
  /** Finds values that the store has not dropped, by key. */
  find(place: ValuePlace, keys: readonly string[]): Promise<ReadonlyMap<string, StoredValue>>;
  /**
   * Stores a value. With a token, only while the lease of the key is that token's and nothing was set, deleted or
   * cleared there since the lease was acquired; else `overtaken`, and nothing changes. Without one, the value
   * overtakes a creator that runs.
   */
  put(place: ValuePlace, key: string, value: NewValue, token: number | null): Promise<"stored" | "overtaken">;
  /** Drops a value, and overtakes a creator that makes it at the time. False when there was none. */
  delete(place: ValuePlace, key: string): Promise<boolean>;
  /**
   * Drops all values of a place, or those whose keys begin with `prefix`, and overtakes creators that make one of them.
   * Leases stay. Resolves to the number of values dropped.
   */
  clear(place: ValuePlace, prefix: string | undefined): Promise<number>;
  /** Takes the lease of a key if no one has it, or it has expired. */
  tryAcquire(place: ValuePlace, key: string, holder: string, leaseMs: number): Promise<ValueClaim>;
  /** Lets the lease last for `leaseMs` milliseconds from now; false when it is not that token's any more. */
  tryRenew(place: ValuePlace, key: string, token: number, leaseMs: number): Promise<boolean>;
  /** Frees the lease of that token; nothing happens when it is not that token's any more. */
  release(place: ValuePlace, key: string, token: number): Promise<void>;
  /**
   * Calls `wake` when the lease of the key may be free; returns a function that ends this. Calls may be missed, so
   * that waiters also ask from time to time.
   */
  onFreed?(place: ValuePlace, key: string, wake: () => void): () => void;
  /** Number of values that the store has not dropped. */
  size(place: ValuePlace): Promise<number>;
  /** Their keys, ordered by UTF-8 bytes, `limit` at most. */
  listKeys(place: ValuePlace, limit: number): Promise<string[]>;
  addCounts(place: ValuePlace, counts: ValueCounts): Promise<void>;
  readCounts(place: ValuePlace): Promise<ValueCounts>;
  /** May be called more than once. */
  close(): Promise<void>;
}

/** Nothing counted. */
export const NO_VALUE_COUNTS: ValueCounts = {
  hits: 0,
  misses: 0,
  waits: 0,
  stale: 0,
  errors: 0,
  lostLeases: 0,
};
