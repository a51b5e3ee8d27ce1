// The tables of the result cache, and of what bytes it shares with XComs, as Kysely sees them. The migrations make them.

import type { Generated } from "kysely";

/** Bytes by digest, for each team apart. */
interface ResultTable {
  team: string;
  digest: string;
  size_bytes: number;
  created_at: number;
  bytes: Uint8Array;
}

/** Bytes of any size, by name. They count once they are whole. */
interface ByteObjectTable {
  id: Generated<number>;
  team: string;
  name: string;
  size_bytes: number;
  sha256: string;
  is_whole: number;
  created_at: number;
}

/** A piece of such bytes. */
interface BytePieceTable {
  object_id: number;
  place: number;
  bytes: Uint8Array;
}

/** A record of the result cache. */
export interface CacheRecordTable {
  team: string;
  /** With its scope; see `storedKey`. */
  key: string;
  /** The scope that made it. */
  scope: Generated<string>;
  dag_id: string;
  task_id: string;
  source_hash: string;
  /** JSON. */
  components: string;
  /** JSON. */
  xcoms: string;
  /** Digest of the return value; empty when there is none. */
  result_digest: string;
  /** Bytes of all XComs together. */
  size_bytes: number;
  /** Of a remembered failure; `null`: a result is remembered. */
  error_code: string | null;
  error_message: string | null;
  producer_run_id: string;
  producer_map_index: number;
  producer_try_number: number;
  duration_ms: number;
  created_at: number;
  expires_at: number | null;
  last_hit_at: number | null;
  hit_count: Generated<number>;
  /** Results with other bytes that came while it was live, and the last of them. */
  differing_count: Generated<number>;
  differing_digest: string | null;
  differing_run_id: string | null;
  differing_at: number | null;
  /** See `sealRecord` of the result cache; `null`: from before there were seals. */
  seal: string | null;
  /** See `RecordSigner` of the result cache; `null`: it is not signed. */
  signature: string | null;
  /** JSON of the entries that a hit restores; `null`: none. */
  entries: string | null;
  /** How long any reader may use it; `null`: the readers' ttl decides. */
  valid_for_ms: number | null;
}

/** Which bytes of entries a record names. */
interface CacheRecordBlobTable {
  team: string;
  key: string;
  blob_id: number;
}

/** Bytes that a byte store holds and something names. */
interface BlobTable {
  id: Generated<number>;
  team: string;
  store: string;
  digest: string;
  size_bytes: number;
  name: string;
  /** When something last began to name them. */
  named_at: number;
}

/** Bytes that may be in a byte store and that nothing names. */
interface LooseBlobTable {
  team: string;
  store: string;
  name: string;
  delete_after: number;
}

/** Bytes of a result that may be in a store which is not listed. */
interface WrittenResultTable {
  store: string;
  team: string;
  digest: string;
  size_bytes: number;
  /** When they were last about to be written. */
  written_at: number;
  /** They are being deleted since then; `null`: they are not. */
  condemned_at: number | null;
}

/** An entry of a job cache. */
export interface CacheEntryTable {
  id: Generated<number>;
  team: string;
  cache: string;
  scope_id: string;
  key: string;
  /** `null`: it removes its key when it becomes visible. */
  blob_id: number | null;
  dag_run_id: number;
  task_id: string;
  map_index: number;
  attempt_id: string;
  /** 0: everyone sees it; 1: its attempt alone does; 2: others have its key, and its run may refer to its bytes. */
  is_pending: number;
  saved_at: number;
  ttl_ms: number | null;
  expires_at: number | null;
  /** When it was last read, where that matters; `null`: not since it was saved. */
  used_at: number | null;
}

/** Which bytes a record names. */
interface CacheRecordResultTable {
  team: string;
  digest: string;
  key: string;
}

/** Who may run a task for a key. A row stays where a later token could not be told to be later. */
interface CacheLeaseTable {
  team: string;
  key: string;
  token: number;
  holder: string;
  expires_at: number;
}

/** The cache's counters of a task; see `CacheCounts`. Durations are milliseconds. */
export interface CacheCounterTable {
  team: string;
  dag_id: string;
  task_id: string;
  hits: number;
  misses: number;
  unusable: number;
  populated: number;
  refreshes: number;
  uncacheable: number;
  lookup_timeouts: number;
  lookup_failures: number;
  put_failures: number;
  nondeterministic: number;
  stored_bytes: number;
  lookups: number;
  lookup_ms: number;
  lookup_max_ms: number;
  saved_ms: number;
}

/** Why an instance that asked the cache did not hit. */
export interface CacheDecisionTable {
  dag_run_id: number;
  task_id: string;
  map_index: number;
  team: string;
  dag_id: string;
  run_id: string;
  key: string;
  reason: string;
  detail: string | null;
  compared_with: string | null;
  compared_run_id: string | null;
  /** JSON. */
  changes: string;
  /** JSON. */
  components: string;
  decided_at: number;
}

/** The answer of a pure key function, as canonical JSON. */
interface CacheKeyMemoTable {
  team: string;
  memo: string;
  answer: string;
  used_at: number;
}

/** How a key lost its record. */
interface CacheRemovalTable {
  team: string;
  key: string;
  cause: string;
  removed_at: number;
}

/** A turn of the switch of the cache; the last holds. */
interface CacheSwitchTable {
  id: Generated<number>;
  is_enabled: number;
  reason: string | null;
  changed_by: string;
  changed_at: number;
}

/** A scheduler whose cache is not asked as usual. */
interface CacheBreakerTable {
  scheduler: string;
  state: string;
  since: number;
  error: string | null;
  expires_at: number;
}

/** A value of get-or-create. */
interface CacheValueTable {
  team: string;
  cache: string;
  key: string;
  kind: string;
  ttl_ms: number | null;
  stored_at: number;
  expires_at: number | null;
  body: Uint8Array;
}

/** Who creates a value. A row stays where a later token could not be told to be later. */
interface CacheValueLeaseTable {
  team: string;
  cache: string;
  key: string;
  token: number;
  holder: string;
  expires_at: number;
  /** The value was set, deleted or cleared since: the holder's is not stored. */
  is_overtaken: number;
}

/** Counters of a value cache. */
export interface CacheValueCounterTable {
  team: string;
  cache: string;
  hits: number;
  misses: number;
  waits: number;
  stale: number;
  errors: number;
  lost_leases: number;
}

/** By name. */
export interface CacheTables {
  result: ResultTable;
  byte_object: ByteObjectTable;
  byte_piece: BytePieceTable;
  cache_record: CacheRecordTable;
  cache_record_result: CacheRecordResultTable;
  cache_record_blob: CacheRecordBlobTable;
  blob: BlobTable;
  loose_blob: LooseBlobTable;
  written_result: WrittenResultTable;
  cache_entry: CacheEntryTable;
  cache_lease: CacheLeaseTable;
  cache_counter: CacheCounterTable;
  cache_decision: CacheDecisionTable;
  cache_key_memo: CacheKeyMemoTable;
  cache_removal: CacheRemovalTable;
  cache_switch: CacheSwitchTable;
  cache_breaker: CacheBreakerTable;
  cache_value: CacheValueTable;
  cache_value_lease: CacheValueLeaseTable;
  cache_value_counter: CacheValueCounterTable;
}
