// The tables as Kysely sees them. The migrations make them; this only names what is there.

import type { Generated } from "kysely";

/** A Dag file as last processed. */
export interface DagFileTable {
  bundle: string;
  path: string;
  team: string;
  fingerprint: string;
  inputs: string;
  /** JSON; `null` when the file was read. */
  error: string | null;
  /** JSON list of texts. */
  warnings: string;
  processed_at: number;
}

/** The code of a Dag file, bundled. */
export interface DagArtifactTable {
  digest: string;
  code: Uint8Array;
  created_at: number;
}

/** Every content that a Dag has had. */
export interface DagVersionTable {
  id: Generated<number>;
  team: string;
  dag_id: string;
  digest: string;
  /** JSON of the serialized Dag. */
  dag: string;
  artifact_digest: string;
  bundle: string;
  path: string;
  schedule: string | null;
  /** JSON list of texts. */
  tags: string;
  task_count: number;
  max_active_runs: number;
  created_at: number;
}

/** A Dag by name; inactive when no file defines it any more. */
export interface DagTable {
  team: string;
  dag_id: string;
  bundle: string;
  path: string;
  version_id: number;
  is_paused: Generated<number>;
  is_active: Generated<number>;
  /** The version that the schedule was planned for; see `DueDag`. */
  planned_version_id: number | null;
  next_date: number | null;
  last_date: number | null;
}

/** A run and its lease. */
export interface DagRunTable {
  id: Generated<number>;
  team: string;
  dag_id: string;
  run_id: string;
  run_type: string;
  dag_version_id: number;
  state: string;
  logical_date: number | null;
  data_interval_start: number | null;
  data_interval_end: number | null;
  /** JSON. */
  conf: string;
  /** JSON. */
  params: string;
  cache_mode: string;
  /** Which try of which task made it; `null`: none did. */
  made_by: string | null;
  /** How often somebody changed it by hand. */
  hand_count: Generated<number>;
  /** A limit of its own, besides its Dag's. */
  max_active_runs: number | null;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
  processes_spawned: Generated<number>;
  lookups: Generated<number>;
  lease_owner: string | null;
  lease_expires_at: number | null;
}

/** A task instance. */
export interface TaskInstanceTable {
  dag_run_id: number;
  task_id: string;
  map_index: number;
  state: string;
  try_number: number;
  max_tries: number;
  attempt_id: string | null;
  cache_status: string | null;
  cache_reason: string | null;
  cache_key: string | null;
  producer_run_id: string | null;
  producer_map_index: number | null;
  producer_try_number: number | null;
  started_at: number | null;
  ended_at: number | null;
  duration_ms: number | null;
  saved_ms: number | null;
  retry_at: number | null;
  waiting_since: number | null;
  error_code: string | null;
  error_message: string | null;
}

/** A task instance that is queued or running, and what it takes of its pool. */
export interface ActiveTaskTable {
  dag_run_id: number;
  task_id: string;
  map_index: number;
  team: string;
  dag_id: string;
  pool: string;
  slots: number;
}

/** An XCom: a name for bytes of `result`. */
export interface XComTable {
  dag_run_id: number;
  task_id: string;
  map_index: number;
  key: string;
  team: string;
  digest: string;
  size_bytes: number;
}

/** Bytes by digest, for each team apart. */
export interface ResultTable {
  team: string;
  digest: string;
  size_bytes: number;
  created_at: number;
  bytes: Uint8Array;
}

/** A record of the result cache. */
export interface CacheRecordTable {
  team: string;
  key: string;
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
}

/** What the cache did for a task; see `CacheCounts`. Durations are milliseconds. */
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

/** Which bytes a record names. */
export interface CacheRecordResultTable {
  team: string;
  digest: string;
  key: string;
}

/** Who may run a task for a key. A row stays where a later token could not be told to be later. */
export interface CacheLeaseTable {
  team: string;
  key: string;
  token: number;
  holder: string;
  expires_at: number;
}

/** Something that somebody did. */
export interface AuditEntryTable {
  id: Generated<number>;
  at: number;
  actor_kind: string;
  actor: string;
  host: string;
  action: string;
  team: string | null;
  /** JSON. */
  filter: string;
}

/** How it ended. */
export interface AuditOutcomeTable {
  entry_id: number;
  at: number;
  affected: number | null;
  error: string | null;
}

/** A turn of the switch of the cache; the last holds. */
export interface CacheSwitchTable {
  id: Generated<number>;
  is_enabled: number;
  reason: string | null;
  changed_by: string;
  changed_at: number;
}

/** A scheduler whose cache is not asked as usual. */
export interface CacheBreakerTable {
  scheduler: string;
  state: string;
  since: number;
  error: string | null;
  expires_at: number;
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

/** How a key lost its record. */
export interface CacheRemovalTable {
  team: string;
  key: string;
  cause: string;
  removed_at: number;
}

/** What a source hash is made of. */
export interface TaskSourceTable {
  team: string;
  source_hash: string;
  mode: string;
  /** JSON. */
  components: string;
  created_at: number;
}

/** A callback that nobody has called yet. */
export interface OwedCallbackTable {
  id: string;
  dag_run_id: number;
  /** JSON of the instance and the report. */
  body: string;
  owner: string;
  expires_at: number;
  created_at: number;
}

/** All tables. */
export interface Schema {
  audit_entry: AuditEntryTable;
  audit_outcome: AuditOutcomeTable;
  cache_counter: CacheCounterTable;
  cache_decision: CacheDecisionTable;
  active_task: ActiveTaskTable;
  cache_breaker: CacheBreakerTable;
  cache_lease: CacheLeaseTable;
  cache_record: CacheRecordTable;
  cache_record_result: CacheRecordResultTable;
  cache_removal: CacheRemovalTable;
  cache_switch: CacheSwitchTable;
  dag: DagTable;
  dag_artifact: DagArtifactTable;
  dag_file: DagFileTable;
  dag_run: DagRunTable;
  dag_version: DagVersionTable;
  owed_callback: OwedCallbackTable;
  result: ResultTable;
  task_instance: TaskInstanceTable;
  task_source: TaskSourceTable;
  xcom: XComTable;
}
