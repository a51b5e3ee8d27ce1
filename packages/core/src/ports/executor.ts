// The narrow waist between the scheduler and whatever runs attempts. A distributed queue fits behind it.

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

/** What a handler may read of its run. Dates are ISO 8601 in UTC. */
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
     * Names this attempt, unique for ever: the next one at the same instance has another. Systems that take
     * an idempotency key take it for what one attempt does.
     */
    readonly attemptId: string;
  };
  readonly params: JsonObject;
  readonly logicalDate: string | null;
  readonly dataInterval: { readonly start: string; readonly end: string } | null;
}

/** The program of an attempt at a command task. */
export interface AttemptCommand extends SerializedCommand {
  /**
   * Names of the variables that it gets beside ordinary ones and its own; `null`: all there are. Nobody
   * can watch which ones a program reads, so that of a cached task gets those alone that are in its key.
   */
  readonly visibleEnv: readonly string[] | null;
}

/** How an attempt at a sensor asks. */
export interface AttemptSensor extends SerializedSensor {
  /** Milliseconds since the first poke of this try, in attempts before this one. */
  readonly waitedMs: number;
}

/** One attempt at a task instance: all that a worker needs, and nothing else. */
export interface Attempt {
  /** Fencing token; unique for ever. */
  readonly attemptId: string;
  readonly team: string;
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly tryNumber: number;
  readonly file: DagFileId;
  readonly artifactDigest: string;
  /** Every argument by name; for a mapped instance, `expand` names are already narrowed to its element. */
  readonly args: readonly NamedTemplate[];
  /** The values that `args` refers to: each upstream's canonical JSON, a list's members in order. */
  readonly results: ReadonlyMap<string, AttemptResult>;
  readonly context: AttemptContext;
  /** Context paths that may be read without making the result uncacheable; `null`: all, no cache. */
  readonly declaredContext: readonly string[] | null;
  /** Environment variables that may be read likewise; `null`: all. */
  readonly declaredEnv: readonly string[] | null;
  /**
   * Globs of files that may be read likewise, relative to the bundle's folder or absolute; they are in the
   * key. Absent: none.
   */
  readonly declaredFiles?: readonly string[];
  /**
   * What the code of the key was made from beside the artifact: a worker of a cached task compares. Absent:
   * nothing.
   */
  readonly inputs?: DagInputs;
  /** What is not watched, since the author vouches for it. Absent: nothing. */
  readonly trust?: readonly CacheTrust[];
  /** What the key was made with; a result from another runtime is not stored. Absent: no cache. */
  readonly runtime?: AttemptRuntime;
  readonly executionTimeoutMs: number | null;
  /** Bytes that the heap of its process may have. Absent: as many as the installation says. */
  readonly memoryBytes?: number;
  /** The program to run; without it, the task's handler in the artifact. */
  readonly command?: AttemptCommand;
  /** How the handler is asked, until it says that what it looks for is there. */
  readonly sensor?: AttemptSensor;
  /** What the task's callback is told, which is called in place of its handler; absent: the task is run. */
  readonly callback?: CallbackReport;
}

/** Which XCom of an attempt's run. */
export interface XComAddress {
  readonly taskId: string;
  readonly mapIndex: number;
  readonly key: string;
}

/** What running attempts may ask for, each about its own team and run alone. */
export interface AttemptQueries {
  /** The canonical JSON of an XCom; `undefined`: there is none. */
  findXCom(attempt: Attempt, address: XComAddress): Promise<Uint8Array | undefined>;
  /** The text of an admin's variable; `undefined`: there is none. */
  findVariable(attempt: Attempt, name: string): Promise<string | undefined>;
}

/** An upstream task's value as a worker gets it. */
export type AttemptResult =
  | { readonly kind: "single"; readonly bytes: Uint8Array }
  | { readonly kind: "mapped"; readonly items: readonly (Uint8Array | null)[] };

/** A value that an attempt pushed: canonical JSON in UTF-8. */
export interface PushedXCom {
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** How an attempt ended. Durations are milliseconds of the handler alone. */
export type AttemptOutcome =
  | {
      readonly kind: "succeeded";
      /** With `return_value` always among them. */
      readonly xcoms: readonly PushedXCom[];
      readonly durationMs: number;
      /** Why the result must not be stored; `null`: nothing. */
      readonly uncacheable: Reason | null;
      /** The packages that the worker loaded, late ones included. */
      readonly packages: readonly LoadedPackage[];
      /** When the worker was started, in milliseconds since the Unix epoch. Absent: it is not known. */
      readonly spawnedAt?: number;
    }
  | {
      /** A sensor's: what it looks for is not there, and the same try goes on in another attempt. */
      readonly kind: "rescheduled";
      /** Milliseconds until it asks again. */
      readonly afterMs: number;
      readonly durationMs: number;
    }
  | {
      readonly kind: "failed";
      readonly error: StoredError;
      readonly durationMs: number;
      /** False when the author said that another try is of no use. */
      readonly retryable: boolean;
      /**
       * Why the failure must not be remembered, as for a success. Without it and `packages` nobody
       * vouches that it came of what is in the key alone, and it is not remembered either.
       */
      readonly uncacheable?: Reason | null;
      /** The packages that the worker loaded, as for a success. */
      readonly packages?: readonly LoadedPackage[];
      readonly spawnedAt?: number;
    }
  | {
      /** The task said that there is nothing for it to do. */
      readonly kind: "skipped";
      readonly reason: string;
      readonly durationMs: number;
    };

/** What an executor reports, in order for each attempt. */
export type ExecutorEvent =
  | { readonly kind: "started"; readonly attemptId: string; readonly pid: number }
  | { readonly kind: "finished"; readonly attemptId: string; readonly outcome: AttemptOutcome };

/** Runs attempts. */
export interface Executor {
  /** How many more attempts may be submitted now. */
  freeSlots(): number;
  /**
   * Starts an attempt; its outcome is an event, a failure to start included. Never throws: one for which
   * there is no slot any more ends with `attempt_lost`.
   */
  submit(attempt: Attempt): void;
  /** Ends an attempt: asks, then kills. Its `finished` event follows. */
  cancel(attemptId: string, error: StoredError): void;
  /** Sets who hears events. */
  onEvent(listener: (event: ExecutorEvent) => void): void;
  /** Lets what runs end for `graceMs` milliseconds, kills the rest, and resolves when all are gone. */
  shutdown(graceMs: number): Promise<void>;
}
