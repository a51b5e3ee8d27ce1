// How a key lost its record.

/** Why a record went. `evicted`: to keep the cache under its size. */
export type RemovalCause =
  | "purged"
  | "expired"
  | "evicted"
  | "rechecked"
  | "result_missing"
  | "integrity_failed"
  /** The transaction that was to replace it was rolled back, and its callbacks may have undone what it refers to. */
  | "rolled_back";

/** How a key lost its record. */
export interface Removal {
  readonly cause: RemovalCause;
  /** Milliseconds since the Unix epoch, by the store's clock. */
  readonly removedAt: number;
}
