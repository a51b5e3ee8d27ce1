// A run of a Dag and the instances of its tasks, as rows.

import type { JsonObject } from "./json/json-value.ts";
import type { Reason } from "./reason.ts";
import type { CacheMode, CacheStatus, DagRunState, DagRunType, TaskInstanceState } from "./states.ts";

/** The mapIndex of a task that is not mapped, and of a mapped task before its list is known. */
export const UNMAPPED = -1;

/** The key under which a task's returned value is kept among its XComs. */
export const RETURN_VALUE = "return_value";

/** The team of every bundle when `multi_team` is off. */
export const DEFAULT_TEAM = "default";

/** What makes a run. All times are milliseconds since the Unix epoch. */
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
  /** The Dag's defaults with what was given for this run laid over them. */
  readonly params: JsonObject;
  readonly cacheMode: CacheMode;
  /** Names the try of a task that makes it, so that it is made once; absent: a person or a schedule does. */
  readonly madeBy?: string;
  /** It begins only while fewer runs of its Dag are under way; absent: its Dag's limit alone holds. */
  readonly maxActiveRuns?: number;
}

/** A run, as stored. */
export interface DagRun extends NewDagRun {
  /** The database's number of the run; the runs of all teams share one sequence. */
  readonly id: number;
  readonly state: DagRunState;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** Worker processes spawned for it so far. */
  readonly processesSpawned: number;
  /** Round trips to the cache's record store so far. */
  readonly lookups: number;
}

/** Which instance of which task, within a run. */
export interface TaskInstanceId {
  readonly taskId: string;
  readonly mapIndex: number;
}

/** Who made a stored result. */
export interface Producer {
  readonly runId: string;
  readonly mapIndex: number;
  readonly tryNumber: number;
}

/** An error as it is stored and shown: no stack, which goes to the attempt's log. */
export interface StoredError {
  readonly code: string;
  readonly message: string;
}

/** A task instance, as stored. All times are milliseconds since the Unix epoch. */
export interface TaskInstance extends TaskInstanceId {
  readonly state: TaskInstanceState;
  /** Number of the latest attempt, from 1; 0 before the first. */
  readonly tryNumber: number;
  /** The last tryNumber that may be reached before a failure is final. */
  readonly maxTries: number;
  /** The fencing token of the attempt under way; `null` when none is. */
  readonly attemptId: string | null;
  readonly cacheStatus: CacheStatus | null;
  readonly cacheReason: Reason | null;
  readonly cacheKey: string | null;
  /** For a hit: whose result it was. */
  readonly producer: Producer | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly durationMs: number | null;
  /** For a hit: the duration of the attempt that did not have to run. */
  readonly savedMs: number | null;
  /** When the next attempt may start, while `up_for_retry`, or the next poke, while `up_for_reschedule`. */
  readonly retryAt: number | null;
  /** Since when this try waits for something: a sensor's first poke; `null` before it, and in other tasks. */
  readonly waitingSince: number | null;
  readonly error: StoredError | null;
  /** How often an attempt at it was lost with its scheduler since it was cleared or last succeeded. */
  readonly losses: number;
}

/** What an instance is before anything has happened to it; whose it is and how often it is tried left out. */
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
};

/** One XCom's metadata: its value is the bytes of `digest`. */
export interface XCom extends TaskInstanceId {
  readonly key: string;
  /** sha256 of the value's canonical JSON. */
  readonly digest: string;
  /** Bytes of the value's canonical JSON. */
  readonly sizeBytes: number;
}
