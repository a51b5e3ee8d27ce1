// All that a scheduler writes of one pass over a run, in one transaction, and the answer of the database.

import type { NewCallback } from "./callback-store.ts";
import type { EntryWrites, SavedEntry } from "./entry-store.ts";
import type { TaskInstance, TaskInstanceId, XCom } from "../dag-run.ts";
import type { SummedRun } from "../run-sums.ts";
import type { TryWrites } from "../task-attempt.ts";
import type { TransactionWrites } from "./run-transaction.ts";
import type { DagRunState, TaskInstanceState } from "../states.ts";

/** The pool of tasks that name none, and its slots where the config does not say. */
export const DEFAULT_POOLS: ReadonlyMap<string, number> = new Map([["default_pool", 128]]);

/** The pool slots that an instance takes while it is queued or running. */
export interface PoolSlots {
  readonly pool: string;
  /** At least 1. More than the pool has counts as all of its slots. */
  readonly slots: number;
}

/** Limits on the number of queued and running instances across all schedulers. */
export interface ActiveLimits {
  /** Instances of the run's Dag, across all of its runs. */
  readonly maxActiveTasks: number;
  /** Slots by pool. A pool that is missing has no limit. */
  readonly poolSlots: ReadonlyMap<string, number>;
}

/** The new state of a task instance, and the state that it must be in before. */
export interface TaskInstanceWrite {
  readonly instance: TaskInstance;
  /** `null`: the row must not exist yet. */
  readonly leaves: { readonly state: TaskInstanceState; readonly tryNumber: number } | null;
  /** Slots to take, for an instance that becomes queued. Absent: none. */
  readonly takes?: PoolSlots;
}

/** All decisions of a pass about one run, written in one transaction. */
export interface PassWrite {
  readonly runId: number;
  readonly owner: string;
  /** The number of manual changes when the run was claimed. Absent: not compared. */
  readonly handCount?: number;
  /** The new state of the run. */
  readonly run: {
    readonly leaves: DagRunState;
    readonly state: DagRunState;
    readonly startedAt: number | null;
    readonly endedAt: number | null;
    readonly processesSpawned: number;
    readonly lookups: number;
    /** Absent: as before. */
    readonly bytesMoved?: number;
  };
  /** The sums of a run that has ended, this pass included. Absent: they are summed up when they are asked for. */
  readonly sums?: SummedRun;
  readonly instances: readonly TaskInstanceWrite[];
  /** Absent: none. */
  readonly tries?: TryWrites;
  /** Rows that the expansion of a mapped task replaces. */
  readonly removed: readonly TaskInstanceId[];
  /** References only; the values must already be stored. */
  readonly xcoms: readonly XCom[];
  /** Entries of job caches that become visible, or are restored. Absent: none. */
  readonly entries?: EntryWrites;
  /** Absent: nothing changes. */
  readonly transactions?: TransactionWrites;
  /** Checked if an instance takes slots. Absent: no limits. */
  readonly limits?: ActiveLimits;
  /** Callbacks to enqueue for `owner`. Absent: none. */
  readonly callbacks?: {
    readonly owed: readonly NewCallback[];
    /** Lease in milliseconds of the database's clock, after which others may take over the callbacks. */
    readonly leaseMs: number;
  };
}

/**
 * The outcome of a pass.
 *
 * - `lease_lost`: another holder has the run; nothing was written.
 * - `rejected`: another process changed a row (a clear, a state that was set); nothing was written and
 *   the run must be loaded again.
 * - `limit_reached`: more would be queued or running than `limits` allow; nothing was written. `free` is
 *   the capacity left for this pass.
 * - `bytes_missing`: values that XComs refer to are missing from the metadata database; nothing was written.
 * - `blobs_missing`: bytes of entries to restore were collected meanwhile; nothing was written.
 * - `not_storable`: the database rejects these instances, and would do so again; nothing was written.
 */
export type PassOutcome =
  | {
      readonly kind: "written";
      /** The keys that the attempts of `entries.publish` saved or removed. Absent: none. */
      readonly saved?: readonly SavedEntry[];
    }
  | { readonly kind: "lease_lost" }
  | { readonly kind: "rejected"; readonly instances: readonly TaskInstanceId[] }
  | { readonly kind: "limit_reached"; readonly free: ActiveLimits }
  | { readonly kind: "bytes_missing"; readonly digests: readonly string[] }
  | { readonly kind: "blobs_missing"; readonly ids: readonly number[] }
  | { readonly kind: "not_storable"; readonly instances: readonly UnstorableInstance[] };

/** An instance that the database rejects, with the database's reason. */
export interface UnstorableInstance extends TaskInstanceId {
  readonly reason: string;
}
