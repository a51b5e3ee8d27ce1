// Rows that hits put into job caches.

/** A key that a hit restores, and its bytes. */
export interface RestoredRow {
  readonly key: string;
  readonly blobId: number;
  readonly ttlMs: number | null;
}
