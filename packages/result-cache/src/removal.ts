// How a key lost its record.

/** Why a record went. `evicted`: to keep the cache under its size. */
export type RemovalCause = "purged" | "expired" | "evicted" | "result_missing" | "integrity_failed";

/** How a key lost its record. */
export interface Removal {
  readonly cause: RemovalCause;
  /** Milliseconds since the Unix epoch, by the store's clock. */
  readonly removedAt: number;
}
