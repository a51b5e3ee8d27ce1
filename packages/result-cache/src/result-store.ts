// The result half of a cache backend: digest → bytes.

import type { Digest, OpenValue, OpenValueOptions } from "@memodag/core";
import type { StoreCallOptions } from "./record-store.ts";
import type { CollectableResults, ResultRetention } from "./retention-ports.ts";

/** Bytes and their sha256. */
export interface ResultBytes {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/** A result store that tasks name, by all the names that it has. */
export interface NamedResults {
  /** At least one. */
  readonly names: readonly string[];
  readonly results: ResultStore;
}

/**
 * Keeps bytes by digest, for each team apart. Does not check them: readers do. Any method
 * may throw; the cache turns that into a miss.
 */
export interface ResultStore {
  /** Bytes by digest; what is not there is not in the map. */
  read(
    team: string,
    digests: readonly Digest[],
    options?: StoreCallOptions,
  ): Promise<Map<Digest, Uint8Array>>;
  /** Opens bytes without reading them; undefined if they are not there. Absent: they can only be read whole. */
  open?(team: string, digest: Digest, options: OpenValueOptions): Promise<OpenValue | undefined>;
  /** Writing what is there already is no error. */
  write(team: string, results: readonly ResultBytes[], options?: StoreCallOptions): Promise<void>;
  delete(team: string, digests: readonly Digest[]): Promise<void>;
  /** For collecting and verifying, once; a backend without it is left alone by both. */
  retention?(): Promise<ResultRetention | undefined>;
  /** For collecting without a listing. Absent: by {@link retention}. */
  collectable?(): Promise<CollectableResults | undefined>;
}

/** How a store is collected; undefined if it cannot be. */
export async function collectableOf(store: ResultStore): Promise<CollectableResults | undefined> {
  return (await store.collectable?.()) ?? (await store.retention?.());
}
