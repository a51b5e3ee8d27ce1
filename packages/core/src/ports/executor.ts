// The port between the scheduler and the system that runs attempts, in this process or on other machines.

import type { CacheTrust } from "../cache-trust.ts";
import type { StoredError, ValueRef } from "../dag-run.ts";
import type { Digest } from "../digest.ts";
import type { JsonObject } from "../json/json-value.ts";
import type { Reason } from "../reason.ts";
import type { Artifact, DagFileId } from "./dag-store.ts";
import type { EntrySnapshot } from "../entry.ts";
import type { AttemptRuntime } from "./task-surroundings.ts";
import type { RuntimeComponent } from "../runtime.ts";
import type {
  DagInputs,
  DagPackages,
  NamedTemplate,
  LoadedPackage,
  SerializedCommand,
  SerializedSensor,
  SerializedTask,
} from "../serialized-dag.ts";
import type { CallbackReport } from "../task-callback.ts";

/** The properties of its run that a handler can read. Dates are ISO 8601 in UTC. */
export interface AttemptContext {
  readonly dag: { readonly dagId: string };
  readonly dagRun: {
    readonly runId: string;
    readonly runType: string;
    readonly logicalDate: string | null;
    readonly conf: JsonObject;
  };
  readonly task: { readonly taskId: string };
  readonly taskInstance: {
    readonly mapIndex: number;
    readonly tryNumber: number;
    readonly maxTries: number;
    /**
     * Globally unique id of this attempt; the next attempt of the same instance has another one. Use it
     * as an idempotency key for requests of a single attempt.
     */
    readonly attemptId: string;
  };
  readonly params: JsonObject;
  readonly logicalDate: string | null;
  readonly dataInterval: { readonly start: string; readonly end: string } | null;
}

/** The program of an attempt of a command task. */
export interface AttemptCommand extends SerializedCommand {
  /**
   * Names of the variables that the program receives besides ordinary ones and its own; `null`: all.
   * Reads of a program cannot be tracked, so a cached task receives only the variables that are part of
   * its key.
   */
  readonly visibleEnv: readonly string[] | null;
}

/** How an attempt of a sensor polls. */
export interface AttemptSensor extends SerializedSensor {
  /** Milliseconds since the first poke of this try, in earlier attempts. */
  readonly waitedMs: number;
}

/** The queue of attempts that name no other. */
export const DEFAULT_QUEUE = "default";

/** Returns the queue whose workers may run a task. */
export function queueOf({ queue }: Pick<SerializedTask, "queue">): string {
  return queue ?? DEFAULT_QUEUE;
}

/** A value by reference. The executor reads the bytes, through its {@link ValueReader}. */
export interface InputRef {
  /** SHA-256 of the value's canonical JSON. */
  readonly digest: Digest;
  /** The store that holds the value, by its name in the config; `null`: the metadata database does. */
  readonly store: string | null;
  /** Size in bytes of the value's canonical JSON. */
  readonly sizeBytes: number;
}

/** The result of an upstream task, by reference; a list's members in order, `null` for one without a value. */
export type AttemptInput =
  | { readonly kind: "single"; readonly ref: InputRef }
  | { readonly kind: "mapped"; readonly refs: readonly (InputRef | null)[] };

/**
 * One attempt at a task instance: all that a worker needs, and nothing else. Plain JSON, so that it can go to
 * another process or machine: it holds no bytes and no functions.
 */
export interface Attempt {
  /** Fencing token; globally unique. */
  readonly attemptId: string;
  /** Which workers may run it. */
  readonly queue: string;
  readonly team: string;
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly tryNumber: number;
  readonly file: DagFileId;
  readonly artifactDigest: string;
  /** All arguments. For a mapped instance, those in `expand` are narrowed to its element. */
  readonly args: readonly NamedTemplate[];
  /** The values that `args` refers to, by the name that it has for them. */
  readonly results: readonly (readonly [name: string, input: AttemptInput])[];
  readonly context: AttemptContext;
  /**
   * Context paths that may be read without making the result uncacheable. `null`: all; the result is not
   * cached.
   */
  readonly declaredContext: readonly string[] | null;
  /** Dag and task are not part of the key, and reading them makes the result uncacheable. Absent: false. */
  readonly isShared?: true;
  /** Environment variables that may be read, in the same way. `null`: all. */
  readonly declaredEnv: readonly string[] | null;
  /**
   * Globs of files that may be read because they are part of the key, absolute or relative to the
   * bundle's folder. Absent: none.
   */
  readonly declaredFiles?: readonly string[];
  /**
   * Inputs of the Dag's code besides the artifact. The worker of a cached task compares them with the
   * current ones. Absent: none.
   */
  readonly inputs?: DagInputs;
  /** Entries of job caches that the key contains, and may be read without notice. Absent: none. */
  readonly entries?: readonly EntrySnapshot[];
  /** Dependencies that are not tracked, because the author vouches for them. Absent: none. */
  readonly trust?: readonly CacheTrust[];
  /**
   * The runtime with which the key was computed. A result from another runtime is not stored. Absent: not
   * cached.
   */
  readonly runtime?: AttemptRuntime;
  readonly executionTimeoutMs: number | null;
  /**
   * The span of the attempt, as W3C Trace Context writes it: code that makes spans of its own hangs them below it. It is
   * in no key. Absent: there are no traces.
   */
  readonly traceparent?: string;
  /** Maximum heap size of its process in bytes. Absent: the deployment's default. */
  readonly memoryBytes?: number;
  /** The surroundings in the key. Absent: not cached, or it runs on the machine that computed the key. */
  readonly keyed?: KeyedSurroundings;
  /** Larger starts first, where attempts wait for a worker. Absent: 1. */
  readonly priority?: number;
  /** Set if its process may have run other attempts of the task, and may run more. */
  readonly reuse?: true;
  /** Digest of the code that the task can reach, with its packages. Absent: its process runs no other attempt. */
  readonly sourceHash?: string;
  /** The program to run. Absent: the task's handler in the artifact. */
  readonly command?: AttemptCommand;
  /** How the handler is polled, for a sensor. */
  readonly sensor?: AttemptSensor;
  /** Set for a task that waits for an answer from a person. */
  readonly hitl?: true;
  /** Its worker runs nothing, and reports a skip at once. Absent: it is a task's. */
  readonly probe?: true;
  /** The report for a callback, which is called instead of the handler. Absent: the task itself runs. */
  readonly callback?: CallbackReport;
}

/**
 * The part of an attempt's key that depends on the machine which computed it. A worker of another machine compares it with its
 * own: a difference makes the result uncacheable.
 */
export interface KeyedSurroundings {
  readonly task: SerializedTask;
  readonly packages: DagPackages;
  readonly runtime: RuntimeComponent;
  /** Digests of the declared files by pattern; `null`: none is declared. */
  readonly files: Readonly<Record<string, Digest>> | null;
}

/** The bytes of an {@link AttemptInput}: each value's canonical JSON. */
export type AttemptResult =
  | { readonly kind: "single"; readonly bytes: Uint8Array }
  | { readonly kind: "mapped"; readonly items: readonly (Uint8Array | null)[] };

/** A value that an attempt pushed, as canonical JSON in UTF-8. */
export interface PushedXCom {
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** The outcome of an attempt. Durations are milliseconds, of the handler only. */
export type AttemptOutcome =
  | {
      readonly kind: "succeeded";
      /** Always includes `return_value`. */
      readonly xcoms: readonly PushedXCom[];
      readonly durationMs: number;
      /** Why the result must not be stored; `null` if it may be. */
      readonly uncacheable: Reason | null;
      /** All packages that the worker loaded, including those loaded late. */
      readonly packages: readonly LoadedPackage[];
      /** Start time of the worker in milliseconds since the Unix epoch. Absent if unknown. */
      readonly spawnedAt?: number;
      /** When the handler says that the result expires, in milliseconds since the Unix epoch. Absent: it did not say. */
      readonly expiresAt?: number;
    }
  | {
      /** For a sensor: its condition does not hold yet, and another attempt continues the same try. */
      readonly kind: "rescheduled";
      /** Milliseconds until the next poke. */
      readonly afterMs: number;
      readonly durationMs: number;
    }
  | {
      readonly kind: "failed";
      readonly error: StoredError;
      readonly durationMs: number;
      /** False if the author ruled out another try. */
      readonly retryable: boolean;
      /**
       * Why the failure must not be cached, as for a success. If this or `packages` is absent, it is
       * unknown whether the failure depends only on the key, and it is not cached either.
       */
      readonly uncacheable?: Reason | null;
      /** All packages that the worker loaded, as for a success. */
      readonly packages?: readonly LoadedPackage[];
      readonly spawnedAt?: number;
    }
  | {
      /** The task reported that there was nothing to do. */
      readonly kind: "skipped";
      readonly reason: string;
      readonly durationMs: number;
    };

/** Where an executor finds the code of attempts. */
export interface ArtifactSource {
  /** @throws MemodagError `artifact_not_found` */
  getArtifact(digest: Digest): Promise<Artifact>;
}

/** Where an executor finds the values that attempts refer to. Any rejection is a fault of the infrastructure. */
export interface ValueReader {
  /** Values by digest; what is not there, or is damaged, is not in the map. */
  read(team: string, refs: Iterable<ValueRef>): Promise<ReadonlyMap<Digest, Uint8Array>>;
}

/** A value where it is. Its reader checks the digest: nothing else has. */
export type OpenValue =
  /** An address that reads this value alone, without credentials, for some minutes. */
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "stream"; readonly stream: ReadableStream<Uint8Array> };

/** Which forms of an open value its reader can use. */
export interface OpenValueOptions {
  /** True: an address will do. */
  readonly mayGrant: boolean;
}

/** A {@link ValueReader} that also reads large values without holding them in memory. */
export interface ValueSource extends ValueReader {
  /** Opens a value; undefined if it is not there, or its store can only read it whole. */
  open?(team: string, ref: ValueRef, options: OpenValueOptions): Promise<OpenValue | undefined>;
}

/** Events of an executor: for each attempt `started` at most and `finished` in the end, in that order. */
export type ExecutorEvent =
  | {
      readonly kind: "started";
      readonly attemptId: string;
      /** Absent: a process of another machine. */
      readonly pid?: number;
      /** The host and the process, for people. */
      readonly where: string;
    }
  | { readonly kind: "finished"; readonly attemptId: string; readonly outcome: AttemptOutcome };

/** Hears an executor. Its methods return at once and do not throw. */
export interface ExecutorListener {
  /** At least once for each event: one that is repeated says the same. */
  onEvent(event: ExecutorEvent): void;
  /** The capacity of any queue may have changed. */
  onCapacity(): void;
}

/** `unknown`: the executor never had the attempt, or has lost it, or its end was settled. */
export interface AttemptStatus {
  readonly attemptId: string;
  readonly state: "running" | "ended" | "unknown";
}

/**
 * Runs attempts. Attempts may outlive the process that submitted them; `attemptId` fences them. The contract is
 * exported as tests by `@memodag/executor/testing`.
 *
 * A method that returns a promise may reject when the infrastructure behind it is away: the caller repeats it, and
 * no task fails of it.
 */
export interface Executor {
  /** True when attempts go on after `close` and without this process, for another one to adopt. */
  readonly outlives: boolean;
  /** How many more attempts of a queue may be submitted now, as far as is known; changes are pushed. */
  capacity(queue: string): number;
  /** Sets who hears this executor; one at a time. */
  listen(listener: ExecutorListener): void;
  /**
   * Hands an attempt over. `accepted`: its end will be an event, and so will a failure to start it. `full`: the
   * executor has no room for it and does not have it. An attempt that it has, running or ended and not settled, is
   * `accepted` again and runs once, so that a call whose answer was lost can be repeated.
   */
  submit(attempt: Attempt): Promise<"accepted" | "full">;
  /**
   * Returns the status of each of these attempts. Their events come from now on, and those that were not settled come
   * again: `started` of one that has started, `finished` of one that has ended.
   */
  adopt(attemptIds: readonly string[]): Promise<readonly AttemptStatus[]>;
  /** Forgets the ends of these attempts, which are recorded. Nothing happens to one that runs. */
  settle(attemptIds: readonly string[]): Promise<void>;
  /**
   * Ends an attempt: asks, then kills. Its `finished` event follows, with `error` unless it had ended by itself.
   * Nothing happens to one that is not known or has ended.
   */
  cancel(attemptId: string, error: StoredError): Promise<void>;
  /**
   * Takes nothing more, and resolves when this process runs nothing more: what runs in it may end for `graceMs`
   * milliseconds, and is then ended with `attempt_lost`.
   */
  close(graceMs: number): Promise<void>;
}
