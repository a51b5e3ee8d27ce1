// The events that a task's callbacks receive, and the report that is passed to them.

import type { StoredError, TaskInstanceId } from "./dag-run.ts";
import type { ReasonReport } from "./reason.ts";
import type { TransactionEvent } from "./serialized-transaction.ts";
import type { CacheStatus, TaskInstanceState } from "./states.ts";

/** An outcome of an attempt or of a cache lookup that has a callback. */
export type TaskEvent = "failure" | "retry" | "success";

/** An event that has callbacks. */
export type CallbackEvent = TaskEvent | TransactionEvent;

/** An instance of a transaction's task when the transaction ended. */
export interface TransactionMember extends TaskInstanceId {
  readonly state: TaskInstanceState;
  readonly cacheStatus: CacheStatus | null;
}

/** How a transaction ended. */
export interface TransactionReport {
  readonly id: string;
  readonly outcome: "committed" | "rolled_back";
  /** Why it was rolled back; `null` if it was committed. */
  readonly reason: string | null;
  /** Its instances, for the transaction's own callbacks. Absent for those of its tasks. */
  readonly members?: readonly TransactionMember[];
}

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
  /** The transaction that ended; for `commit` and `rollback`. */
  readonly transaction?: TransactionReport;
}
