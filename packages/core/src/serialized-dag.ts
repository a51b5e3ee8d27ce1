// A Dag as data, without user code. The Dag processor writes it and the scheduler reads it.

import type { HumanParam } from "./human-request.ts";
import type { JsonObject, JsonSchema } from "./json/json-value.ts";
import type { SerializedCacheConfig } from "./serialized-cache.ts";
import type { SerializedTransaction } from "./serialized-transaction.ts";
import type { DagRunState } from "./states.ts";
import type { CallbackEvent } from "./task-callback.ts";
import type { TriggerRule } from "./trigger-rule.ts";

/** Version of this format. A scheduler must reject versions that it does not know. */
export const SERIALIZED_DAG_FORMAT = 1;

/**
 * The source of an argument's value.
 *
 * - `literal`: canonical JSON written in the Dag file.
 * - `result`: the returned value of an upstream task, or, if that task is mapped, the list of all its
 *   returned values in order of mapIndex. Narrowed to the field at `path`.
 * - `list`, `object`: a list or object in which at least one member is a result.
 */
export type ArgTemplate =
  | { readonly kind: "literal"; readonly json: string }
  | { readonly kind: "result"; readonly taskId: string; readonly path: readonly (string | number)[] }
  | { readonly kind: "list"; readonly items: readonly ArgTemplate[] }
  | { readonly kind: "object"; readonly entries: readonly NamedTemplate[] };

/**
 * An argument's name and the source of its value. Pairs, so that `__proto__` is treated like any other
 * name.
 */
export type NamedTemplate = readonly [name: string, template: ArgTemplate];

/** A source file of a command. */
export interface CommandFile {
  /** Relative to the Dag file's folder, with forward slashes. */
  readonly path: string;
  readonly digest: string;
}

/**
 * Where a file or folder of a command comes from: entries of the run's job cache by a pattern, or those that an argument
 * refers to.
 */
export type CommandEntrySource =
  | { readonly kind: "entries"; readonly pattern: string }
  | { readonly kind: "argument"; readonly name: string };

/** Entries that a command gets and leaves as files, sorted by path. */
export interface SerializedCommandEntries {
  readonly in: readonly (readonly [path: string, source: CommandEntrySource])[];
  /**
   * A key that ends with a slash is a group, in which each file of the folder is an entry. The path `.` is the whole
   * folder.
   */
  readonly out: readonly (readonly [path: string, key: string])[];
}

/** A program that a task runs instead of a handler. */
export interface SerializedCommand {
  /** The program and its arguments. They are run without a shell. */
  readonly argv: readonly string[];
  /** Working directory, relative to the Dag file's folder. */
  readonly cwd: string;
  /** Variables that the author sets. */
  readonly env: readonly (readonly [name: string, value: string])[];
  /** Globs of the command's source files, relative to the Dag file's folder. */
  readonly sources: readonly string[];
  /**
   * The files that the globs matched when the Dag was read, by path. Empty until the Dag processor has
   * listed them.
   */
  readonly files: readonly CommandFile[];
  /** Exit codes that mean there was nothing to do. Absent: none. */
  readonly skipOnExitCodes?: readonly number[];
  /** Exit codes that fail the task without another attempt. Absent: none. */
  readonly failOnExitCodes?: readonly number[];
  /** Absent: none. */
  readonly entries?: SerializedCommandEntries;
  /** If true, a validator in the Dag file checks the result, and its output is the task's. Absent: false. */
  readonly checksResult?: true;
}

/** How a sensor's handler is polled. */
export interface SerializedSensor {
  /** `poke`: one process for the whole wait. `reschedule`: a process for each poke. */
  readonly mode: "poke" | "reschedule";
  readonly pokeIntervalMs: number;
  /** Maximum duration of a try in milliseconds, from its first poke. */
  readonly timeoutMs: number;
  /** If true, it ends as `skipped` where it would fail permanently. */
  readonly softFail: boolean;
  /** If true, the time between pokes doubles each time. */
  readonly exponentialBackoff: boolean;
  /** Maximum time between pokes, in milliseconds; `null`: no maximum. */
  readonly maxWaitMs: number | null;
}

/** A task that waits for an answer from a person. The rest of it is in the artifact. */
export interface SerializedHitl {
  /** Fields of the form that the answer fills in. */
  readonly params: Readonly<Record<string, HumanParam>>;
}

/**
 * A step that the scheduler carries out for a task, without a worker: it triggers a run of another Dag of
 * the team, or waits for one. The task's arguments identify the run: `runId`, `logicalDate`, and, for a
 * run to trigger, `conf` and `params`.
 */
export type SerializedRunStep = TriggerStep | WaitStep;

interface RunStep {
  readonly dagId: string;
  /** Maximum time between checks of the run, in case a notification of its end is lost. */
  readonly pokeIntervalMs: number;
  /** States of the run in which the task succeeds. Disjoint from `failedStates`. */
  readonly allowedStates: readonly DagRunState[];
  readonly failedStates: readonly DagRunState[];
}

/** Triggers a run of another Dag, and optionally waits for it to end. */
export interface TriggerStep extends RunStep {
  readonly kind: "trigger";
  readonly waitForCompletion: boolean;
  /** If a run with that id exists that this task did not create, runs it again from the start. */
  readonly resetDagRun: boolean;
  /** Ends as `skipped` if a run with that id exists that this task did not create. */
  readonly skipWhenAlreadyExists: boolean;
  /** Fails if the Dag is paused. */
  readonly failWhenDagIsPaused: boolean;
}

/**
 * Waits for a run created elsewhere, selected by id, by logical date, or by the logical date of the
 * task's own run.
 */
export interface WaitStep extends RunStep {
  readonly kind: "wait";
  /**
   * How much earlier the other run's logical date is than that of the task's own run, in milliseconds.
   */
  readonly executionDeltaMs: number;
  /** Maximum duration of a try, in milliseconds. */
  readonly timeoutMs: number;
  /** If true, it ends as `skipped` when it times out. */
  readonly softFail: boolean;
}

/**
 * Which downstream tasks a task's result selects. All other tasks named here are skipped.
 *
 * - `boolean`: the cases are `true` and `false`; other results are invalid.
 * - `value`: a string, a number, true, false or null. A value without a case selects `otherwise`.
 * - `task`: the id of a case's task or group; other results are invalid.
 */
export interface SerializedBranch {
  readonly by: "boolean" | "value" | "task";
  /** Path of the deciding value within the result. */
  readonly path: readonly (string | number)[];
  /** Keyed by the canonical JSON of the deciding value, without duplicates. */
  readonly cases: readonly BranchChoice[];
  /** Ids of the tasks that are selected if no case matches. */
  readonly otherwise: readonly string[];
}

/** The tasks that a value selects. */
export interface BranchChoice {
  readonly json: string;
  readonly taskIds: readonly string[];
}

/** One task of a serialized Dag. */
export interface SerializedTask {
  readonly taskId: string;
  readonly args: readonly NamedTemplate[];
  /**
   * Arguments that are mapped over. Each is a list; several form the cross product, the last one varying
   * fastest.
   */
  readonly expand: readonly NamedTemplate[];
  /** Ids of all tasks that this one waits for, because of an argument or an edge. */
  readonly upstream: readonly string[];
  readonly triggerRule: TriggerRule;
  /** Number of further attempts after a failed one. */
  readonly retries: number;
  readonly retryDelayMs: number;
  /** Factor by which the delay grows with every failure, at least 1. Absent: the delay is constant. */
  readonly retryBackoffFactor?: number;
  /** Maximum delay in milliseconds. Absent: one day. */
  readonly maxRetryDelayMs?: number;
  /** Events for which the task has callbacks, sorted. Absent: none. */
  readonly callbacks?: readonly CallbackEvent[];
  /** Maximum duration of an attempt in milliseconds; `null`: no maximum. */
  readonly executionTimeoutMs: number | null;
  /** Maximum heap size of its process in bytes. Absent: the deployment's default. */
  readonly memoryBytes?: number;
  readonly pool: string;
  readonly poolSlots: number;
  readonly priorityWeight: number;
  /** Queue of the workers that may run it. Absent: the default queue. */
  readonly queue?: string;
  readonly cache: SerializedCacheConfig | null;
  /** Set if one process runs many attempts of the task. A cached one was shown to leave nothing in it. */
  readonly reuse?: true;
  /** Digest of the code that the task can reach. */
  readonly sourceHash: string;
  /**
   * Code that the task may load but that cannot be followed statically, such as `createRequire`, by
   * place. The task's results are not cached. Absent: none.
   */
  readonly unfollowed?: readonly string[];
  /** The program that the task runs. Absent: its handler in the artifact. */
  readonly command?: SerializedCommand;
  /** How the handler is polled, if the task is a sensor or waits for an answer. */
  readonly sensor?: SerializedSensor;
  /** Set if the task waits for an answer from a person. */
  readonly hitl?: SerializedHitl;
  /** The step that the scheduler carries out. Such a task has no code. */
  readonly runStep?: SerializedRunStep;
  /** The tasks that its result selects. */
  readonly branch?: SerializedBranch;
}

/** A package at a version. */
export interface PackageVersion {
  readonly name: string;
  readonly version: string;
}

/** A package that a worker loaded. */
export interface LoadedPackage extends PackageVersion {
  /** Absolute path of its folder. Absent if unknown, as in tests. */
  readonly folder?: string;
}

/**
 * The installed packages that a Dag's source hashes were computed from. Folders are relative to the
 * bundle's folder. Sorted.
 */
export interface DagPackages {
  /**
   * Every package that the code may load: its folder with links resolved, and a digest of its files and
   * of the locations of the packages that it may import.
   */
  readonly sealed: readonly (readonly [folder: string, seal: string])[];
  /** Which package a name resolved to in the code of a folder; `null`: none. */
  readonly named: readonly (readonly [name: string, from: string, folder: string | null])[];
}

/**
 * The inputs of a Dag's code besides its artifact and packages. If any of them differs at run time, the
 * code or the Dag differs from that of the source hashes. Both lists are sorted.
 */
export interface DagInputs {
  /**
   * Files that were read while the Dag file was loaded, and files that its code loads by path and whose
   * content is part of the source hashes. Relative to the bundle's folder, with the digest of
   * `digestInput` in `@memodag/artifact`; `null`: the file did not exist.
   */
  readonly files: readonly (readonly [path: string, digest: string | null])[];
  /**
   * Variables that were read while the Dag file was loaded, with the digest of `digestVariable`; `null`:
   * not set. The name `*` stands for the set of names.
   */
  readonly env: readonly (readonly [name: string, digest: string | null])[];
}

/** A Dag as data. The digest of its canonical JSON identifies its version. */
export interface SerializedDag {
  readonly format: typeof SERIALIZED_DAG_FORMAT;
  readonly dagId: string;
  readonly description: string | null;
  readonly schedule: string | null;
  readonly timezone: string;
  /**
   * Earliest date of the schedule, inclusive, in ISO 8601; in `timezone` if it has no offset. Absent: no
   * bound.
   */
  readonly startDate?: string;
  /** Latest date, inclusive, in the same form. A date without a time includes the whole day. */
  readonly endDate?: string;
  readonly catchup: boolean;
  readonly maxActiveRuns: number;
  readonly maxActiveTasks: number;
  /** Maximum length of a list that a task may be mapped over. */
  readonly maxMapLength: number;
  /** Default params of a run. */
  readonly params: JsonObject;
  /** JSON schemas of params by name. A param without a default is required. Absent: any JSON is valid. */
  readonly paramSchemas?: Readonly<Record<string, JsonSchema>>;
  /** JSON schema of the whole `conf`. Absent: any object is valid. */
  readonly confSchema?: JsonSchema;
  readonly tags: readonly string[];
  /** False disables caching for every task of the Dag. */
  readonly cache: boolean;
  /** Digest of the artifact that workers run. */
  readonly artifactDigest: string;
  /**
   * Every package that the artifact may load, with the versions that the source hashes were computed
   * from.
   */
  readonly packages: readonly PackageVersion[];
  /** The same packages as installed. A worker that loaded others ran different code. Absent: none. */
  readonly installed?: DagPackages;
  /** Absent: nothing besides the artifact and its packages. */
  readonly inputs?: DagInputs;
  /** In topological order. */
  readonly tasks: readonly SerializedTask[];
  /** Sorted by id, each after the one around it. Absent: none. */
  readonly transactions?: readonly SerializedTransaction[];
}
