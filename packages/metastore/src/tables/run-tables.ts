// The tables of runs, as Kysely sees them. The migrations make them.

import type { Generated } from "kysely";

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
  /** How often it was changed manually. */
  hand_count: Generated<number>;
  /** A limit of its own, besides its Dag's. */
  max_active_runs: number | null;
  /** JSON; `null`: all tasks run. */
  selection: string | null;
  /** JSON; `null`: what its tasks say applies. */
  cache_limits: string | null;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
  processes_spawned: Generated<number>;
  lookups: Generated<number>;
  /** Bytes of entries that its tasks read from or wrote to byte stores. */
  bytes_moved: Generated<number>;
  lease_owner: string | null;
  lease_expires_at: number | null;
  /** When its XComs were removed; `null`: they are there. */
  xcoms_removed_at: number | null;
  /** Number of transactions that changed it or its instances. */
  revision: Generated<number>;
  /** The last revision that removed instances. */
  removal_revision: Generated<number>;
  /** Sums of its instances; `null` until it has ended. */
  hits: number | null;
  ran: number | null;
  failed: number | null;
  saved_ms: number | null;
  worked_ms: number | null;
}

/** A run that was removed, or whose XComs were. */
interface RemovedRunTable {
  id: Generated<number>;
  dag_run_id: number;
  team: string;
  dag_id: string;
  run_id: string;
  /** `run` or `xcoms`. */
  what: string;
  removed_at: number;
  /** 1: nothing of it is left. */
  is_drained: Generated<number>;
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
  /** A sentence, in rows of earlier versions alone. */
  cache_reason: string | null;
  cache_reason_code: string | null;
  /** JSON. */
  cache_reason_detail: string | null;
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
  /** How often in a row it was lost with its scheduler. */
  loss_count: number;
  /** Of its latest attempt. */
  worker: string | null;
  /** The revision of the run that last wrote it. */
  revision: number;
}

/** A task instance that is queued or running, and what it takes of its pool. */
interface ActiveTaskTable {
  dag_run_id: number;
  task_id: string;
  map_index: number;
  team: string;
  dag_id: string;
  pool: string;
  slots: number;
}

/** An XCom: a name for bytes of `result`, or for those that another store has. */
export interface XComTable {
  dag_run_id: number;
  task_id: string;
  map_index: number;
  key: string;
  team: string;
  /** Of bytes of `result`; `null` when another store has them. */
  digest: string | null;
  size_bytes: number;
  /** The other store; `null`: the bytes are in `result`. */
  store: string | null;
  /** The digest of bytes that the other store has. */
  stored_digest: string | null;
}

/** A callback that was not called yet. */
export interface OwedCallbackTable {
  id: string;
  dag_run_id: number;
  /** JSON of the instance and the report. */
  body: string;
  owner: string;
  expires_at: number;
  /** How often a call of it began that did not end. */
  begin_count: Generated<number>;
  created_at: number;
  /** The callback that has to be gone before; `null`: none. */
  after_id: string | null;
  /** The transaction whose rollback it is part of; `null`: none. */
  rolls_back: string | null;
}

/** How a transaction of a run ended. */
export interface RunTransactionTable {
  dag_run_id: number;
  transaction_id: string;
  state: string;
  reason: string | null;
  decided_at: number | null;
}

/** An instance that succeeded in a transaction that is not settled. */
export interface StagedMemberTable {
  dag_run_id: number;
  task_id: string;
  map_index: number;
  transaction_id: string;
  place: number;
  /** JSON; `null`: nothing is to be stored. */
  body: string | null;
  /** JSON of what its attempt did to entries; `null`: nothing. */
  saved: string | null;
}

/** A try of a task instance. */
export interface TaskAttemptTable {
  dag_run_id: number;
  task_id: string;
  map_index: number;
  try_number: number;
  ready_at: number | null;
  queued_at: number;
  started_at: number | null;
  ended_at: number | null;
  outcome: string | null;
  error_code: string | null;
  error_message: string | null;
  worker: string | null;
}

/** The sums of the tasks of a run that has ended. */
export interface RunSummaryTable {
  dag_run_id: number;
  /** JSON. */
  tasks: string;
}

/** The latest request of an instance to a person. */
export interface HumanRequestTable {
  dag_run_id: number;
  task_id: string;
  map_index: number;
  try_number: number;
  digest: string;
  /** Canonical JSON. */
  request: string;
  asked_at: number;
  timeout_ms: number | null;
  answered_at: number | null;
  /** JSON; `null` while it is open. */
  response: string | null;
}

/** By name. */
export interface RunTables {
  human_request: HumanRequestTable;
  dag_run: DagRunTable;
  removed_run: RemovedRunTable;
  task_instance: TaskInstanceTable;
  active_task: ActiveTaskTable;
  xcom: XComTable;
  owed_callback: OwedCallbackTable;
  run_transaction: RunTransactionTable;
  staged_member: StagedMemberTable;
  run_summary: RunSummaryTable;
  task_attempt: TaskAttemptTable;
}
