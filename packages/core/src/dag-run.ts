// A run of a Dag and its task instances, as stored.

import type { JsonObject } from "./json/json-value.ts";
import type { Reason } from "./reason.ts";
import type { EarlierResults, RunSelection } from "./run-selection.ts";
import type { RunSums } from "./run-sums.ts";
import type { CacheMode, CacheStatus, DagRunState, DagRunType, TaskInstanceState } from "./states.ts";

/** The mapIndex of a task that is not mapped, and of a mapped task until its list is known. */
export const UNMAPPED = -1;

/** The XCom key of a task's returned value. */
export const RETURN_VALUE = "return_value";

/** The team of every bundle if `multi_team` is off. */
export const DEFAULT_TEAM = "default";

/**
 * Which cached results and failures are hits in a run, besides what its tasks say: the stricter of the two applies.
 */
export interface RunCacheLimits {
  /** Milliseconds: older results and failures are no hits. */
  readonly ttlMs?: number;
  /** False: remembered failures are no hits. */
  readonly errors?: false;
  /** Ids of tasks that run whatever is stored, and whose results replace it. Sorted. */
  readonly refresh?: readonly string[];
  /** From 0 to 1: the share of hits under weakened keys that run and are compared. Absent: the deployment's. */
  readonly recheck?: number;
  /** The task whose hits alone run and are compared, in place of `recheck`: those of so many instances at most. */
  readonly recheckTask?: { readonly taskId: string; readonly most: number };
}

/** The input for creating a run. All times are milliseconds since the Unix epoch. */
export interface NewDagRun {
  readonly team: string;
  readonly dagId: string;
  readonly runId: string;
  readonly runType: DagRunType;
  readonly dagVersionId: number;
  readonly logicalDate: number | null;
  readonly dataIntervalStart: number | null;
  readonly dataIntervalEnd: number | null;
  readonly conf: JsonObject;
  /** The Dag's defaults, overridden by the params given for this run. */
  readonly params: JsonObject;
  readonly cacheMode: CacheMode;
  /**
   * Identifies the try of the task that creates the run, so that the run is created only once. Absent if
   * a user or a schedule creates it.
   */
  readonly madeBy?: string;
  /**
   * The run starts only while fewer runs of its Dag are active. If absent, only the Dag's own limit
   * applies.
   */
  readonly maxActiveRuns?: number;
  /** The tasks that run; all others are skipped. Absent: all tasks run. */
  readonly selection?: RunSelection;
  /** Absent: what its tasks say applies. */
  readonly cacheLimits?: RunCacheLimits;
  /** Of a run of one task: what it receives of the latest finished run that has it. Absent: nothing. */
  readonly receives?: EarlierResults;
}

/** A run as stored. */
export interface DagRun extends Omit<NewDagRun, "receives"> {
  /** The run's number in the database. Runs of all teams share one sequence. */
  readonly id: number;
  readonly state: DagRunState;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** Number of worker processes started for the run so far. */
  readonly processesSpawned: number;
  /** Number of round trips to the cache's record store so far. */
  readonly lookups: number;
  /** Bytes of entries that its tasks read from or wrote to byte stores so far. */
  readonly bytesMoved: number;
  /**
   * Number of changes to the run or its instances so far, as of when it was read: a run that is in a scheduler's memory
   * keeps the number with which it was loaded.
   */
  readonly revision: number;
  /** The sums of its instances, as of when it was read; `null` until it has ended. */
  readonly sums: RunSums | null;
  /** Why its row cannot be read, if so: its params and conf are empty here, and no scheduler can load it. */
  readonly fault?: string;
}

/** Identifies a task instance within a run. */
export interface TaskInstanceId {
  readonly taskId: string;
  readonly mapIndex: number;
}

/** The attempt that produced a stored result. */
export interface Producer {
  readonly runId: string;
  readonly mapIndex: number;
  readonly tryNumber: number;
}

/** An error as it is stored and shown. The stack is only in the attempt's log. */
export interface StoredError {
  readonly code: string;
  readonly message: string;
}

/** A task instance as stored. All times are milliseconds since the Unix epoch. */
export interface TaskInstance extends TaskInstanceId {
  readonly state: TaskInstanceState;
  /** Number of the latest attempt, starting at 1; 0 before the first. */
  readonly tryNumber: number;
  /** The last tryNumber; a failure of that attempt is final. */
  readonly maxTries: number;
  /** The fencing token of the current attempt, or `null` if there is none. */
  readonly attemptId: string | null;
  readonly cacheStatus: CacheStatus | null;
  readonly cacheReason: Reason | null;
  readonly cacheKey: string | null;
  /** For a hit: the attempt whose result is reused. */
  readonly producer: Producer | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly durationMs: number | null;
  /** For a hit: the duration of the attempt whose result is reused. */
  readonly savedMs: number | null;
  /**
   * Earliest start of the next attempt while `up_for_retry`, or of the next poke while
   * `up_for_reschedule`.
   */
  readonly retryAt: number | null;
  /**
   * When this try started waiting: the time of a sensor's first poke. `null` before it, and for other
   * tasks.
   */
  readonly waitingSince: number | null;
  readonly error: StoredError | null;
  /** Number of attempts lost with their scheduler since the instance was cleared or last succeeded. */
  readonly losses: number;
  /** Where its latest attempt runs or ran: host and process, or the name of a worker host. `null`: nowhere yet. */
  readonly worker: string | null;
}

/** A task instance as it was read. */
export interface StoredInstance extends TaskInstance {
  /** The revision of its run that last wrote it; 0 if that was before revisions were counted. */
  readonly revision: number;
}

/** The initial state of an instance, without its identity and number of tries. */
export const UNTOUCHED: Omit<TaskInstance, keyof TaskInstanceId | "maxTries"> = {
  state: "none",
  tryNumber: 0,
  attemptId: null,
  cacheStatus: null,
  cacheReason: null,
  cacheKey: null,
  producer: null,
  startedAt: null,
  endedAt: null,
  durationMs: null,
  savedMs: null,
  retryAt: null,
  waitingSince: null,
  error: null,
  losses: 0,
  worker: null,
};

/** Where a value is. */
export type ValueRef = Pick<XCom, "digest" | "store">;

/** Metadata of an XCom. Its value is the bytes with `digest`. */
export interface XCom extends TaskInstanceId {
  readonly key: string;
  /** sha256 of the value's canonical JSON. */
  readonly digest: string;
  /** Size in bytes of the value's canonical JSON. */
  readonly sizeBytes: number;
  /** The store that holds the value, by its name in the config; `null`: the metadata database does. */
  readonly store: string | null;
}
