// Options of a Dag and how they are read.

import type { JsonSchema } from "@memodag/core";
import { LARGEST_COUNT, OptionReader } from "./option-reader.ts";
import type { ParamDeclarations } from "../schemas/param-types.ts";
import { readParams, type ParamSettings } from "./params.ts";
import { readSchedule, readTime } from "./schedule.ts";
import type { StandardSchema } from "../schemas/standard-schema.ts";
import { readTaskDefaults, type DagTaskDefaults } from "./task-options.ts";

/**
 * Options of a Dag.
 *
 * @example
 * ```ts
 * const dag = new Dag("report", {
 *   schedule: "0 6 * * *",
 *   timezone: "Europe/Berlin",
 *   startDate: "2026-01-01",
 *   params: { depth: 3 },
 *   defaultArgs: { retries: 2, retryDelay: "30s" },
 * });
 * ```
 */
export interface DagOptions<Params extends ParamDeclarations = ParamDeclarations> {
  readonly description?: string;
  /**
   * A cron expression of five fields, an alias such as `@daily`, or `every("15m")`. `null` means
   * the Dag runs only when triggered. Default: `null`.
   */
  readonly schedule?: string | null;
  /** IANA time zone in which the schedule is evaluated. Default: `UTC`. */
  readonly timezone?: string;
  /**
   * Earliest date of the schedule: a `Date`, or an ISO 8601 string, which is in `timezone` if it
   * has no offset. Default: the time at which the Dag is first seen.
   */
  readonly startDate?: Date | string;
  /**
   * Latest date of the schedule, inclusive; a date without a time includes the whole day. Default:
   * no end.
   */
  readonly endDate?: Date | string;
  /**
   * If true, a run is created for every date missed. If false, only for the latest. Default: false.
   */
  readonly catchup?: boolean;
  /**
   * Maximum number of concurrent runs. No scheduled run is created while this many are queued or
   * running. Default: 16.
   */
  readonly maxActiveRuns?: number;
  /** Maximum number of concurrent task instances across all runs of the Dag. Default: 16. */
  readonly maxActiveTasks?: number;
  /** Maximum length of a list that a task is mapped over. Default: 10,000. */
  readonly maxMapLength?: number;
  /**
   * Params of a run, by name: a JSON default, or {@link param} or a Standard Schema validator to
   * add a schema, which also types the param in `getContext<typeof dag>()`.
   */
  readonly params?: Params;
  /** Schema that the `conf` of a run must match, as in {@link param}. Default: any object. */
  readonly confSchema?: JsonSchema | StandardSchema;
  readonly tags?: readonly string[];
  /**
   * If false, no task of the Dag is cached. Default: true, which leaves it to each task's `cache`
   * option.
   */
  readonly cache?: boolean;
  /** Default of the tasks' `queue`, as in `defaultArgs`. */
  readonly queue?: string;
  /** Default options for every task. A task's own options take precedence. */
  readonly defaultArgs?: DagTaskDefaults;
}

/** The options of a Dag after reading. */
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
  /** As written by the author. `undefined` accepts any object. */
  readonly confSchema: unknown;
  readonly tags: readonly string[];
  readonly cache: boolean;
  readonly defaultArgs: DagTaskDefaults;
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
  "queue",
  "defaultArgs",
] as const;

/**
 * Reads a Dag's options.
 * @throws MemodagError `dag_invalid` naming the invalid option.
 */
export function readDagSettings(dagId: string, value: unknown): DagSettings {
  const reader = new OptionReader({ dagId }, "", value ?? {}, NAMES);
  const startDate = readTime(reader, "startDate");
  const endDate = readTime(reader, "endDate");
  const queue = reader.text("queue", undefined);
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
    tags: reader.strings("tags"),
    cache: reader.flag("cache", true),
    defaultArgs: {
      ...(queue !== undefined && { queue }),
      ...readTaskDefaults({ dagId }, reader.get("defaultArgs")),
    },
  };
}
