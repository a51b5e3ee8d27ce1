// What a scheduler is made of, and its settings.

import type {
  CallbackStore,
  Clock,
  DagStore,
  Executor,
  Live,
  Logger,
  RunStore,
  Surroundings,
} from "@memodag/core";
import type { CacheLeases, DecisionLog, ResultCache, SecretRules, Values } from "@memodag/result-cache";
import type { SchedulerListener } from "../context/run-context.ts";

/** Settings of a scheduler. Times in milliseconds. */
export interface SchedulerOptions {
  /** How long a lease lasts that nobody renews; it is renewed three times as often. */
  readonly leaseMs: number;
  /** How often the database is asked for new runs when nothing wakes the scheduler. */
  readonly pollMs: Live<number>;
  /** Runs held at once, at most; those that only wait for a time or for another run do not count. */
  readonly maxRuns: Live<number>;
  /** The admin's ttl for tasks that name none; `null`: never expires. */
  readonly defaultTtlMs: Live<number | null>;
  /** Bytes of all arguments of an instance together, above which it is not cached. */
  readonly maxInputSize: Live<number>;
  /** Slots by pool; {@link DEFAULT_POOLS} unless said otherwise. The same for every scheduler. */
  readonly poolSlots?: ReadonlyMap<string, number>;
  /** How long a callback may run; a minute unless said otherwise. */
  readonly callbackTimeoutMs?: Live<number>;
  /** Only runs of this Dag, and callbacks that are owed by them. */
  readonly dag?: { readonly team: string; readonly dagId: string };
  /** Of that Dag's runs these alone, by number; and runs that they wait for. */
  readonly runs?: readonly number[];
}

/** The parts of a scheduler. */
export interface SchedulerParts {
  readonly runs: RunStore;
  /** What is owed to authors; without it no callback is called. */
  readonly callbacks?: CallbackStore;
  readonly dags: DagStore;
  readonly cache: ResultCache;
  /** The values of XComs, wherever they are. */
  readonly values: Values;
  /** Leases of cache keys; without them `serialize` means nothing. */
  readonly keyLeases?: CacheLeases;
  /** Explains misses; without it they have no explanation. */
  readonly decisionLog?: DecisionLog;
  readonly executor: Executor;
  readonly clock: Clock;
  readonly log: Logger;
  /** Which switch turns caching off, in words; `null`: none does. */
  readonly cachingOffReason: () => string | null;
  /** Which names a record must not show, and the key under which their digests are kept. */
  readonly secrets: SecretRules;
  /** Looks at the machine of the workers; without it that is this process's, and no file is looked at. */
  readonly surroundings?: Surroundings;
  /** The environment that workers will see. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly listener?: SchedulerListener;
  /** From 0 to 1, the latter left out; `Math.random` unless said otherwise. */
  readonly random?: () => number;
  readonly options: SchedulerOptions;
}

/** The pool that tasks are of unless they say otherwise, and its slots. */
export const DEFAULT_POOLS: ReadonlyMap<string, number> = new Map([["default_pool", 128]]);

/** How long a run rests after a pass that a fault ended, or that cannot be loaded, in milliseconds. */
export const FAULT_REST_MS = 1_000;
