// The runs of Dags, as the scheduler reads and writes them. Implemented by the metastore.

import type { AuditAct } from "../audit.ts";
import type { DagRun, NewDagRun, StoredInstance, TaskInstance, TaskInstanceId, XCom } from "../dag-run.ts";
import type { CancelledInstances, ClearedTask, RunCancellation, TaskMarks } from "./manual-changes.ts";
import type { PassOutcome, PassWrite } from "./pass-write.ts";
import type { RunTransactions } from "./run-transaction.ts";
import type { DagRunState, DagRunType } from "../states.ts";

/** A run whose lease this process holds, with its current rows. */
export interface ClaimedRun {
  readonly run: DagRun;
  /** Empty for a run that has not been started. */
  readonly instances: readonly TaskInstance[];
  readonly xcoms: readonly XCom[];
  /** Loaded apart from the others, for Dags that have transactions. Absent: none. */
  readonly transactions?: RunTransactions;
  /** Number of manual changes of the run at the time it was claimed. */
  readonly handCount: number;
  /** Why its rows cannot be read. If set, only the identity of the run is valid. */
  readonly fault?: string;
}

/** Selects the runs to claim. */
export interface ClaimRequest {
  /** Identifies the holder: `host:pid:nonce`. */
  readonly owner: string;
  /**
   * Lease in milliseconds of the database's clock, after which others can claim the run unless it is
   * renewed.
   */
  readonly leaseMs: number;
  readonly limit: number;
  /** Holders known to be dead. Their runs can be claimed at once. */
  readonly deadOwners: readonly string[];
  /** Claim only runs of this Dag, and those of `runs`. */
  readonly dag?: { readonly team: string; readonly dagId: string };
  /** Claim only these runs, by number, and those of `dag`. If neither is set, any run may be claimed. */
  readonly runs?: readonly number[];
  /** Runs not to claim, by number. */
  readonly exceptRuns?: readonly number[];
}

/** A run by number, with its number of manual changes when it was loaded. */
export interface LoadedRunName {
  readonly id: number;
  readonly handCount: number;
}

/** Selects a run of a Dag: by id, or the newest with a logical date. */
export type WantedRun = { readonly team: string; readonly dagId: string } & (
  | { readonly runId: string }
  | { readonly logicalDate: number }
);

/** From the shortest to the longest, in milliseconds. */
export interface DurationRange {
  readonly low: number;
  readonly high: number;
}

/** The progress of a run. */
export type RunSummary = Pick<DagRun, "runId" | "state">;

/** Instances that wait for the lock of a key. */
export interface WaitingCount {
  readonly team: string;
  readonly key: string;
  readonly count: number;
}

/** The rechecks of a task that found other bytes than were stored, of runs that are still there. */
export interface RecheckDifferences {
  readonly count: number;
  readonly lastRunId: string;
  /** Milliseconds since the Unix epoch; `null`: the instance has not ended. */
  readonly lastAt: number | null;
}

/** Selects the runs to list. */
export interface RunFilter {
  readonly team?: string;
  readonly dagId?: string;
  /** Runs whose id begins with this, every character of which stands for itself. */
  readonly idPrefix?: string;
  readonly state?: DagRunState;
  readonly runType?: DagRunType;
  /** Created at this time or later, in milliseconds since the Unix epoch. */
  readonly createdFrom?: number;
  /** Created before this time. */
  readonly createdBefore?: number;
  /** A part of the run's id or of its Dag's, in any case of the letters a to z. */
  readonly text?: string;
  readonly limit: number;
  /** Runs that come after that of this number, which may be gone: older ones. */
  readonly after?: number;
}

/** A page of a run's task instances, in the order of their names. */
export interface InstancePage {
  readonly limit: number;
  /** Instances that come after this one, which may be gone. */
  readonly after?: TaskInstanceId;
  /** Of this task alone. */
  readonly taskId?: string;
}

/** Selects the interrupted runs to list. */
export interface InterruptedRunFilter {
  readonly team?: string;
  readonly dagId?: string;
  /** Holders known to be dead. Leases of other holders count until they expire. */
  readonly deadOwners: readonly string[];
  /** Also list unclaimed runs in `queued`: those that a user sent back to it, or all. */
  readonly queued?: "cleared" | "all";
}

/**
 * Runs, task instances and XComs. Every method that identifies a Dag takes its team. An `act` is recorded
 * in the same transaction.
 */
export interface RunStore {
  /**
   * Creates a run, with copies of what it receives of an earlier one.
   * @throws MemodagError `dag_run_exists` if the Dag has a run with that id or logical date; `xcom_not_found` if no
   * finished run has everything that it receives
   */
  createRun(run: NewDagRun, act?: AuditAct): Promise<DagRun>;
  findRun(team: string, dagId: string, runId: string): Promise<DagRun | undefined>;
  /** The ids of runs by their numbers, of those that are still there. */
  findRunIds(team: string, runs: readonly number[]): Promise<Map<number, string>>;
  /**
   * Returns the progress of the runs in the given order; undefined for a run that does not exist, or that has a
   * selection: a task that waits for a run needs all of its tasks.
   */
  findRunSummaries(wanted: readonly WantedRun[]): Promise<(RunSummary | undefined)[]>;
  /** Returns the ids of a Dag's runs with the given logical dates, by date. */
  listDatedRuns(team: string, dagId: string, dates: readonly number[]): Promise<Map<number, string>>;
  /**
   * Returns the mean duration of each task's instances in the latest successful runs of a Dag, in milliseconds by task;
   * a hit took no time.
   */
  meanDurations(team: string, dagId: string, latestRuns: number): Promise<ReadonlyMap<string, number>>;
  /**
   * Returns the shortest and the longest duration of each task's instances in the latest successful runs of a Dag, in
   * milliseconds by task; for a hit, those of the attempt that made the result.
   */
  durationRanges(
    team: string,
    dagId: string,
    latestRuns: number,
  ): Promise<ReadonlyMap<string, DurationRange>>;
  /** Newest first. */
  listRuns(filter: RunFilter): Promise<DagRun[]>;
  /** Counts the instances of unfinished runs that wait for the lock of their key, by key; of a team, or of all. */
  countWaiting(team: string | undefined): Promise<WaitingCount[]>;
  /** In one order, by task and map index; all of them without a page. */
  listTaskInstances(team: string, runId: number, page?: InstancePage): Promise<StoredInstance[]>;
  /** Counts the rechecks of a task that found a difference; undefined: none did. */
  findRecheckDifferences(
    team: string,
    dagId: string,
    taskId: string,
  ): Promise<RecheckDifferences | undefined>;
  listXComs(team: string, runId: number, instance?: TaskInstanceId): Promise<XCom[]>;
  /** Returns those of the digests that an XCom refers to in the given store. */
  findShownDigests(team: string, store: string, digests: readonly string[]): Promise<Set<string>>;

  /**
   * Claims and loads queued or running runs that are free, oldest first. No run is claimed by two
   * holders. A queued run is not claimed while its Dag has reached `maxActiveRuns`, nor is a run whose
   * Dag no file defines any more.
   */
  claimRuns(request: ClaimRequest): Promise<ClaimedRun[]>;
  /** Lists runs that were started and have no holder, oldest first. */
  listInterruptedRuns(filter: InterruptedRunFilter): Promise<DagRun[]>;
  /**
   * Loads an unfinished run that `owner` holds again, and renews its lease. Returns undefined if `owner`
   * does not hold it.
   */
  reloadRun(owner: string, leaseMs: number, runId: number): Promise<ClaimedRun | undefined>;
  /** Lists the holders of leases on unfinished runs. */
  listLeaseOwners(): Promise<string[]>;
  /** Renews every lease of `owner`, and resolves to the ids of the runs that it still holds. */
  renewLeases(owner: string, leaseMs: number): Promise<number[]>;
  /** Releases all leases of `owner`, or those of the given runs. */
  releaseLeases(owner: string, runIds?: readonly number[]): Promise<void>;
  writePass(pass: PassWrite): Promise<PassOutcome>;
  /** The transactions of a run. */
  findTransactions(runId: number): Promise<RunTransactions>;
  /** True while a run of the Dag, other than `except`, has rollback callbacks of this transaction that have not ended. */
  isRollingBack(
    dag: { readonly team: string; readonly dagId: string },
    transactionId: string,
    except: number,
  ): Promise<boolean>;
  /**
   * Lists runs that have ended, have no holder, and have transactions that are not settled: the run was cancelled, or
   * results could not be stored at its end. Oldest first.
   */
  listUnsettledRuns(
    limit: number,
    dag?: { readonly team: string; readonly dagId: string },
  ): Promise<number[]>;
  /** Loads a run that has ended, without claiming it; undefined: it is there no more, or has not ended. */
  loadEndedRun(runId: number): Promise<ClaimedRun | undefined>;
  /**
   * Sends a run back to `queued`, and instances of it back to `none` without their XComs; their numbers
   * of tries
   * continue. A holder keeps the run, finds it in {@link listChangedRuns}, and its next pass is `rejected`.
   * A run that
   * has ended has no holder and can be claimed.
   * @returns the cleared instances; if there are none, nothing has changed
   */
  clearTasks(
    team: string,
    runId: number,
    tasks: readonly ClearedTask[],
    act?: AuditAct,
  ): Promise<TaskInstanceId[]>;
  /**
   * Sets the state of instances, whatever state they are in, and removes their XComs. Sends the run back
   * to
   * `queued` like {@link clearTasks}, and clears the tasks to re-evaluate. An instance that is already in
   * the
   * state is not changed.
   * @returns the changed instances; if there are none, nothing has changed
   */
  markTasks(team: string, runId: number, marks: TaskMarks, act?: AuditAct): Promise<TaskInstanceId[]>;
  /**
   * Ends a run as `failed`, even if another process holds it: running instances fail, and those that have
   * not
   * started are skipped. The holder finds the run in {@link listChangedRuns}, its next pass is `rejected`,
   * and it
   * keeps the lease until it has terminated the attempts.
   * @returns undefined, without changes, if the run has already ended
   */
  cancelRun(
    team: string,
    runId: number,
    cancellation: RunCancellation,
    act?: AuditAct,
  ): Promise<CancelledInstances | undefined>;
  /** Lists those of the runs held by `owner` that were changed manually since they were loaded. */
  listChangedRuns(owner: string, loaded: readonly LoadedRunName[]): Promise<number[]>;
  /**
   * Lists cache keys of the Dag's latest finished run, for prefetching: at most `limit`, unmapped tasks
   * first.
   */
  listPreviousCacheKeys(
    team: string,
    dagId: string,
    beforeRunId: number,
    limit: number,
  ): Promise<PreviousCacheKey[]>;
}

/** A cache key of an earlier run. */
export interface PreviousCacheKey {
  readonly taskId: string;
  readonly key: string;
}
