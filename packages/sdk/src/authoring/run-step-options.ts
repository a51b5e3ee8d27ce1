// Options of a task that triggers or waits for a run of another Dag, and how they are read.

import { DAG_RUN_STATES, findIsoTime, type DagRunState, type SerializedRunStep } from "@memodag/core";
import type { JsonArgument } from "./arguments.ts";
import { dagInvalid, show, type FaultPlace } from "./dag-fault.ts";
import { IDENTIFIER_RULE, isIdentifier } from "./identifier.ts";
import { OptionReader } from "./option-reader.ts";
import { isPlainObject } from "./plain-object.ts";
import { findTarget } from "./ref-target.ts";
import { DEFAULT_POKE_INTERVAL_MS, DEFAULT_SENSOR_TIMEOUT_MS } from "./sensor-options.ts";
import {
  readTaskSettings,
  type DagTaskDefaults,
  type TaskDefaults,
  type TaskSettings,
} from "./task-options.ts";
import type { TaskRef } from "./task-ref.ts";

/**
 * Options of a task that the scheduler carries out itself. Durations are seconds, or strings such
 * as `"30s"`.
 */
interface RunStepOptions extends Pick<TaskDefaults, (typeof SETTING_NAMES)[number]> {
  /** Id of the other Dag, which must belong to the same team. */
  readonly dagId: string;
  /**
   * Longest time between checks of the other run. The end of the run is noticed at once. Default:
   * one minute.
   */
  readonly pokeInterval?: number | string;
  /** States of the other run in which this task succeeds. Default: `["success"]`. */
  readonly allowedStates?: readonly DagRunState[];
  /** States of the other run in which this task fails. Default: `["failed"]`. */
  readonly failedStates?: readonly DagRunState[];
}

/** A JSON object, a ref to a task result that is one, or an object that contains refs. */
type ObjectArgument = TaskRef<object> | { readonly [name: string]: JsonArgument };

/**
 * Options of a task that triggers a run of another Dag.
 *
 * @example
 * ```ts
 * dag.triggerDagRun("report", { dagId: "report", conf: { rows: load() }, waitForCompletion: true });
 * ```
 */
export interface TriggerDagRunOptions extends RunStepOptions, Pick<TaskDefaults, "executionTimeout"> {
  /** The new run's `dagRun.conf`. It may contain results of this Dag's tasks. Default: `{}`. */
  readonly conf?: ObjectArgument;
  /** Params of the new run. They override the other Dag's defaults. */
  readonly params?: ObjectArgument;
  /**
   * Id of the new run. Default: derived from this task's run and try. If a run with this id exists,
   * the task fails.
   */
  readonly runId?: string | TaskRef<string>;
  /** Logical date of the new run, in ISO 8601. Default, and `null`: none. */
  readonly logicalDate?: string | Date | TaskRef<string> | null;
  /**
   * If true, the task waits for the new run without taking a slot, and ends with its state.
   * Default: false.
   */
  readonly waitForCompletion?: boolean;
  /**
   * If true and a run with this id exists, that run starts again with its existing conf. Default:
   * false.
   */
  readonly resetDagRun?: boolean;
  /** If true and a run with this id exists, the task is skipped. Default: false. */
  readonly skipWhenAlreadyExists?: boolean;
  /** If true, the task fails when the other Dag is paused. Default: false. */
  readonly failWhenDagIsPaused?: boolean;
  /** Ignored: waiting never takes a slot. Accepted for Dags ported from Airflow. */
  readonly deferrable?: boolean;
}

/**
 * Options of a task that waits for a run of another Dag.
 *
 * @example
 * ```ts
 * dag.waitForDagRun("upstream", { dagId: "ingest", executionDelta: "1h", timeout: "6h" });
 * ```
 */
export interface WaitForDagRunOptions extends RunStepOptions {
  /** Id of the run to wait for. */
  readonly runId?: string | TaskRef<string>;
  /**
   * Logical date of the run to wait for, in ISO 8601. Default: the logical date of the task's own
   * run minus `executionDelta`.
   */
  readonly logicalDate?: string | Date | TaskRef<string>;
  /**
   * How much earlier the other run's logical date is than that of the task's own run. Default: 0.
   */
  readonly executionDelta?: number | string;
  /** Maximum duration of one try. Default: seven days. */
  readonly timeout?: number | string;
  /** If true, the task is skipped instead of failed when it times out. Default: false. */
  readonly softFail?: boolean;
}

/** A run step after reading. */
export interface RunStepDeclaration {
  readonly runStep: SerializedRunStep;
  readonly settings: TaskSettings;
  /** Arguments that identify the run. They are read like a task's arguments. */
  readonly args: Readonly<Record<string, unknown>>;
}

/** Task options that apply without a worker. */
const SETTING_NAMES = [
  "retries",
  "retryDelay",
  "retryExponentialBackoff",
  "maxRetryDelay",
  "triggerRule",
  "onSuccess",
  "onFailure",
  "onRetry",
] as const;
const TRIGGER_SETTINGS = [...SETTING_NAMES, "executionTimeout"] as const;
const STEP_NAMES = ["dagId", "pokeInterval", "allowedStates", "failedStates", "runId", "logicalDate"];
const RUN_NAMES = [
  ...STEP_NAMES,
  "conf",
  "params",
  "waitForCompletion",
  "resetDagRun",
  "skipWhenAlreadyExists",
  "failWhenDagIsPaused",
  "deferrable",
];
const TRIGGER_NAMES = ["taskId", ...RUN_NAMES, ...TRIGGER_SETTINGS];
const WAIT_NAMES = ["taskId", ...STEP_NAMES, "executionDelta", "timeout", "softFail", ...SETTING_NAMES];

/**
 * Reads the options of a task that triggers a run.
 * @throws MemodagError `dag_invalid` naming the invalid option.
 */
export function readTriggerOptions(
  place: FaultPlace,
  value: unknown,
  defaults: DagTaskDefaults,
): RunStepDeclaration {
  const reader = new OptionReader(place, "", value, TRIGGER_NAMES);
  return { ...readRun(reader), settings: readSettings(place, reader, TRIGGER_SETTINGS, defaults) };
}

/**
 * Reads a task that was declared with `triggerDagRun(spec)`, and its options.
 * @throws MemodagError `dag_invalid` naming the invalid option.
 */
export function readTriggerTask(
  place: FaultPlace,
  spec: unknown,
  options: unknown,
  defaults: DagTaskDefaults,
): RunStepDeclaration {
  const run = new OptionReader(place, "triggerDagRun.", spec, RUN_NAMES);
  const task = new OptionReader(place, "", options ?? {}, ["taskId", "queue", ...TRIGGER_SETTINGS]);
  task.text("queue", undefined);
  return { ...readRun(run), settings: readSettings(place, task, TRIGGER_SETTINGS, defaults) };
}

function readRun(reader: OptionReader): Pick<RunStepDeclaration, "runStep" | "args"> {
  reader.flag("deferrable", false);
  const runStep = {
    kind: "trigger" as const,
    ...readStep(reader),
    waitForCompletion: reader.flag("waitForCompletion", false),
    resetDagRun: reader.flag("resetDagRun", false),
    skipWhenAlreadyExists: reader.flag("skipWhenAlreadyExists", false),
    failWhenDagIsPaused: reader.flag("failWhenDagIsPaused", false),
  };
  const args = {
    ...readRunName(reader),
    conf: readObject(reader, "conf"),
    params: readObject(reader, "params"),
  };
  return { runStep, args };
}

/**
 * Reads the options of a task that waits for a run.
 * @throws MemodagError `dag_invalid` naming the invalid option.
 */
export function readWaitOptions(
  place: FaultPlace,
  value: unknown,
  defaults: DagTaskDefaults,
): RunStepDeclaration {
  const reader = new OptionReader(place, "", value, WAIT_NAMES);
  const named = ["runId", "logicalDate", "executionDelta"].filter((name) => reader.get(name) !== undefined);
  if (named.length > 1) {
    throw dagInvalid(place, {
      problem: `${named.join(" and ")} both select the run to wait for`,
      fix: "keep one of them",
    });
  }
  const runStep = {
    kind: "wait" as const,
    ...readStep(reader),
    executionDeltaMs: reader.duration("executionDelta", 0, 0),
    timeoutMs: reader.duration("timeout", DEFAULT_SENSOR_TIMEOUT_MS, 0),
    softFail: reader.flag("softFail", false),
  };
  return {
    runStep,
    settings: readSettings(place, reader, SETTING_NAMES, defaults),
    args: readRunName(reader),
  };
}

function readStep(reader: OptionReader) {
  const dagId = reader.get("dagId");
  if (!isIdentifier(dagId))
    throw reader.wrong("dagId", dagId, `use the id of the other Dag; ${IDENTIFIER_RULE}`);
  const allowed = readStates(reader, "allowedStates", "success");
  // As in Airflow, an empty list means the default: allowing no state would be pointless.
  const allowedStates: readonly DagRunState[] = allowed.length === 0 ? ["success"] : allowed;
  const failedStates = readStates(reader, "failedStates", "failed");
  const both = failedStates.find((state) => allowedStates.includes(state));
  if (both !== undefined) {
    throw reader.fault("failedStates", {
      problem: `contains ${show(both)}, and so does allowedStates`,
      fix: "list it in only one of them",
    });
  }
  const pokeIntervalMs = reader.duration("pokeInterval", DEFAULT_POKE_INTERVAL_MS, 1);
  return { dagId, pokeIntervalMs, allowedStates, failedStates };
}

function readStates(reader: OptionReader, name: string, whenAbsent: DagRunState): DagRunState[] {
  if (reader.get(name) === undefined) return [whenAbsent];
  return reader.strings(name).map((text) => {
    const state = DAG_RUN_STATES.find((known) => known === text);
    if (state !== undefined) return state;
    const fix = `use states of a run: ${DAG_RUN_STATES.join(", ")}`;
    throw reader.fault(name, { problem: `names ${show(text)}`, fix });
  });
}

function readRunName(reader: OptionReader) {
  return { runId: readRunId(reader), logicalDate: readLogicalDate(reader) };
}

function readRunId(reader: OptionReader): unknown {
  const value = reader.get("runId");
  return findTarget(value) ? value : reader.text("runId", undefined);
}

function readLogicalDate(reader: OptionReader): unknown {
  // Airflow's spelling of no logical date is null.
  const value = reader.get("logicalDate") ?? undefined;
  if (value === undefined || findTarget(value)) return value;
  const time = value instanceof Date ? value.getTime() : typeof value === "string" ? findIsoTime(value) : NaN;
  if (time !== undefined && !Number.isNaN(time)) return new Date(time).toISOString();
  throw reader.wrong("logicalDate", value, "use an ISO 8601 date or time, such as 2026-11-03T06:00Z");
}

function readObject(reader: OptionReader, name: string): unknown {
  const value = reader.get(name);
  if (value === undefined || findTarget(value) || isPlainObject(value)) return value;
  throw reader.wrong(name, value, "use an object, or the ref of a task that returns one");
}

function readSettings(
  place: FaultPlace,
  reader: OptionReader,
  names: readonly string[],
  defaults: DagTaskDefaults,
): TaskSettings {
  const given = names.map((name) => [name, reader.get(name)] as const);
  return readTaskSettings(place, Object.fromEntries(given), defaults);
}
