// What an author may say about a task beside its handler, and how it is read.

import { TRIGGER_RULES, type SerializedCacheConfig, type TriggerRule } from "@memodag/core";
import type { TaskCallbacks } from "../context/callback-context.ts";
import { readCacheConfig, type CacheConfig } from "./cache-config.ts";
import type { FaultPlace } from "./dag-fault.ts";
import { LARGEST_COUNT, OptionReader } from "./option-reader.ts";
import { readBackoff, readCallbacks, type BackoffSettings, type CallbackFunctions } from "./retry-options.ts";

/** Options of a task that a Dag may give a default for. */
export interface TaskDefaults extends TaskCallbacks {
  /** How many times a failed attempt is followed by another. Default 0. */
  readonly retries?: number;
  /** Wait before the next attempt: seconds, or a text such as `"30s"`. Default one second. */
  readonly retryDelay?: number | string;
  /**
   * By how much the wait grows with every failure: `true` doubles it, a number is the factor. What is waited
   * lies anywhere between that and twice as long, so that tasks that failed together do not come back
   * together. Default: it does not grow, and is kept to the millisecond.
   */
  readonly retryExponentialBackoff?: boolean | number;
  /** No wait is longer: seconds, or a text such as `"10m"`. Default a day. */
  readonly maxRetryDelay?: number | string;
  /** How long an attempt may run: seconds, or a text such as `"1h"`. Default: for ever. */
  readonly executionTimeout?: number | string;
  /**
   * How large the JavaScript heap of an attempt's process may become, such as `"4GB"`; from 64MiB to 1TiB. Means
   * nothing to a command. Default: `[worker] node_options` in the config, and then what Node takes.
   */
  readonly memory?: string;
  /** When the task may start, given how its upstream ended. Default `all_success`. */
  readonly triggerRule?: TriggerRule;
  /** The pool that the task takes slots of. Default `default_pool`. */
  readonly pool?: string;
  /** Slots that an attempt takes. Default 1. */
  readonly poolSlots?: number;
  /** Larger goes first where there is not room for all. Default 1. */
  readonly priorityWeight?: number;
}

/** Options of a task. `Name` is the union of its arguments' names. */
export interface TaskOptions<Name extends string = string> extends TaskDefaults {
  /** Whether and how results are remembered. `true` is `{}`. Default false. */
  readonly cache?: boolean | CacheConfig<Name>;
}

/** Options of a task whose id is not given apart. */
export interface NamedTaskOptions<Name extends string = string> extends TaskOptions<Name> {
  /** Default: the handler's name. */
  readonly taskId?: string;
}

/** Options of a task as read. */
export interface TaskSettings extends BackoffSettings {
  readonly retries: number;
  readonly retryDelayMs: number;
  /** Absent: none. */
  readonly callbacks?: CallbackFunctions;
  readonly executionTimeoutMs: number | null;
  /** Absent: as the installation says. */
  readonly memoryBytes?: number;
  readonly triggerRule: TriggerRule;
  readonly pool: string;
  readonly poolSlots: number;
  readonly priorityWeight: number;
  readonly cache: SerializedCacheConfig | null;
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
  "onSuccess",
  "onFailure",
  "onRetry",
] as const;

/** Names of the options that any task has. */
export const TASK_OPTION_NAMES: readonly (keyof TaskOptions)[] = [...DEFAULT_NAMES, "cache"];

const DEFAULT_RETRY_DELAY_MS = 1_000;
const MOST_RETRIES = 10_000;
const LARGEST_WEIGHT = 1_000_000_000;

/**
 * Reads a Dag's `defaultArgs`, to be laid under every task's options.
 * @throws MemodagError `dag_invalid` naming what is wrong.
 */
export function readTaskDefaults(place: FaultPlace, value: unknown): TaskDefaults {
  const options = value ?? {};
  readSettings(new OptionReader(place, "defaultArgs.", options, DEFAULT_NAMES));
  return { ...(options as TaskDefaults) };
}

/**
 * Reads a task's options over its Dag's defaults.
 * @throws MemodagError `dag_invalid` naming what is wrong.
 */
export function readTaskSettings(place: FaultPlace, value: unknown, defaults: TaskDefaults): TaskSettings {
  // Checked alone first, so that a default cannot hide what is no object at all.
  const own = new OptionReader(place, "", value ?? {}, [...TASK_OPTION_NAMES, "taskId"]);
  const given = DEFAULT_NAMES.filter((name) => own.get(name) !== undefined);
  const merged = { ...defaults, ...Object.fromEntries(given.map((name) => [name, own.get(name)])) };
  const settings = readSettings(new OptionReader(place, "", merged, DEFAULT_NAMES));
  return { ...settings, cache: readCacheConfig(place, own) };
}

function readSettings(reader: OptionReader): Omit<TaskSettings, "cache"> {
  return {
    retries: reader.integer("retries", 0, 0, MOST_RETRIES),
    retryDelayMs: reader.duration("retryDelay", DEFAULT_RETRY_DELAY_MS, 0),
    ...readBackoff(reader),
    ...readCallbacks(reader),
    executionTimeoutMs: reader.duration("executionTimeout", null, 1),
    ...readMemory(reader),
    triggerRule: readTriggerRule(reader),
    pool: reader.text("pool", "default_pool"),
    poolSlots: reader.integer("poolSlots", 1, 1, LARGEST_COUNT),
    priorityWeight: reader.integer("priorityWeight", 1, -LARGEST_WEIGHT, LARGEST_WEIGHT),
  };
}

const LEAST_MEMORY = 64 * 2 ** 20;
const MOST_MEMORY = 2 ** 40;

function readMemory(reader: OptionReader): { readonly memoryBytes?: number } {
  const memoryBytes = reader.size("memory", LEAST_MEMORY, MOST_MEMORY);
  return memoryBytes === null ? {} : { memoryBytes };
}

function readTriggerRule(reader: OptionReader): TriggerRule {
  const value = reader.get("triggerRule");
  if (value === undefined) return "all_success";
  const rule = TRIGGER_RULES.find((known) => known === value);
  if (rule !== undefined) return rule;
  throw reader.wrong("triggerRule", value, `write one of ${TRIGGER_RULES.join(", ")}`);
}
