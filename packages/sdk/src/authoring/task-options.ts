// Options of a task and how they are read.

import { TRIGGER_RULES, type SerializedCacheConfig, type TriggerRule } from "@memodag/core";
import {
  CALLBACK_OPTIONS,
  TRANSACTION_OPTIONS,
  type TaskCallbacks,
  type TransactionCallbacks,
} from "../context/callback-context.ts";
import type { CacheConfig } from "./cache-config.ts";
import type { CachePolicy } from "./cache-policy.ts";
import type { FaultPlace } from "./dag-fault.ts";
import { LARGEST_COUNT, OptionReader } from "./option-reader.ts";
import { readCacheConfig, readCacheRules } from "./read-cache-config.ts";
import type { AnyKeyFunction } from "./key-function.ts";
import { readBackoff, readCallbacks, type BackoffSettings, type CallbackFunctions } from "./retry-options.ts";

/** Task options for which a Dag can set defaults in `defaultArgs`. */
export interface TaskDefaults extends TaskCallbacks {
  /** Number of further attempts after a failed one. Default: 0. */
  readonly retries?: number;
  /** Delay before the next attempt: seconds, or a string such as `"30s"`. Default: one second. */
  readonly retryDelay?: number | string;
  /**
   * Growth of the delay with every failure: `true` doubles it, a number is the factor. The actual
   * delay is random, between one and two times the computed one, so that tasks which failed
   * together do not retry together. Default: the delay is constant and exact.
   */
  readonly retryExponentialBackoff?: boolean | number;
  /** Maximum delay before an attempt: seconds, or a string such as `"10m"`. Default: one day. */
  readonly maxRetryDelay?: number | string;
  /** Maximum duration of an attempt: seconds, or a string such as `"1h"`. Default: no maximum. */
  readonly executionTimeout?: number | string;
  /**
   * Maximum size of the JavaScript heap of an attempt's process, such as `"4GB"`; from 64MiB to
   * 1TiB. Ignored for commands. Default: `node_options` of `[worker]` in the config, or else Node's
   * own default.
   */
  readonly memory?: string;
  /**
   * Condition on the states of the upstream tasks under which this task starts. Default:
   * `all_success`.
   */
  readonly triggerRule?: TriggerRule;
  /** Pool from which attempts take their slots. Default: `default_pool`. */
  readonly pool?: string;
  /** Number of pool slots that an attempt takes. Default: 1. */
  readonly poolSlots?: number;
  /**
   * Queue whose workers run attempts, where `[core] executor` of the config names a queue of workers on other machines;
   * it has no effect otherwise. It is not part of the cache key. Default: `default`.
   */
  readonly queue?: string;
  /**
   * Priority when slots are scarce: tasks with a larger weight start first; of equal ones, that with the longest path
   * ahead of it, as the latest runs took. Default: 1.
   */
  readonly priorityWeight?: number;
}

/** Options that a Dag can set for all of its tasks. */
export interface DagTaskDefaults extends TaskDefaults {
  /**
   * The meaning of `cache: true` in the Dag: a policy, or the options of `cache`. It does not enable caching, and a task
   * with options or a policy of its own uses its `keyStorage` and `resultStorage` alone. Default: `{}`.
   */
  readonly cache?: CachePolicy | CacheConfig<never, object>;
}

/**
 * Options of a task. `Name` is the union of its argument names, `Args` the type of its arguments.
 *
 * @example
 * ```ts
 * const train = dag.task("train", trainModel, {
 *   cache: { ttl: "7d" },
 *   retries: 3,
 *   retryDelay: "30s",
 *   retryExponentialBackoff: true,
 *   executionTimeout: "1h",
 *   pool: "gpu",
 * });
 * ```
 */
export interface TaskOptions<Name extends string = string, Args extends object = object>
  extends TaskDefaults, TransactionCallbacks {
  /**
   * Enables and configures caching of results: a policy, or an object. `true` stands for the Dag's `defaultArgs.cache`,
   * or else `{}`. Default: false.
   */
  readonly cache?: boolean | CachePolicy<Name, Args> | CacheConfig<Name, Args>;
  /**
   * Runs many attempts in one process, one after the other: for many small mapped tasks, whose processes would take
   * longer than they do. Whatever a handler leaves in its modules is there in the next attempt. A cached task is
   * accepted only if the code that its handler can reach leaves nothing there; otherwise the Dag file is `dag_invalid`,
   * with the place. Default: false, a process for each attempt.
   *
   * @example
   * ```ts
   * const square = dag.task("square", ({ n }: { n: number }) => n * n, { cache: true, reuse: true });
   * square.expand({ n: [1, 2, 3] });
   * ```
   */
  readonly reuse?: boolean;
}

/** Options of a task that is declared without an id argument. */
export interface NamedTaskOptions<
  Name extends string = string,
  Args extends object = object,
> extends TaskOptions<Name, Args> {
  /** Default: the name of the handler function. */
  readonly taskId?: string;
}

/** The options of a task after reading. */
export interface TaskSettings extends BackoffSettings {
  readonly retries: number;
  readonly retryDelayMs: number;
  /** Absent if there are none. */
  readonly callbacks?: CallbackFunctions;
  readonly executionTimeoutMs: number | null;
  /** Absent: the deployment's default. */
  readonly memoryBytes?: number;
  readonly triggerRule: TriggerRule;
  readonly pool: string;
  readonly poolSlots: number;
  readonly priorityWeight: number;
  /** Absent: the default queue. */
  readonly queue?: string;
  readonly cache: SerializedCacheConfig | null;
  /** True if one process runs many attempts. Absent: false. */
  readonly reuse?: true;
  /** True if the cache policy puts no argument into the key: the task must have none. Absent: false. */
  readonly hasNoInputs?: true;
  /** The function whose answer is part of the key. Absent: none. */
  readonly keyFunction?: AnyKeyFunction;
}

const DEFAULT_NAMES = [
  "retries",
  "retryDelay",
  "retryExponentialBackoff",
  "maxRetryDelay",
  "executionTimeout",
  "memory",
  "triggerRule",
  "pool",
  "poolSlots",
  "priorityWeight",
  "queue",
  "onSuccess",
  "onFailure",
  "onRetry",
] as const;

/** Names of the options that a Dag has no defaults for, as they are for tasks in transactions alone. */
const TRANSACTION_NAMES = Object.values(TRANSACTION_OPTIONS);

/** Names of the options that every task accepts. `reuse` is for tasks with a handler alone. */
export const TASK_OPTION_NAMES: readonly (keyof TaskOptions)[] = [
  ...DEFAULT_NAMES,
  ...TRANSACTION_NAMES,
  "cache",
];

const DEFAULT_RETRY_DELAY_MS = 1_000;
const MOST_RETRIES = 10_000;
const LARGEST_WEIGHT = 1_000_000_000;

/**
 * Reads a Dag's `defaultArgs`.
 * @throws MemodagError `dag_invalid` naming the invalid option.
 */
export function readTaskDefaults(place: FaultPlace, value: unknown): DagTaskDefaults {
  const options = value ?? {};
  const reader = new OptionReader(place, "defaultArgs.", options, [...DEFAULT_NAMES, "cache"]);
  readSettings(reader);
  const cache = reader.get("cache");
  if (typeof cache === "boolean") {
    throw reader.wrong(
      "cache",
      cache,
      'use what cache: true shall mean, such as { ttl: "7d" } or a policy; a task opts in itself',
    );
  }
  if (cache !== undefined) readCacheRules(place, reader, cache, "defaultArgs.cache.");
  return { ...(options as DagTaskDefaults) };
}

/**
 * Reads a task's options, with the Dag's defaults applied.
 * @throws MemodagError `dag_invalid` naming the invalid option.
 */
export function readTaskSettings(
  place: FaultPlace,
  value: unknown,
  { cache: meansTrue, ...defaults }: DagTaskDefaults,
): TaskSettings {
  // Check the task's own options first: merging with the defaults would hide a value that is not an
  // object.
  const own = new OptionReader(place, "", value ?? {}, [...TASK_OPTION_NAMES, "taskId", "reuse"]);
  const known = [...DEFAULT_NAMES, ...TRANSACTION_NAMES];
  const given = known.filter((name) => own.get(name) !== undefined);
  const merged = { ...defaults, ...Object.fromEntries(given.map((name) => [name, own.get(name)])) };
  const settings = readSettings(new OptionReader(place, "", merged, known));
  const cache = readCacheConfig(place, own, meansTrue);
  const reuse = own.flag("reuse", false);
  return {
    ...settings,
    ...(reuse && { reuse }),
    cache: cache && cache.config,
    ...(cache?.hasNoInputs && { hasNoInputs: true as const }),
    ...(cache?.keyFunction && { keyFunction: cache.keyFunction }),
  };
}

function readSettings(
  reader: OptionReader,
): Omit<TaskSettings, "cache" | "reuse" | "hasNoInputs" | "keyFunction"> {
  const queue = reader.text("queue", undefined);
  const callbacks = readCallbacks(reader, CALLBACK_OPTIONS);
  return {
    retries: reader.integer("retries", 0, 0, MOST_RETRIES),
    retryDelayMs: reader.duration("retryDelay", DEFAULT_RETRY_DELAY_MS, 0),
    ...readBackoff(reader),
    ...(callbacks.size > 0 && { callbacks }),
    executionTimeoutMs: reader.duration("executionTimeout", null, 1),
    ...readMemory(reader),
    triggerRule: reader.choice("triggerRule", TRIGGER_RULES) ?? "all_success",
    pool: reader.text("pool", "default_pool"),
    poolSlots: reader.integer("poolSlots", 1, 1, LARGEST_COUNT),
    priorityWeight: reader.integer("priorityWeight", 1, -LARGEST_WEIGHT, LARGEST_WEIGHT),
    ...(queue !== undefined && { queue }),
  };
}

const LEAST_MEMORY = 64 * 2 ** 20;
const MOST_MEMORY = 2 ** 40;

function readMemory(reader: OptionReader): { readonly memoryBytes?: number } {
  const memoryBytes = reader.size("memory", LEAST_MEMORY, MOST_MEMORY);
  return memoryBytes === null ? {} : { memoryBytes };
}
