// The states of runs and task instances, and the cache status that is kept beside them.

/** The state of a task instance. Spelled as in Airflow. */
export type TaskInstanceState =
  | "none"
  | "scheduled"
  | "queued"
  | "running"
  | "success"
  | "failed"
  | "up_for_retry"
  | "up_for_reschedule"
  | "upstream_failed"
  | "skipped"
  | "removed";

/** States that a task instance leaves only when it is cleared. */
export type TerminalState = "success" | "failed" | "upstream_failed" | "skipped" | "removed";

const TERMINAL_STATES: ReadonlySet<TaskInstanceState> = new Set<TerminalState>([
  "success",
  "failed",
  "upstream_failed",
  "skipped",
  "removed",
]);

/** True if a task instance in this state changes only when a user acts. */
export function isTerminal(state: TaskInstanceState): state is TerminalState {
  return TERMINAL_STATES.has(state);
}

/** States that a user can set, in display order. */
export const MARKED_STATES = ["success", "failed", "skipped"] as const;

/** A state that a user can set. */
export type MarkedState = (typeof MARKED_STATES)[number];

/** Every state of a run. */
export const DAG_RUN_STATES = ["queued", "running", "success", "failed"] as const;

/** The state of a run. */
export type DagRunState = (typeof DAG_RUN_STATES)[number];

/**
 * The outcome of the cache for a task instance. A separate column, never a state. `null` in a row means
 * that the cache has not been asked yet.
 */
export type CacheStatus =
  | "disabled"
  | "hit"
  | "miss"
  | "populated"
  | "lookup_timeout"
  | "lookup_failure"
  | "put_failure"
  | "skipped"
  | "uncacheable"
  /** The result is stored when the task's transaction is committed. */
  | "staged"
  /** The result is not stored: the task's transaction was rolled back. */
  | "rolled_back";

/** Every cache status, in the order in which reports show them. */
export const CACHE_STATUSES: readonly CacheStatus[] = [
  "hit",
  "populated",
  "staged",
  "miss",
  "skipped",
  "uncacheable",
  "rolled_back",
  "lookup_timeout",
  "lookup_failure",
  "put_failure",
  "disabled",
];

/** How a run uses the cache: look up and store, store only, or neither. */
export type CacheMode = "use" | "refresh" | "off";

/** How a run was created. */
export type DagRunType = "manual" | "scheduled" | "backfill";
