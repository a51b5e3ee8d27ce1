// The parts and settings of a scheduler.

import {
  withCallTimeouts,
  type CallbackStore,
  type Clock,
  type DagStore,
  type Executor,
  type KeyMaker,
  type KeyMemos,
  type Live,
  type Logger,
  type RunStore,
  type Surroundings,
} from "@memodag/core";
import type {
  DecisionLog,
  KeyLocks,
  NamedCaches,
  ResultCache,
  SecretRules,
  Values,
} from "@memodag/result-cache";
import type { RunEntries } from "../entries/run-entries.ts";
import type { SchedulerListener } from "../context/run-context.ts";

/** Settings of a scheduler. Times in milliseconds. */
export interface SchedulerOptions {
  /** How long a lease lasts without renewal; it is renewed three times as often. */
  readonly leaseMs: number;
  /** The interval at which the database is queried for new runs if nothing wakes the scheduler. */
  readonly pollMs: Live<number>;
  /** Runs held at once, at most; those that only wait for a time or for another run do not count. */
  readonly maxRuns: Live<number>;
  /** The deployment's ttl for tasks without their own; `null`: never expires. */
  readonly defaultTtlMs: Live<number | null>;
  /** Total bytes of an instance's arguments above which it is not cached. */
  readonly maxInputSize: Live<number>;
  /** The same for arguments of which only fields are part of the key. */
  readonly maxProjectedSize: Live<number>;
  /** Milliseconds in which a thousand answers of key functions have to arrive; defaults to 5,000. */
  readonly keyTimeoutMs?: Live<number>;
  /** The share of hits under weakened keys that run and are compared, from 0 to 1; defaults to none. */
  readonly recheckShare?: Live<number>;
  /** Slots by pool; defaults to DEFAULT_POOLS of the core. Must be the same for every scheduler. */
  readonly poolSlots?: ReadonlyMap<string, number>;
  /** How long a callback may run; defaults to one minute. */
  readonly callbackTimeoutMs?: Live<number>;
  /** Only runs of this Dag, and their callbacks. */
  readonly dag?: { readonly team: string; readonly dagId: string };
  /** Only these runs of that Dag, by number, and runs that they wait for. */
  readonly runs?: readonly number[];
}

/** The parts of a scheduler. */
export interface SchedulerParts {
  readonly runs: RunStore;
  /** The callbacks to call; without it, callbacks are disabled. */
  readonly callbacks?: CallbackStore;
  readonly dags: DagStore;
  readonly cache: ResultCache;
  /** The caches of stores that tasks name; without it, they use `cache`. */
  readonly namedCaches?: NamedCaches;
  /** The values of XComs, wherever they are. */
  readonly values: Values;
  /** Entries of job caches; without it, there are none. */
  readonly entries?: RunEntries;
  /** Locks of cache keys; without them `serialize` means nothing. */
  readonly keyLocks?: KeyLocks;
  /** Calls key functions; without it, tasks that have one are not cached. */
  readonly keyMaker?: KeyMaker;
  /** Remembers answers of pure key functions; without it, they are asked each time. */
  readonly keyMemos?: KeyMemos;
  /** Explains misses; without it, misses have no explanation. */
  readonly decisionLog?: DecisionLog;
  readonly executor: Executor;
  readonly clock: Clock;
  readonly log: Logger;
  /** Why caching is switched off; `null`: it is on. */
  readonly cachingOffReason: () => string | null;
  /** Which names are secrets in records, and the key of their digests. */
  readonly secrets: SecretRules;
  /** Examines the workers' machine; defaults to this process's, without files. */
  readonly surroundings?: Surroundings;
  /** The environment that workers will see. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly listener?: SchedulerListener;
  /** From 0 (inclusive) to 1 (exclusive); defaults to `Math.random`. */
  readonly random?: () => number;
  readonly options: SchedulerOptions;
}

/** How long a run waits after a pass that failed, or when it cannot be loaded, in milliseconds. */
export const FAULT_REST_MS = 1_000;

/** No wait for the database is without limit; values and the cache have timeouts of their own. */
export function withTimeouts(parts: SchedulerParts): SchedulerParts {
  const { clock, callbacks } = parts;
  return {
    ...parts,
    runs: withCallTimeouts(parts.runs, "runs", clock),
    dags: withCallTimeouts(parts.dags, "dags", clock),
    ...(callbacks && { callbacks: withCallTimeouts(callbacks, "callbacks", clock) }),
  };
}
