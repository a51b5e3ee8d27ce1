// The tables of attempts that workers of other machines run, as Kysely sees them. The migrations make them.

import type { Generated } from "kysely";

/** An attempt that waits for a worker, has one, or has ended and is not settled. */
interface RemoteAttemptTable {
  attempt_id: string;
  team: string;
  dag_id: string;
  run_id: string;
  task_id: string;
  map_index: number;
  /** 1: the call of a callback, which no instance names. */
  is_callback: number;
  queue: string;
  priority: number;
  /** `waiting`, `started` or `ended`. */
  state: string;
  /** JSON of the order. */
  order_body: string;
  worker_id: string | null;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
  /** `worker` or `scheduler`; `null`: it has not ended. */
  ended_by: string | null;
  /** JSON of the error that it is to end with; `null`: it may go on. */
  cancel: string | null;
  /** `null`: it has not ended, or its outcome is in parts. */
  outcome: Uint8Array | null;
  /** The upload whose parts are the outcome. */
  outcome_upload: string | null;
}

/** A part of a large outcome, in the order of `place`. An upload that no attempt names is unfinished or was refused. */
interface OutcomePartTable {
  attempt_id: string;
  upload: string;
  place: number;
  bytes: Uint8Array;
}

/** A host that runs workers. */
interface WorkerHostTable {
  id: string;
  name: string;
  host: string;
  pid: number;
  /** JSON list. */
  queues: string;
  concurrency: number;
  version: string;
  node: string;
  token_id: string;
  registered_at: number;
  beat_at: number;
  /** When its link ended; `null`: it is there, or ended with a goodbye. */
  link_lost_at: number | null;
  /** `null`: it takes attempts. */
  drains_since: number | null;
}

/** A token that lets hosts in. */
interface WorkerTokenTable {
  id: string;
  name: string;
  secret_digest: string;
  /** JSON list; `null`: all. */
  queues: string | null;
  /** JSON list; `null`: all. */
  teams: string | null;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
}

/** A part of what an attempt on another machine printed. */
interface AttemptLogTable {
  id: Generated<number>;
  attempt_id: string;
  team: string;
  dag_id: string;
  run_id: string;
  task_id: string;
  map_index: number;
  try_number: number;
  from_byte: number;
  size_bytes: number;
  bytes: Uint8Array;
  written_at: number;
}

/** By name. */
export interface RemoteTables {
  remote_attempt: RemoteAttemptTable;
  outcome_part: OutcomePartTable;
  worker_host: WorkerHostTable;
  worker_token: WorkerTokenTable;
  attempt_log: AttemptLogTable;
}
