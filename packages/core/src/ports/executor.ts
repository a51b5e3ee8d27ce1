// The port between the scheduler and the system that runs attempts. A distributed queue can implement it.

import type { CacheTrust } from "../cache-trust.ts";
import type { StoredError } from "../dag-run.ts";
import type { JsonObject } from "../json/json-value.ts";
import type { Reason } from "../reason.ts";
import type { DagFileId } from "./dag-store.ts";
import type { AttemptRuntime } from "./task-surroundings.ts";
import type {
  DagInputs,
  NamedTemplate,
  LoadedPackage,
  SerializedCommand,
  SerializedSensor,
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

/** One attempt of a task instance: everything that a worker needs, and nothing else. */
export interface Attempt {
  /** Fencing token; globally unique. */
  readonly attemptId: string;
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
  /**
   * The values that `args` refers to: the canonical JSON of each upstream result, with list members in
   * order.
   */
  readonly results: ReadonlyMap<string, AttemptResult>;
  readonly context: AttemptContext;
  /**
   * Context paths that may be read without making the result uncacheable. `null`: all; the result is not
   * cached.
   */
  readonly declaredContext: readonly string[] | null;
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
  /** Dependencies that are not tracked, because the author vouches for them. Absent: none. */
  readonly trust?: readonly CacheTrust[];
  /**
   * The runtime with which the key was computed. A result from another runtime is not stored. Absent: not
   * cached.
   */
  readonly runtime?: AttemptRuntime;
  readonly executionTimeoutMs: number | null;
  /** Maximum heap size of its process in bytes. Absent: the deployment's default. */
  readonly memoryBytes?: number;
  /** The program to run. Absent: the task's handler in the artifact. */
  readonly command?: AttemptCommand;
  /** How the handler is polled, for a sensor. */
  readonly sensor?: AttemptSensor;
  /** The report for a callback, which is called instead of the handler. Absent: the task itself runs. */
  readonly callback?: CallbackReport;
}

/** Selects an XCom of an attempt's run. */
export interface XComAddress {
  readonly taskId: string;
  readonly mapIndex: number;
  readonly key: string;
}

/** Queries of running attempts, each restricted to its own team and run. */
export interface AttemptQueries {
  /** Returns the canonical JSON of an XCom, or `undefined`. */
  findXCom(attempt: Attempt, address: XComAddress): Promise<Uint8Array | undefined>;
  /** Returns the value of a configured variable, or `undefined`. */
  findVariable(attempt: Attempt, name: string): Promise<string | undefined>;
}

/** The value of an upstream task as a worker receives it. */
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

/** Events of an executor, in order for each attempt. */
export type ExecutorEvent =
  | { readonly kind: "started"; readonly attemptId: string; readonly pid: number }
  | { readonly kind: "finished"; readonly attemptId: string; readonly outcome: AttemptOutcome };

/** Runs attempts. */
export interface Executor {
  /** Number of attempts that can be submitted now. */
  freeSlots(): number;
  /**
   * Starts an attempt. Its outcome is reported as an event, even if it cannot be started. Never throws:
   * if no slot is free, the attempt ends with `attempt_lost`.
   */
  submit(attempt: Attempt): void;
  /** Terminates an attempt, first gracefully, then forcibly. Its `finished` event follows. */
  cancel(attemptId: string, error: StoredError): void;
  /** Sets the listener of events. */
  onEvent(listener: (event: ExecutorEvent) => void): void;
  /**
   * Gives running attempts `graceMs` milliseconds to end, kills the rest, and resolves when all have
   * ended.
   */
  shutdown(graceMs: number): Promise<void>;
}
