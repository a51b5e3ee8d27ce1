// Changes of a run that a user makes: clearing tasks, setting states, cancelling.

import type { StoredError, TaskInstanceId } from "../dag-run.ts";
import type { Reason } from "../reason.ts";
import type { MarkedState, TaskInstanceState } from "../states.ts";

/** Instances of one task to run again. */
export interface ClearedTask {
  readonly taskId: string;
  /** Only instances in these states. Absent: all. */
  readonly states?: readonly TaskInstanceState[];
  /** Absent: every instance. */
  readonly mapIndex?: number;
  /** Number of further attempts after a failure from now on. */
  readonly retries: number;
  /** Why they bypass the cache and replace its entries. `null`: the cache is used as usual. */
  readonly refreshReason: Reason | null;
}

/** Instances of one task whose state a user sets. */
export interface MarkedTask {
  readonly taskId: string;
  /** Absent: every instance, or the whole task if it has no instances yet. */
  readonly mapIndex?: number;
}

/** Changes of a run by a user who sets states. */
export interface TaskMarks {
  readonly tasks: readonly MarkedTask[];
  readonly state: MarkedState;
  /** For states that need a reason; `null` for others. */
  readonly error: StoredError | null;
  /** Tasks to re-evaluate because of the change. */
  readonly cleared: readonly ClearedTask[];
}

/** The changes to make when a run is cancelled. */
export interface RunCancellation {
  /** Tasks of the run's Dag. Those without instances get one, which is skipped. */
  readonly taskIds: readonly string[];
  /** The error of instances that were running. */
  readonly error: StoredError;
}

/** The unfinished instances of a cancelled run. */
export interface CancelledInstances {
  /** Those that were running. */
  readonly failed: readonly TaskInstanceId[];
  /** Those that had not started. */
  readonly skipped: readonly TaskInstanceId[];
}
