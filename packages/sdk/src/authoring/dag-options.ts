// What an author may say about a Dag beside its tasks, and how it is read.

import type { JsonObject } from "@memodag/core";
import { literalText } from "./literal.ts";
import { OptionReader } from "./option-reader.ts";
import { isPlainObject } from "./plain-object.ts";
import { findScheduleFault, findTimezoneFault } from "./schedule.ts";
import { readTaskDefaults, type TaskDefaults } from "./task-options.ts";

/** Options of a Dag. */
export interface DagOptions {
  readonly description?: string;
  /** Five cron fields, or an alias such as `@daily`; `null`, the default: only when triggered. */
  readonly schedule?: string | null;
  /** The IANA time zone that the schedule is read in. Default `UTC`. */
  readonly timezone?: string;
  /** True: run the schedule's past dates too. Default false. */
  readonly catchup?: boolean;
  /** Runs that may be under way at a time. Default 16. */
  readonly maxActiveRuns?: number;
  /** Task instances that may be under way at a time, over all runs. Default 16. */
  readonly maxActiveTasks?: number;
  /** Longest list that a task may be mapped over. Default 10,000. */
  readonly maxMapLength?: number;
  /** Defaults of the run's params: JSON. */
  readonly params?: JsonObject;
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
  readonly catchup: boolean;
  readonly maxActiveRuns: number;
  readonly maxActiveTasks: number;
  readonly maxMapLength: number;
  readonly params: JsonObject;
  readonly tags: readonly string[];
  readonly cache: boolean;
  readonly defaultArgs: TaskDefaults;
}

const NAMES = [
  "description",
  "schedule",
  "timezone",
  "catchup",
  "maxActiveRuns",
  "maxActiveTasks",
  "maxMapLength",
  "params",
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
  return {
    description: reader.text("description", null),
    schedule: readSchedule(reader),
    timezone: readTimezone(reader),
    catchup: reader.flag("catchup", false),
    maxActiveRuns: reader.integer("maxActiveRuns", 16, 1),
    maxActiveTasks: reader.integer("maxActiveTasks", 16, 1),
    maxMapLength: reader.integer("maxMapLength", 10_000, 1),
    params: readParams(dagId, reader),
    tags: reader.texts("tags"),
    cache: reader.flag("cache", true),
    defaultArgs: readTaskDefaults({ dagId }, reader.get("defaultArgs")),
  };
}

function readSchedule(reader: OptionReader): string | null {
  if (reader.get("schedule") === null) return null;
  const schedule = reader.text("schedule", null);
  const fault = schedule === null ? undefined : findScheduleFault(schedule);
  if (fault) throw reader.fault("schedule", fault);
  return schedule;
}

function readTimezone(reader: OptionReader): string {
  const timezone = reader.text("timezone", "UTC");
  const fault = findTimezoneFault(timezone);
  if (fault) throw reader.fault("timezone", fault);
  return timezone;
}

function readParams(dagId: string, reader: OptionReader): JsonObject {
  const params = reader.get("params") ?? {};
  if (!isPlainObject(params)) throw reader.wrong("params", params, "write an object of defaults");
  return JSON.parse(literalText({ dagId }, "params", params)) as JsonObject;
}
