// The queue of callbacks that still have to run. They are written in the transaction that commits what
// they report, and removed once they have run. Implemented by the metastore.

import type { DagRun, TaskInstance } from "../dag-run.ts";
import type { CallbackReport } from "../task-callback.ts";
import type { InputRef } from "./executor.ts";

/** The task instance that a callback reports. */
export type CallbackInstance = Pick<TaskInstance, "taskId" | "mapIndex" | "tryNumber" | "maxTries">;

/** A callback that has not been called yet. */
export interface NewCallback {
  /** Globally unique. */
  readonly id: string;
  readonly instance: CallbackInstance;
  readonly report: CallbackReport;
  /** The value that the instance returned, for callbacks that are given it. Absent: none. */
  readonly returned?: InputRef;
  /** The callback, by its id, that has to end before this one is called. Absent: none. */
  readonly after?: string;
  /** The transaction whose rollback it is part of: its tasks do not run before it has ended. Absent: none. */
  readonly rollsBack?: string;
}

/** A callback with the run it belongs to. */
export interface OwedCallback extends NewCallback {
  readonly run: DagRun;
  /** Number of calls that were started and then lost with their scheduler. */
  readonly begins: number;
  /** Why its row cannot be read, if so: its instance and report stand in for what is not known. */
  readonly fault?: string;
}

/** Selects the callbacks to claim. */
export interface CallbackClaim {
  /** Identifies the holder, as for runs. */
  readonly owner: string;
  /**
   * Lease in milliseconds of the database's clock, after which the callbacks can be claimed by others
   * unless renewed.
   */
  readonly leaseMs: number;
  readonly limit: number;
  /** Holders known to be dead. Their callbacks can be claimed at once. */
  readonly deadOwners: readonly string[];
  /** Only callbacks of this Dag. */
  readonly dag?: { readonly team: string; readonly dagId: string };
}

/** The queue of callbacks. Passes enqueue them; see {@link PassWrite}. */
export interface CallbackStore {
  /** Lists all holders of callbacks. */
  listOwners(): Promise<string[]>;
  /** Claims free callbacks, oldest first. No callback is claimed by two holders. */
  claim(request: CallbackClaim): Promise<OwedCallback[]>;
  /**
   * Records that a call starts. `absent`: the callback is not in the queue. `blocked`: the one that it comes after is
   * still in it.
   */
  begin(id: string): Promise<"begun" | "absent" | "blocked">;
  /** Renews the leases of the callbacks. */
  renew(ids: readonly string[], leaseMs: number): Promise<void>;
  /** Releases callbacks that were not lost, so that the next claim can take them. */
  release(ids: readonly string[]): Promise<void>;
  /** Removes callbacks that have been called. */
  remove(ids: readonly string[]): Promise<void>;
}
