// What an author may say about a Dag beside its tasks, and how it is read.

import type { JsonSchema, JsonValue } from "@memodag/core";
import { LARGEST_COUNT, OptionReader } from "./option-reader.ts";
import type { Param, StandardSchema } from "./param.ts";
import { readParams, type ParamSettings } from "./params.ts";
import { readSchedule, readTime } from "./schedule.ts";
import { readTaskDefaults, type TaskDefaults } from "./task-options.ts";

/** Options of a Dag. */
export interface DagOptions {
  readonly description?: string;
  /**
   * Five cron fields, an alias such as `@daily`, or `every("15m")`; `null`, the default: only when triggered.
   */
  readonly schedule?: string | null;
  /** The IANA time zone that the schedule is read in. Default `UTC`. */
  readonly timezone?: string;
  /**
   * The schedule's dates are not before it: a `Date`, or a text of ISO 8601, which without an offset is in
   * `timezone`. Default: from when the Dag is first seen.
   */
  readonly startDate?: Date | string;
  /** The schedule's dates are not after it, nor, of a day alone, after its end. Default: for ever. */
  readonly endDate?: Date | string;
  /** True: make up for every date that has passed. Default false: for the last of them alone. */
  readonly catchup?: boolean;
  /** Runs that may be under way at a time; no scheduled run is made while as many wait or run. Default 16. */
  readonly maxActiveRuns?: number;
  /** Task instances that may be under way at a time, over all runs. Default 16. */
  readonly maxActiveTasks?: number;
  /** Longest list that a task may be mapped over. Default 10,000. */
  readonly maxMapLength?: number;
  /** Params of a run by name: defaults as JSON, or `param()`, or a validator, for those with a schema. */
  readonly params?: Readonly<Record<string, JsonValue | Param | StandardSchema>>;
  /** What `dagRun.conf` of a run has to fit, as in `param()`. Default: any object. */
  readonly confSchema?: JsonSchema | StandardSchema;
  readonly tags?: readonly string[];
  /** False switches caching off for every task. Default true: each task's own option decides. */
  readonly cache?: boolean;
  /** Options that every task has unless it says otherwise. */
  readonly defaultArgs?: TaskDefaults;
}

/** Options of a Dag as read. */
export interface DagSettings {
  readonly description: string | null;
  readonly schedule: string | null;
  readonly timezone: string;
  readonly startDate?: string;
  readonly endDate?: string;
  readonly catchup: boolean;
  readonly maxActiveRuns: number;
  readonly maxActiveTasks: number;
  readonly maxMapLength: number;
  readonly params: ParamSettings;
  /** As written; `undefined`: any object will do. */
  readonly confSchema: unknown;
  readonly tags: readonly string[];
  readonly cache: boolean;
  readonly defaultArgs: TaskDefaults;
}

const NAMES = [
  "description",
  "schedule",
  "timezone",
  "startDate",
  "endDate",
  "catchup",
  "maxActiveRuns",
  "maxActiveTasks",
  "maxMapLength",
  "params",
  "confSchema",
  "tags",
  "cache",
  "defaultArgs",
] as const;

/**
 * Reads a Dag's options.
 * @throws MemodagError `dag_invalid` naming what is wrong.
 */
export function readDagSettings(dagId: string, value: unknown): DagSettings {
  const reader = new OptionReader({ dagId }, "", value ?? {}, NAMES);
  const startDate = readTime(reader, "startDate");
  const endDate = readTime(reader, "endDate");
  return {
    description: reader.text("description", null),
    schedule: readSchedule(reader),
    timezone: reader.text("timezone", "UTC"),
    ...(startDate !== undefined && { startDate }),
    ...(endDate !== undefined && { endDate }),
    catchup: reader.flag("catchup", false),
    maxActiveRuns: reader.integer("maxActiveRuns", 16, 1, LARGEST_COUNT),
    maxActiveTasks: reader.integer("maxActiveTasks", 16, 1, LARGEST_COUNT),
    maxMapLength: reader.integer("maxMapLength", 10_000, 1, LARGEST_COUNT),
    params: readParams({ dagId }, reader),
    confSchema: reader.get("confSchema"),
    tags: reader.texts("tags"),
    cache: reader.flag("cache", true),
    defaultArgs: readTaskDefaults({ dagId }, reader.get("defaultArgs")),
  };
}
