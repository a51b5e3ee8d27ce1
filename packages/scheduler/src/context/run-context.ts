// What every run's execution gets from the scheduler that holds it.

import type {
  Clock,
  DagRun,
  DagStore,
  Live,
  Logger,
  RunStore,
  Surroundings,
  TaskInstance,
} from "@memodag/core";
import type { CacheLeases, DecisionLog, ResultCache, SecretRules, Values } from "@memodag/result-cache";
import type { CallbackCaller } from "../callbacks/callback-caller.ts";
import type { AttemptRouter } from "../attempts/attempt-router.ts";
import type { AwaitedRuns } from "../steps/awaited-runs.ts";
import type { LimitBook } from "../attempts/limit-book.ts";
import type { ValueWorker } from "../values/value-worker.ts";

/** Hears of what has been written about runs; must not throw. */
export interface SchedulerListener {
  instanceChanged?(run: DagRun, instance: TaskInstance): void;
  runChanged?(run: DagRun): void;
  /** A run could not be loaded again and again; it goes on being tried, ever more rarely. */
  runNotLoaded?(run: DagRun, reason: string): void;
}

/** The parts and settings that the runs of one scheduler share. */
export interface RunContext {
  readonly runs: RunStore;
  readonly dags: DagStore;
  readonly cache: ResultCache;
  /** Of cache keys; without them `serialize` means nothing. */
  readonly keyLeases: CacheLeases | undefined;
  /** Explains misses; without it they have no explanation. */
  readonly decisionLog: DecisionLog | undefined;
  readonly attempts: AttemptRouter;
  /** Calls what authors want to be told; without it nobody is. */
  readonly callbacks: CallbackCaller | undefined;
  readonly limits: LimitBook;
  /** Runs that tasks wait for. */
  readonly awaited: AwaitedRuns;
  /** A task has made a run; when it waits for its end, this process sees to it that somebody brings it there. */
  readonly onRunMade: (run: DagRun, isAwaited: boolean) => void;
  /** False when a lease may have expired unnoticed: nothing may be started until it is renewed. */
  readonly areLeasesSure: () => boolean;
  readonly values: ValueWorker;
  /** The values of XComs, wherever they are. */
  readonly xcomValues: Values;
  readonly clock: Clock;
  readonly log: Logger;
  readonly listener: SchedulerListener;
  /** Holder of the runs' leases. */
  readonly owner: string;
  /** Which switch turns caching off, in words; `null`: none does. Read at each pass. */
  readonly cachingOffReason: () => string | null;
  /** Milliseconds; `null`: never expires. */
  readonly defaultTtlMs: Live<number | null>;
  /** Bytes of all arguments together, above which an instance is not cached. */
  readonly maxInputSize: Live<number>;
  /** Which names a record must not show, and the key under which their digests are kept. */
  readonly secrets: SecretRules;
  /** Looks at the machine of the workers. */
  readonly surroundings: Surroundings;
  /** The environment that workers will see. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly newAttemptId: () => string;
  /** From 0 to 1, the latter left out. */
  readonly random: () => number;
}
