// What the scheduler reads and writes about runs. Implemented by the metastore.

import type { AuditAct } from "../audit.ts";
import type { NewCallback } from "./callback-store.ts";
import type { DagRun, NewDagRun, StoredError, TaskInstance, TaskInstanceId, XCom } from "../dag-run.ts";
import type { Reason } from "../reason.ts";
import type { DagRunState, MarkedState, TaskInstanceState } from "../states.ts";

/** A run that this process holds the lease of, with what is already known of it. */
export interface ClaimedRun {
  readonly run: DagRun;
  /** Empty for a run that nobody has started. */
  readonly instances: readonly TaskInstance[];
  readonly xcoms: readonly XCom[];
  /** How often somebody had changed it by hand when it was claimed. */
  readonly handCount: number;
  /** Why its rows cannot be read; nothing else of it but its name is sure then. Absent: they can. */
  readonly fault?: string;
}

/** Which runs to claim. */
export interface ClaimRequest {
  /** Identifies the holder: `host:pid:nonce`. */
  readonly owner: string;
  /** Milliseconds of the database's clock after which the lease is free without renewal. */
  readonly leaseMs: number;
  readonly limit: number;
  /** Holders known to be dead: their leases are free at once. */
  readonly deadOwners: readonly string[];
  /** Claim runs of this Dag alone, and those of `runs`. */
  readonly dag?: { readonly team: string; readonly dagId: string };
  /** Claim these runs alone, by number, beside those of `dag`. With neither, any run may be claimed. */
  readonly runs?: readonly number[];
  /** Runs that are not claimed, by number. */
  readonly exceptRuns?: readonly number[];
}

/** A run by number, and how often it had been changed manually when it was loaded. */
export interface LoadedRunName {
  readonly id: number;
  readonly handCount: number;
}

/** Which run of a Dag: that of an id, or the newest of a logical date. */
export type WantedRun = { readonly team: string; readonly dagId: string } & (
  | { readonly runId: string }
  | { readonly logicalDate: number }
);

/** How far a run is. */
export type RunStanding = Pick<DagRun, "runId" | "state">;

/** What an instance takes of a pool while it is queued or running. */
export interface PoolSlots {
  readonly pool: string;
  /** At least 1; more than the pool has counts as all of them. */
  readonly slots: number;
}

/** How much may be queued or running at once, in the hands of all schedulers together. */
export interface ActiveLimits {
  /** Instances of the run's Dag, over all of its runs. */
  readonly maxActiveTasks: number;
  /** Slots by pool; a pool that is not there has no limit. */
  readonly poolSlots: ReadonlyMap<string, number>;
}

/** One task instance as it shall stand, and the state it must be leaving. */
export interface TaskInstanceWrite {
  readonly instance: TaskInstance;
  /** `null`: the row must not exist yet. */
  readonly leaves: { readonly state: TaskInstanceState; readonly tryNumber: number } | null;
  /** What it counts for from now on; for an instance that becomes queued. Absent: it takes nothing. */
  readonly takes?: PoolSlots;
}

/** An XCom to write. */
export interface XComWrite extends XCom {
  /** `null` when the metadata database already holds bytes of that digest. */
  readonly bytes: Uint8Array | null;
}

/** Everything that a pass decided about one run: written in one transaction or not at all. */
export interface PassWrite {
  readonly runId: number;
  readonly owner: string;
  /** What the run was claimed with; absent: not compared. */
  readonly handCount?: number;
  /** The run as it shall stand. */
  readonly run: {
    readonly leaves: DagRunState;
    readonly state: DagRunState;
    readonly startedAt: number | null;
    readonly endedAt: number | null;
    readonly processesSpawned: number;
    readonly lookups: number;
  };
  readonly instances: readonly TaskInstanceWrite[];
  /** Rows that a mapped task's expansion replaces. */
  readonly removed: readonly TaskInstanceId[];
  readonly xcoms: readonly XComWrite[];
  /** Checked when an instance takes something; absent: nothing is limited. */
  readonly limits?: ActiveLimits;
  /** What `owner` owes to authors from now on. Absent: nothing. */
  readonly callbacks?: {
    readonly owed: readonly NewCallback[];
    /** Milliseconds of the database's clock after which others may take them over. */
    readonly leaseMs: number;
  };
}

/**
 * What came of a pass.
 *
 * - `lease_lost`: another holder has the run; nothing was written.
 * - `rejected`: a row had left its state by other hands (a clear, a mark); nothing was written and
 *   the run must be loaded again.
 * - `limit_reached`: more would be queued or running than `limits` allow; nothing was written. `free` is
 *   what there is for this pass.
 * - `bytes_missing`: an XCom's bytes were gone between lookup and commit; nothing was written.
 * - `not_storable`: the database refuses what is written of these instances, and would again; nothing was written.
 */
export type PassOutcome =
  | { readonly kind: "written" }
  | { readonly kind: "lease_lost" }
  | { readonly kind: "rejected"; readonly instances: readonly TaskInstanceId[] }
  | { readonly kind: "limit_reached"; readonly free: ActiveLimits }
  | { readonly kind: "bytes_missing"; readonly digests: readonly string[] }
  | { readonly kind: "not_storable"; readonly instances: readonly UnstorableInstance[] };

/** An instance that the database refuses to take as it is, and why, in the database's words. */
export interface UnstorableInstance extends TaskInstanceId {
  readonly reason: string;
}

/** Instances of one task that shall run again. */
export interface ClearedTask {
  readonly taskId: string;
  /** Instances in these states; absent: all there are. */
  readonly states?: readonly TaskInstanceState[];
  /** Absent: every instance. */
  readonly mapIndex?: number;
  /** How many failures of theirs are followed by another attempt from now on. */
  readonly retries: number;
  /** Why they run whatever the cache holds, and replace what it holds; `null`: it is asked as usual. */
  readonly refreshReason: Reason | null;
}

/** Instances of one task whose state a person sets. */
export interface MarkedTask {
  readonly taskId: string;
  /** Absent: every instance; the whole task, where it has none yet. */
  readonly mapIndex?: number;
}

/** What a person makes of a run by setting states. */
export interface TaskMarks {
  readonly tasks: readonly MarkedTask[];
  readonly state: MarkedState;
  /** Of a state that needs a reason; `null` for the others. */
  readonly error: StoredError | null;
  /** What is to be decided anew because of it. */
  readonly cleared: readonly ClearedTask[];
}

/** What cancelling a run comes to. */
export interface RunCancellation {
  /** Of the run's Dag: tasks that have no instance yet get one, which is skipped. */
  readonly taskIds: readonly string[];
  /** Of the instances that were running. */
  readonly error: StoredError;
}

/** The instances that a cancelled run left open. */
export interface CancelledInstances {
  /** They were running. */
  readonly failed: readonly TaskInstanceId[];
  /** They were still to run. */
  readonly skipped: readonly TaskInstanceId[];
}

/** Which runs to list. */
export interface RunFilter {
  readonly team?: string;
  readonly dagId?: string;
  readonly limit: number;
}

/** Which interrupted runs to list. */
export interface InterruptedRunFilter {
  readonly team?: string;
  readonly dagId?: string;
  /** Holders known to be dead; the leases of others count until they expire. */
  readonly deadOwners: readonly string[];
  /** Also runs in `queued` that no one has claimed: those that a person sent back to it, or all. */
  readonly queued?: "cleared" | "all";
}

/**
 * Runs, task instances and XComs. Every method that names a Dag takes its team. Where a method takes an
 * `act`, it is written down in the transaction that does it.
 */
export interface RunStore {
  /** @throws MemodagError `dag_run_exists` when the Dag has a run of that id, or of that logical date */
  createRun(run: NewDagRun, act?: AuditAct): Promise<DagRun>;
  findRun(team: string, dagId: string, runId: string): Promise<DagRun | undefined>;
  /** How far each of these runs is, in their order; undefined for one that is not there. */
  findRunStandings(wanted: readonly WantedRun[]): Promise<(RunStanding | undefined)[]>;
  /** The ids of a Dag's runs of those logical dates, by date. */
  listDatedRuns(team: string, dagId: string, dates: readonly number[]): Promise<Map<number, string>>;
  /** Newest first. */
  listRuns(filter: RunFilter): Promise<DagRun[]>;
  listTaskInstances(team: string, runId: number): Promise<TaskInstance[]>;
  listXComs(team: string, runId: number, instance?: TaskInstanceId): Promise<XCom[]>;
  /** The bytes of XComs by digest; a digest that is not there is not in the map. */
  readXComBytes(team: string, digests: readonly string[]): Promise<Map<string, Uint8Array>>;

  /**
   * Takes the lease of runs that are queued or running and free, oldest first, and loads them.
   * Two claimers never get one run. A queued run stays where it is while its Dag has as many runs under
   * way as `maxActiveRuns` allows; a run of a Dag that no file defines any more is not claimed.
   */
  claimRuns(request: ClaimRequest): Promise<ClaimedRun[]>;
  /** Runs that were begun and are not in anyone's hands, oldest first. */
  listInterruptedRuns(filter: InterruptedRunFilter): Promise<DagRun[]>;
  /** Loads an unfinished run that `owner` holds once more, and renews its lease; undefined: it holds none. */
  reloadRun(owner: string, leaseMs: number, runId: number): Promise<ClaimedRun | undefined>;
  /** Owners that hold a lease on an unfinished run. */
  listLeaseOwners(): Promise<string[]>;
  /** Renews every lease of `owner`; resolves to the ids of the runs that it still holds. */
  renewLeases(owner: string, leaseMs: number): Promise<number[]>;
  /** Frees every lease of `owner`, or those of the runs named. */
  releaseLeases(owner: string, runIds?: readonly number[]): Promise<void>;
  writePass(pass: PassWrite): Promise<PassOutcome>;
  /**
   * Sends a run back to `queued`, and instances of it back to `none`, without their XComs; their numbers
   * of tries go on. Whoever holds the run keeps it, and finds it among {@link listMovedRuns} and its next
   * pass `rejected`; a run that its holder brought to its end is held by none, and free to be claimed.
   * @returns the instances that were cleared; without any, nothing has changed
   */
  clearTasks(
    team: string,
    runId: number,
    tasks: readonly ClearedTask[],
    act?: AuditAct,
  ): Promise<TaskInstanceId[]>;
  /**
   * Gives instances a state, in place of whatever they are in, and takes their XComs; sends the run back
   * to `queued` as {@link clearTasks} does, and clears what is to be decided anew. An instance that is in
   * that state already stays as it is.
   * @returns the instances whose state was set; without any, nothing has changed
   */
  markTasks(team: string, runId: number, marks: TaskMarks, act?: AuditAct): Promise<TaskInstanceId[]>;
  /**
   * Ends a run as `failed`, whoever holds it: instances that run fail, those that were still to run are
   * skipped. Its holder finds it among {@link listMovedRuns} and its next pass `rejected`, and keeps the lease
   * until it has ended the attempts.
   * @returns undefined, and nothing has changed, when the run has ended already
   */
  cancelRun(
    team: string,
    runId: number,
    cancellation: RunCancellation,
    act?: AuditAct,
  ): Promise<CancelledInstances | undefined>;
  /** Those of the runs, all held by `owner`, that were changed manually since they were loaded. */
  listMovedRuns(owner: string, loaded: readonly LoadedRunName[]): Promise<number[]>;
  /** Cache keys of the Dag's latest finished run, for fetching ahead: at most `limit`, unmapped tasks first. */
  listPreviousCacheKeys(team: string, dagId: string, beforeRunId: number, limit: number): Promise<string[]>;
}
