// A transaction of a run, and what its tasks have done so far.

import type { TaskInstanceId } from "../dag-run.ts";
import type { SavedEntry } from "./entry-store.ts";

/**
 * The state of a transaction in a run. `committing`: it is decided that its results are stored, and they are being
 * stored.
 */
export type RunTransactionState = "open" | "committing" | "committed" | "rolled_back";

/** A transaction of a run. One that has no row is `open`. */
export interface RunTransaction {
  readonly transactionId: string;
  readonly state: RunTransactionState;
  /** Why it was rolled back; `null` otherwise. */
  readonly reason: string | null;
  /** Milliseconds since the Unix epoch; `null` while it is open. */
  readonly decidedAt: number | null;
}

/** An instance that ran and succeeded in a transaction whose outcome is not settled. */
export interface StagedMember extends TaskInstanceId {
  /** The transaction with which it is committed: the outermost of those around it that are committed together. */
  readonly transactionId: string;
  /** Its position in the order in which the run's members succeeded. */
  readonly place: number;
  /** JSON of what is to be stored, which only the scheduler reads; `null`: nothing. */
  readonly body: string | null;
  /** The entries of job caches that its attempt saved or removed. Written by the store with the pass. Absent: none. */
  readonly saved?: readonly SavedEntry[];
}

/** The transactions of a run. */
export interface RunTransactions {
  readonly states: readonly RunTransaction[];
  readonly staged: readonly StagedMember[];
  /** Ids of those with rollback callbacks that have not been called yet. */
  readonly rollingBack: readonly string[];
}

/** The changes of a pass to the transactions of its run. */
export interface TransactionWrites {
  readonly states: readonly RunTransaction[];
  readonly staged: readonly StagedMember[];
  /** Instances that are no longer staged. */
  readonly unstaged: readonly TaskInstanceId[];
}
