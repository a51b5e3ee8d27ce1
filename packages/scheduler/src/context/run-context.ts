// The parts and settings that a scheduler shares with the execution of every run that it holds.

import type {
  Clock,
  KeyMaker,
  KeyMemos,
  DagRun,
  DagStore,
  Live,
  Logger,
  RunStore,
  Surroundings,
  TaskInstance,
  TryWrites,
} from "@memodag/core";
import type { DecisionLog, KeyLocks, ResultCaches, SecretRules, Values } from "@memodag/result-cache";
import type { CallbackCaller } from "../callbacks/callback-caller.ts";
import type { AttemptRouter } from "../attempts/attempt-router.ts";
import type { AwaitedRuns } from "../steps/awaited-runs.ts";
import type { RunEntries } from "../entries/run-entries.ts";
import type { LimitLedger } from "../attempts/limit-ledger.ts";
import type { ValueWorker } from "../values/value-worker.ts";

/** Notified of what was written about runs; must not throw. */
export interface SchedulerListener {
  /** `before`: the state that the database had; `null`: it had no row. */
  instanceChanged?(run: DagRun, instance: TaskInstance, before: TaskInstance["state"] | null): void;
  /** Tries got a slot, or have ended. */
  triesChanged?(run: DagRun, tries: TryWrites): void;
  /** `isCancelled`: another process ended the run. Default: false. */
  runChanged?(run: DagRun, isCancelled?: boolean): void;
  /** A run failed to load several times in a row; it is tried again at growing intervals. */
  runNotLoaded?(run: DagRun, reason: string): void;
}

/** The parts and settings that the runs of one scheduler share. */
export interface RunContext {
  readonly runs: RunStore;
  readonly dags: DagStore;
  readonly caches: ResultCaches;
  /** Locks of cache keys; without them, `serialize` has no effect. */
  readonly keyLocks: KeyLocks | undefined;
  /** Explains misses; without it, misses have no explanation. */
  readonly decisionLog: DecisionLog | undefined;
  readonly attempts: AttemptRouter;
  /** Calls users' callbacks; without it, callbacks are disabled. */
  readonly callbacks: CallbackCaller | undefined;
  readonly limits: LimitLedger;
  /** Runs that tasks wait for. */
  readonly awaited: AwaitedRuns;
  /**
   * A task has created a run. If the task waits for it, this process ensures that a scheduler executes it.
   */
  readonly onRunMade: (run: DagRun, isAwaited: boolean) => void;
  /** False when a lease may have expired unnoticed: nothing may start until it is renewed. */
  readonly areLeasesSure: () => boolean;
  readonly values: ValueWorker;
  /** The values of XComs, wherever they are. */
  readonly xcomValues: Values;
  /** Entries of job caches; without it, there are none. */
  readonly entries: RunEntries | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly listener: SchedulerListener;
  /** The owner name in the runs' leases. */
  readonly owner: string;
  /** Why caching is switched off; `null`: it is on. Read in each pass. */
  readonly cachingOffReason: () => string | null;
  /** Milliseconds; `null`: never expires. */
  readonly defaultTtlMs: Live<number | null>;
  /** Total bytes of the arguments above which an instance is not cached. */
  readonly maxInputSize: Live<number>;
  /** The same for arguments of which only fields are in the key. */
  readonly maxProjectedSize: Live<number>;
  /** Calls key functions; without it, tasks that have one are not cached. */
  readonly keyMaker: KeyMaker | undefined;
  /** Remembers answers of pure key functions; without it, they are asked each time. */
  readonly keyMemos: KeyMemos | undefined;
  /** Milliseconds in which a thousand answers have to arrive. */
  readonly keyTimeoutMs: Live<number>;
  /** The share of hits under weakened keys that run and are compared, from 0 to 1. */
  readonly recheckShare: Live<number>;
  /** Which names are secrets in records, and the key of their digests. */
  readonly secrets: SecretRules;
  /** Examines the workers' machine. */
  readonly surroundings: Surroundings;
  /** The environment that workers will see. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly newAttemptId: () => string;
  /** Bytes of results that a pass holds before it writes them. Default: 32 MiB. */
  readonly maxUncommittedBytes?: number;
  /** From 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
}
