// The error class of memodag: a stable code, typed fields, and a message that ends with how to fix it.

/** Stable, machine-readable codes of all errors that a user or operator can cause. */
export type ErrorCode =
  | "actor_invalid"
  | "api_denied"
  | "api_not_found"
  | "api_not_signed_in"
  | "api_request_invalid"
  | "api_token_not_found"
  | "api_too_many_requests"
  | "approval_answered"
  | "approval_changed"
  | "approval_invalid"
  | "approval_not_open"
  | "approval_rejected"
  | "approval_timeout"
  | "artifact_damaged"
  | "artifact_not_found"
  | "attempt_lost"
  | "attempt_refused"
  | "audit_entry_not_found"
  | "backfill_invalid"
  | "branch_invalid"
  | "bytes_refused"
  | "cache_backend_failed"
  | "cache_catalog_missing"
  | "cache_entry_lost"
  | "cache_entry_not_found"
  | "cache_key_ambiguous"
  | "cache_key_not_found"
  | "cache_key_reentered"
  | "cache_not_configured"
  | "cache_store_failed"
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
  | "dag_run_ambiguous"
  | "dag_run_not_found"
  | "database_copy_failed"
  | "database_failed"
  | "database_in_use"
  | "database_newer"
  | "database_not_empty"
  | "database_not_migrated"
  | "database_read_only"
  | "database_unreachable"
  | "disk_failed"
  | "duration_invalid"
  | "engine_failed"
  | "entry_invalid"
  | "entry_key_invalid"
  | "entry_present"
  | "entry_too_large"
  | "lock_timeout"
  | "lock_unavailable"
  | "map_not_a_list"
  | "map_too_long"
  | "hitl_text_invalid"
  | "max_active_runs_reached"
  | "plan_too_large"
  | "pool_not_found"
  | "project_exists"
  | "project_invalid"
  | "question_unanswered"
  | "request_key_reused"
  | "result_invalid"
  | "result_not_storable"
  | "run_cancelled"
  | "run_ended"
  | "run_interrupted"
  | "run_needed"
  | "run_not_loadable"
  | "scope_not_owned"
  | "scope_not_readable"
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
  | "too_many_entries"
  | "value_cache_not_found"
  | "value_key_invalid"
  | "value_not_json"
  | "value_store_failed"
  | "value_store_not_configured"
  | "value_too_large"
  | "value_wait_timeout"
  | "variable_not_found"
  | "worker_api_failed"
  | "worker_deaf"
  | "worker_failed"
  | "worker_lost"
  | "worker_not_found"
  | "worker_request_invalid"
  | "worker_token_invalid"
  | "worker_token_not_found"
  | "worker_version"
  | "xcom_key_invalid"
  | "xcom_not_found"
  | "xcom_too_large"
  | "xcoms_removed";

/**
 * Who owns an error: the task that ran, the person who wrote or asked something, or what memodag runs on. The last
 * says nothing of a task, and never fails one: what met it is done again.
 */
export type Fault = "task" | "user" | "infrastructure";

/** Owners by code; an error of another code is the user's. */
const FAULTS: Partial<Record<ErrorCode, Fault>> = {
  artifact_not_found: "infrastructure",
  attempt_lost: "infrastructure",
  cache_backend_failed: "infrastructure",
  cache_entry_lost: "task",
  cache_entry_not_found: "task",
  cache_store_failed: "task",
  database_copy_failed: "infrastructure",
  database_failed: "infrastructure",
  database_newer: "infrastructure",
  database_not_migrated: "infrastructure",
  database_read_only: "infrastructure",
  database_unreachable: "infrastructure",
  disk_failed: "infrastructure",
  engine_failed: "infrastructure",
  question_unanswered: "infrastructure",
  value_store_failed: "infrastructure",
  value_store_not_configured: "infrastructure",
  attempt_refused: "infrastructure",
  worker_api_failed: "infrastructure",
  worker_deaf: "infrastructure",
  worker_failed: "infrastructure",
  worker_lost: "infrastructure",
  approval_rejected: "task",
  approval_timeout: "task",
  branch_invalid: "task",
  cache_key_reentered: "task",
  callback_failed: "task",
  entry_invalid: "task",
  entry_key_invalid: "task",
  entry_present: "task",
  entry_too_large: "task",
  hitl_text_invalid: "task",
  map_not_a_list: "task",
  map_too_long: "task",
  result_invalid: "task",
  result_not_storable: "task",
  sensor_answer_invalid: "task",
  sensor_timeout: "task",
  task_exited: "task",
  task_failed: "task",
  task_heartbeat_lost: "task",
  task_killed: "task",
  task_out_of_memory: "task",
  task_skipped: "task",
  task_timeout: "task",
  too_many_entries: "task",
  value_key_invalid: "task",
  value_not_json: "task",
  value_too_large: "task",
  value_wait_timeout: "task",
  xcom_key_invalid: "task",
  xcom_too_large: "task",
};

/** A value in an error's fields. */
export type ErrorField = string | number | boolean | null | readonly string[];

/** Options of {@link MemodagError}. */
export interface MemodagErrorOptions {
  /** The underlying error, kept for logs. */
  readonly cause?: unknown;
  /** The facts of the message, for programs. */
  readonly fields?: Readonly<Record<string, ErrorField>>;
  /** Who owns it, where that is not who owns others of its code. */
  readonly fault?: Fault;
}

/** Marks errors of every copy of this class: the program and the package that users import have one each. */
const BRAND = Symbol.for("memodag.MemodagError");

/**
 * An expected error. The message says what was wrong, where, and how to fix it; programs switch on
 * `code`. Any other thrown error is a bug. `instanceof` holds for errors of any copy of this class, such as one that
 * a cache backend imports from `memodag`.
 */
export class MemodagError extends Error {
  override readonly name: string = "MemodagError";
  readonly code: ErrorCode;
  readonly fields: Readonly<Record<string, ErrorField>>;
  readonly fault: Fault;

  constructor(code: ErrorCode, message: string, options: MemodagErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.fields = options.fields ?? {};
    this.fault = options.fault ?? FAULTS[code] ?? "user";
  }

  static override [Symbol.hasInstance](value: unknown): value is MemodagError {
    return typeof value === "object" && value !== null && BRAND in value;
  }
}

Object.defineProperty(MemodagError.prototype, BRAND, { value: true });

/** True for an error that says something of a task, or of what its author or a user wrote. */
export function isOwnFault(error: unknown): error is MemodagError {
  return error instanceof MemodagError && error.fault !== "infrastructure";
}

/**
 * Has whatever a store throws be an infrastructure fault, with the store's error as the cause: no code that a store
 * may throw makes a task fail.
 * @param expected codes of the answers that the method documents, which are passed on
 */
export async function askStore<T>(ask: () => Promise<T>, expected: readonly ErrorCode[] = []): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof MemodagError && (error.fault === "infrastructure" || expected.includes(error.code)))
      throw error;
    throw new MemodagError("database_failed", messageOf(error), { cause: error });
  }
}

/** Returns an error as it is stored with a task instance. */
export function storedError({ code, message }: MemodagError): {
  readonly code: ErrorCode;
  readonly message: string;
} {
  return { code, message };
}

/** Returns the message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
