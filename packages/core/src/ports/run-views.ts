// Runs as people and programs look at them: never what a scheduler needs to carry them out. Implemented by the metastore.

import type { DagRun, StoredInstance, TaskInstanceId } from "../dag-run.ts";
import type { ReasonCode } from "../reason.ts";
import type { RunSums, SummedRun } from "../run-sums.ts";
import type { TaskTry, TryId } from "../task-attempt.ts";
import type { CacheStatus, DagRunState, TaskInstanceState } from "../states.ts";

/** Names a run, and says how far its changes have come. */
export interface RunRevision {
  /** The run's number in the database. */
  readonly id: number;
  readonly team: string;
  readonly dagId: string;
  readonly runId: string;
  readonly state: DagRunState;
  /** Number of changes to the run or its instances so far. */
  readonly revision: number;
}

/** A look at the runs that are changing. */
export interface RevisionLook {
  readonly team?: string;
  /**
   * Also those that have ended since: milliseconds since the Unix epoch, by the clock of the scheduler that ended them.
   * Absent: only those that have not ended.
   */
  readonly endedSince?: number;
}

/** Selects instances of a run, all of whose conditions hold. */
export interface InstanceFilter {
  readonly taskId?: string;
  readonly states?: readonly TaskInstanceState[];
  readonly cacheStatuses?: readonly CacheStatus[];
  readonly reason?: ReasonCode;
  /** A part of the task's id or of the error's message, in any case of the letters a to z. */
  readonly text?: string;
  /** Changed after this revision of the run. Has no effect if instances were removed since. */
  readonly since?: number;
}

/** A page of a run's instances, in the order of their names. */
export interface InstanceQuery extends InstanceFilter {
  readonly limit: number;
  /** Instances that come after this one, which may be gone. */
  readonly after?: TaskInstanceId;
}

/** Instances of a run, and when they were read. */
export interface ListedInstances {
  /** The run's revision before they were read: changes after it may be missing. */
  readonly revision: number;
  /** True if only those that changed since the given revision are listed. */
  readonly isDelta: boolean;
  readonly instances: readonly StoredInstance[];
}

/** A page of a run's tries. */
export interface TryQuery {
  readonly taskId?: string;
  readonly mapIndex?: number;
  readonly limit: number;
  /** Tries that come after this one, which may be gone. */
  readonly after?: TryId;
}

/** Selects runs by a time that they have. */
export interface RunPeriod {
  readonly team?: string;
  readonly dagId?: string;
  /**
   * `end`: when they ended, which only runs that have ended did. `date`: their logical date, or when they were created
   * if they have none.
   */
  readonly by: "end" | "date";
  /** Milliseconds since the Unix epoch. */
  readonly from: number;
  /** Exclusive. */
  readonly before: number;
}

/** The runs of a day in one state. */
export interface DaySums extends RunSums {
  /** Days since the Unix epoch, in UTC. */
  readonly day: number;
  readonly state: DagRunState;
  readonly runs: number;
}

/** How many instances did not hit, for a reason. */
export interface MissCount {
  /** A code of explanations, such as `input_changed`. */
  readonly reason: string;
  readonly count: number;
}

/** A part of a key, such as the input `now`. */
export interface ChangedPart {
  readonly kind: string;
  readonly path: string;
}

/** How often instances of a task did not hit for a reason, and the latest of them. */
export interface TaskMisses extends MissCount {
  readonly team: string;
  readonly dagId: string;
  readonly taskId: string;
  readonly lastRunId: string;
  readonly lastMapIndex: number;
  /** Milliseconds since the Unix epoch, by the database's clock. */
  readonly lastAt: number;
  /** The parts of the key that differed from an earlier one. */
  readonly lastChanged: readonly ChangedPart[];
}

/** The slots of a pool that the tasks of one Dag take. */
export interface PoolUse {
  readonly pool: string;
  readonly team: string;
  readonly dagId: string;
  /** At least 1. */
  readonly slots: number;
}

/** Instances of a task that could run, and wait for slots, a lock or another run. */
export interface WaitingTask {
  readonly dagVersionId: number;
  readonly taskId: string;
  /** At least 1. */
  readonly instances: number;
}

/** Reads of runs; each is one statement, or a few. */
export interface RunViews {
  /**
   * Lists the runs that have not ended by their numbers, and then those that have ended lately by their ends. Meant to be called twice a second, whatever else the database holds.
   */
  listRevisions(look: RevisionLook): Promise<RunRevision[]>;
  /** Lists instances of a run; undefined: there is no such run. */
  listInstances(team: string, runId: number, query: InstanceQuery): Promise<ListedInstances | undefined>;
  /**
   * Returns the sums of runs by their numbers. Those of a run that has ended were written at its end; others, and runs of
   * versions that wrote none, are summed up from their instances.
   */
  sumUp(team: string, runIds: readonly number[]): Promise<Map<number, SummedRun>>;
  /** Lists tries of a run by task, map index and number; those of versions that kept none are missing. */
  listTries(team: string, runId: number, query: TryQuery): Promise<TaskTry[]>;
  /** Sums of runs by day and state, in the order of the days. Runs that have not ended add nothing but themselves. */
  sumByDay(period: RunPeriod): Promise<DaySums[]>;
  /** The latest failures that ended at this time or later, by their ends, the last first. */
  listFailures(team: string | undefined, endedSince: number, limit: number): Promise<DagRun[]>;
  /** Counts the instances that did not hit since a time by the database's clock, by reason, the most frequent first. */
  countMisses(team: string | undefined, since: number): Promise<MissCount[]>;
  /** The same by task, the most frequent first. */
  listTaskMisses(team: string | undefined, since: number, limit: number): Promise<TaskMisses[]>;
  /** Lists the slots of pools that queued and running tasks take, by pool, team and Dag. */
  listPoolUse(): Promise<PoolUse[]>;
  /** Counts the instances of all teams that could run and wait, by version of a Dag and task. */
  listWaitingTasks(): Promise<WaitingTask[]>;
  /** Number of callbacks of all teams that have not been called to their end. */
  countOwedCallbacks(): Promise<number>;
  /** The tasks with instances that run now, of runs of a team by their numbers; in the order of their ids. */
  listRunningTasks(team: string, runIds: readonly number[]): Promise<Map<number, string[]>>;
  /** The digests of versions of Dags of a team, by their numbers. */
  findVersionDigests(team: string, versionIds: readonly number[]): Promise<Map<number, string>>;
}
