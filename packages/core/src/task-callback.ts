// What a task's author wants to be told of an instance, and what is told.

import type { StoredError } from "./dag-run.ts";
import type { ReasonReport } from "./reason.ts";
import type { CacheStatus, TaskInstanceState } from "./states.ts";

/** What may have come of an attempt, or of a lookup in the cache, that a callback hears of. */
export type CallbackEvent = "failure" | "retry" | "success";

/** A task instance as it stood when its state was committed; what follows of it is not in it. */
export interface CallbackReport extends ReasonReport {
  readonly event: CallbackEvent;
  readonly state: TaskInstanceState;
  readonly cacheStatus: CacheStatus | null;
  readonly error: StoredError | null;
  /** Milliseconds of the attempt; `null` where there was none. */
  readonly durationMs: number | null;
  /** When the next attempt may start, in milliseconds since the Unix epoch; for `retry`. */
  readonly retryAt: number | null;
}
