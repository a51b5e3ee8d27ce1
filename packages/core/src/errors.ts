// The error class of memodag: a stable code, typed fields, and a message that ends with how to fix it.

/** Stable, machine-readable codes of all errors that a user or operator can cause. */
export type ErrorCode =
  | "actor_invalid"
  | "artifact_damaged"
  | "artifact_not_found"
  | "attempt_lost"
  | "backfill_invalid"
  | "branch_invalid"
  | "bytes_refused"
  | "cache_backend_failed"
  | "cache_key_ambiguous"
  | "cache_key_not_found"
  | "callback_failed"
  | "command_not_started"
  | "conf_invalid"
  | "config_invalid"
  | "config_not_found"
  | "cursor_invalid"
  | "context_unavailable"
  | "dag_ambiguous"
  | "dag_file_invalid"
  | "dag_invalid"
  | "dag_not_found"
  | "dag_paused"
  | "dag_run_exists"
  | "dag_run_failed"
  | "dag_run_not_found"
  | "database_failed"
  | "database_newer"
  | "database_not_migrated"
  | "database_read_only"
  | "database_unreachable"
  | "disk_failed"
  | "duration_invalid"
  | "map_not_a_list"
  | "map_too_long"
  | "max_active_runs_reached"
  | "pool_not_found"
  | "question_unanswered"
  | "result_not_storable"
  | "run_cancelled"
  | "run_ended"
  | "run_interrupted"
  | "run_not_loadable"
  | "secret_key_invalid"
  | "sensor_answer_invalid"
  | "sensor_timeout"
  | "size_invalid"
  | "state_set"
  | "task_exited"
  | "task_failed"
  | "task_heartbeat_lost"
  | "task_killed"
  | "task_not_found"
  | "task_out_of_memory"
  | "task_skipped"
  | "task_timeout"
  | "usage"
  | "value_not_json"
  | "value_store_failed"
  | "value_store_not_configured"
  | "value_too_large"
  | "variable_not_found"
  | "worker_failed"
  | "worker_lost"
  | "xcom_key_invalid"
  | "xcom_not_found"
  | "xcom_too_large";

/** A value in an error's fields. */
export type ErrorField = string | number | boolean | null | readonly string[];

/** Options of {@link MemodagError}. */
export interface MemodagErrorOptions {
  /** The underlying error, kept for logs. */
  readonly cause?: unknown;
  /** The facts of the message, for programs. */
  readonly fields?: Readonly<Record<string, ErrorField>>;
}

/**
 * An expected error. The message says what was wrong, where, and how to fix it; programs switch on
 * `code`. Any other thrown error is a bug.
 */
export class MemodagError extends Error {
  override readonly name: string = "MemodagError";
  readonly code: ErrorCode;
  readonly fields: Readonly<Record<string, ErrorField>>;

  constructor(code: ErrorCode, message: string, options: MemodagErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.fields = options.fields ?? {};
  }
}

/** Returns the message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
