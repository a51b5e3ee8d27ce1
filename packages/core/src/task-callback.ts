// The events that a task's callbacks receive, and the report that is passed to them.

import type { StoredError } from "./dag-run.ts";
import type { ReasonReport } from "./reason.ts";
import type { CacheStatus, TaskInstanceState } from "./states.ts";

/** An outcome of an attempt or of a cache lookup that has a callback. */
export type CallbackEvent = "failure" | "retry" | "success";

/** A task instance as of the commit of its state. */
export interface CallbackReport extends ReasonReport {
  readonly event: CallbackEvent;
  readonly state: TaskInstanceState;
  readonly cacheStatus: CacheStatus | null;
  readonly error: StoredError | null;
  /** Duration of the attempt in milliseconds; `null` if there was none. */
  readonly durationMs: number | null;
  /** Earliest start of the next attempt, in milliseconds since the Unix epoch; for `retry`. */
  readonly retryAt: number | null;
}
