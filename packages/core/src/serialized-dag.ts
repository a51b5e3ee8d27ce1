// A Dag as data: what the Dag processor writes and the scheduler reads. No user code in it.

import type { CacheTrust } from "./cache-trust.ts";
import type { JsonObject } from "./json/json-value.ts";
import type { DagRunState } from "./states.ts";
import type { CallbackEvent } from "./task-callback.ts";
import type { TriggerRule } from "./trigger-rule.ts";

/** Version of this format; a scheduler refuses one that it does not know. */
export const SERIALIZED_DAG_FORMAT = 1;

/**
 * Where an argument's value comes from.
 *
 * - `literal`: canonical JSON text written in the Dag file.
 * - `result`: the returned value of an upstream task (the list of all of them, in order of
 *   mapIndex, when that task is mapped), narrowed to the field at `path`.
 * - `list`, `object`: a list or object in which at least one member is a result.
 */
export type ArgTemplate =
  | { readonly kind: "literal"; readonly json: string }
  | { readonly kind: "result"; readonly taskId: string; readonly path: readonly (string | number)[] }
  | { readonly kind: "list"; readonly items: readonly ArgTemplate[] }
  | { readonly kind: "object"; readonly entries: readonly NamedTemplate[] };

/** An argument's name and where its value comes from. Pairs, so that `__proto__` is a name like another. */
export type NamedTemplate = readonly [name: string, template: ArgTemplate];

/** What a task's author said about caching; `null` in a task that did not opt in. */
export interface SerializedCacheConfig {
  /** Milliseconds; `null` never expires; `"default"` takes the admin's. */
  readonly ttlMs: number | null | "default";
  /** Names of arguments that are not in the key. */
  readonly excludeInputs: readonly string[];
  /** Context paths that are in the key, such as `params.species`. */
  readonly includeInputs: readonly string[];
  /** Names of environment variables that are in the key by value. */
  readonly env: readonly string[];
  /** Bumped by hand; in the key. */
  readonly version: string | null;
  /** One instance of a key at a time. */
  readonly serialize: boolean;
  /** Milliseconds for which a failure is remembered; `null`: never. */
  readonly errorsTtlMs: number | null;
  /**
   * Globs of files that are in the key by name and content, relative to the bundle's folder or absolute,
   * sorted. Absent: none.
   */
  readonly files?: readonly string[];
  /** What the author vouches for, sorted. Absent: nothing. */
  readonly trust?: readonly CacheTrust[];
}

/** A file that a command is made of. */
export interface CommandFile {
  /** Relative to the Dag file's folder, with forward slashes. */
  readonly path: string;
  readonly digest: string;
}

/** A program that a task runs in place of a handler. */
export interface SerializedCommand {
  /** The program and its arguments, as they are handed over: no shell reads them. */
  readonly argv: readonly string[];
  /** The folder that it runs in, relative to the Dag file's. */
  readonly cwd: string;
  /** Variables that the author sets, by name. */
  readonly env: readonly (readonly [name: string, value: string])[];
  /** Globs of the files that it is made of, relative to the Dag file's folder. */
  readonly sources: readonly string[];
  /** What the globs matched when the Dag was read, by path; empty until the Dag processor has looked. */
  readonly files: readonly CommandFile[];
  /** Exit codes that mean that there was nothing to do. Absent: none does. */
  readonly skipOnExitCodes?: readonly number[];
  /** Exit codes after which another attempt is of no use. Absent: none. */
  readonly failOnExitCodes?: readonly number[];
}

/** How a sensor's handler is asked again until what it looks for is there. */
export interface SerializedSensor {
  /** `poke`: one process asks and waits by turns; `reschedule`: a process for each time it is asked. */
  readonly mode: "poke" | "reschedule";
  readonly pokeIntervalMs: number;
  /** Milliseconds from the first time that a try asked until it gives up. */
  readonly timeoutMs: number;
  /** Ends as `skipped` where it would fail for good. */
  readonly softFail: boolean;
  /** Each wait is twice as long as the one before. */
  readonly exponentialBackoff: boolean;
  /** The longest wait that the backoff comes to; `null`: as long as it takes. */
  readonly maxWaitMs: number | null;
}

/**
 * What the scheduler does itself for a task, without a worker: it makes a run of another Dag of the team,
 * or waits for one. The task's arguments say which: `runId`, `logicalDate`, and of a run to make `conf`
 * and `params`.
 */
export type SerializedRunStep = TriggerStep | WaitStep;

interface RunStep {
  readonly dagId: string;
  /** How long it relies on hearing of the run's end, at most, before it looks by itself. */
  readonly pokeIntervalMs: number;
  /** States of the run in which the task succeeds; none of them is among `failedStates`. */
  readonly allowedStates: readonly DagRunState[];
  readonly failedStates: readonly DagRunState[];
}

/** Makes a run of another Dag, and may wait for its end. */
export interface TriggerStep extends RunStep {
  readonly kind: "trigger";
  readonly waitForCompletion: boolean;
  /** Has the run of that id, which it did not make, run again from the start. */
  readonly resetDagRun: boolean;
  /** Ends as `skipped` when there is a run of that id, which it did not make. */
  readonly skipWhenAlreadyExists: boolean;
  /** Fails when the Dag is paused. */
  readonly failWhenDagIsPaused: boolean;
}

/** Waits for a run that others make: by its id, by its logical date, or by that of its own run. */
export interface WaitStep extends RunStep {
  readonly kind: "wait";
  /** Milliseconds by which the other run's logical date is before its own run's. */
  readonly executionDeltaMs: number;
  /** Milliseconds after which a try gives up. */
  readonly timeoutMs: number;
  /** Ends as `skipped` when it gives up. */
  readonly softFail: boolean;
}

/**
 * What a task's result chooses among the tasks after it: of all that are named here, those not chosen are
 * skipped.
 *
 * - `boolean`: the cases are `true` and `false`, and nothing else is a choice.
 * - `value`: a text, a number, true, false or null; one that fits no case chooses `otherwise`.
 * - `task`: the id of a case's task or group, and nothing else is a choice.
 */
export interface SerializedBranch {
  readonly by: "boolean" | "value" | "task";
  /** Where in the result the value is that chooses. */
  readonly path: readonly (string | number)[];
  /** By the canonical JSON of the value that chooses; no two have the same. */
  readonly cases: readonly BranchChoice[];
  /** Ids of the tasks that are chosen when no case fits. */
  readonly otherwise: readonly string[];
}

/** The tasks that a value chooses. */
export interface BranchChoice {
  readonly json: string;
  readonly taskIds: readonly string[];
}

/** One task of a serialized Dag. */
export interface SerializedTask {
  readonly taskId: string;
  readonly args: readonly NamedTemplate[];
  /** Arguments that are mapped over: each is a list. Several make the cross product, last fastest. */
  readonly expand: readonly NamedTemplate[];
  /** Ids of all tasks this one waits for, through arguments or by order alone. */
  readonly upstream: readonly string[];
  readonly triggerRule: TriggerRule;
  /** How many times a failed attempt is followed by another. */
  readonly retries: number;
  readonly retryDelayMs: number;
  /** By how much the delay grows with every failure; at least 1. Absent: it stays as it is. */
  readonly retryBackoffFactor?: number;
  /** Milliseconds that no delay is longer than. Absent: a day. */
  readonly maxRetryDelayMs?: number;
  /** What its callbacks are to hear of, sorted. Absent: it has none. */
  readonly callbacks?: readonly CallbackEvent[];
  /** Milliseconds after which a running attempt is ended; `null`: never. */
  readonly executionTimeoutMs: number | null;
  /** Bytes that the heap of its process may have. Absent: as many as the installation says. */
  readonly memoryBytes?: number;
  readonly pool: string;
  readonly poolSlots: number;
  readonly priorityWeight: number;
  readonly cache: SerializedCacheConfig | null;
  /** Digest of the code that the task can reach. */
  readonly sourceHash: string;
  /**
   * What the task may load and nothing can follow, such as `createRequire`, by places: its results are not
   * cached. Absent: nothing.
   */
  readonly unfollowed?: readonly string[];
  /** The program that the task runs; without it, its handler in the artifact. */
  readonly command?: SerializedCommand;
  /** How its handler is asked, which answers whether what it looks for is there. */
  readonly sensor?: SerializedSensor;
  /** What the scheduler does for it; such a task has no code. */
  readonly runStep?: SerializedRunStep;
  /** What its result chooses. */
  readonly branch?: SerializedBranch;
}

/** A package at a version. */
export interface PackageVersion {
  readonly name: string;
  readonly version: string;
}

/** A package that a worker loaded. */
export interface LoadedPackage extends PackageVersion {
  /** The folder that it lies in, absolute. Absent: where is not known, as in tests. */
  readonly folder?: string;
}

/** The installed packages that a Dag's source hashes were taken of. Folders are relative to the bundle's; sorted. */
export interface DagPackages {
  /**
   * Every package that the code may load: the folder that it lies in, links followed, and a digest of its
   * files and of where the packages lie that it may import.
   */
  readonly sealed: readonly (readonly [folder: string, seal: string])[];
  /** What a name in the code of a folder meant; `null`: no package. */
  readonly named: readonly (readonly [name: string, from: string, folder: string | null])[];
}

/**
 * What a Dag's code was made from beside its artifact and its packages. Another value at run time is other
 * code or another Dag than the source hashes were taken of. Both lists are sorted.
 */
export interface DagInputs {
  /**
   * Files that were read while the Dag file was loaded, and files that its code loads by path, whose
   * content is in the source hashes: relative to the bundle's folder, with the digest that
   * `digestInput` of `@memodag/artifact` gives; `null`: there was none.
   */
  readonly files: readonly (readonly [path: string, digest: string | null])[];
  /**
   * Variables that were read while the Dag file was loaded, with the digest that `digestVariable` gives;
   * `null`: it was not set. The name `*` stands for which variables there are.
   */
  readonly env: readonly (readonly [name: string, digest: string | null])[];
}

/** A JSON schema of draft 2020-12. */
export type JsonSchema = JsonObject | boolean;

/** A Dag as data. Its canonical JSON's digest is its version. */
export interface SerializedDag {
  readonly format: typeof SERIALIZED_DAG_FORMAT;
  readonly dagId: string;
  readonly description: string | null;
  readonly schedule: string | null;
  readonly timezone: string;
  /** ISO 8601; without an offset it is in `timezone`. The first date is not before it; absent: no bound. */
  readonly startDate?: string;
  /** Likewise: the last date is not after it, nor, of a day alone, after its end. */
  readonly endDate?: string;
  readonly catchup: boolean;
  readonly maxActiveRuns: number;
  readonly maxActiveTasks: number;
  /** Longest list that a task may be mapped over. */
  readonly maxMapLength: number;
  /** Defaults of the run's params. */
  readonly params: JsonObject;
  /** JSON schemas of params by name; one that has no default has to be given. Absent: any JSON will do. */
  readonly paramSchemas?: Readonly<Record<string, JsonSchema>>;
  /** JSON schema of the whole `conf`; absent: any object will do. */
  readonly confSchema?: JsonSchema;
  readonly tags: readonly string[];
  /** False switches caching off for every task of the Dag. */
  readonly cache: boolean;
  /** Digest of the artifact that a worker runs. */
  readonly artifactDigest: string;
  /** Every package that the artifact may load, at the versions that the source hashes were taken of. */
  readonly packages: readonly PackageVersion[];
  /** The same as they were installed: a worker that loaded others ran other code. Absent: none. */
  readonly installed?: DagPackages;
  /** Absent: nothing but the artifact and its packages. */
  readonly inputs?: DagInputs;
  /** In topological order. */
  readonly tasks: readonly SerializedTask[];
}
