// What an author may say about a task that makes a run of another Dag or waits for one, and how it is read.

import { DAG_RUN_STATES, findIsoTime, type DagRunState, type SerializedRunStep } from "@memodag/core";
import type { JsonArgument } from "./arguments.ts";
import { dagInvalid, show, type FaultPlace } from "./dag-fault.ts";
import { IDENTIFIER_RULE, isIdentifier } from "./identifier.ts";
import { OptionReader } from "./option-reader.ts";
import { isPlainObject } from "./plain-object.ts";
import { findTarget } from "./ref-target.ts";
import { DEFAULT_POKE_INTERVAL_MS, DEFAULT_SENSOR_TIMEOUT_MS } from "./sensor-options.ts";
import { readTaskSettings, type TaskDefaults, type TaskSettings } from "./task-options.ts";
import type { TaskRef } from "./task-ref.ts";

/** Options of a task that the scheduler carries out itself. Times are seconds, or texts such as `"30s"`. */
interface RunStepOptions extends Pick<TaskDefaults, (typeof SETTING_NAMES)[number]> {
  /** The other Dag; of the same team. */
  readonly dagId: string;
  /** At the latest after this time the other run is looked at. Its end is heard of at once. Default one minute. */
  readonly pokeInterval?: number | string;
  /** States of the other run in which the task succeeds. Default `["success"]`. */
  readonly allowedStates?: readonly DagRunState[];
  /** States of the other run in which the task fails. Default `["failed"]`. */
  readonly failedStates?: readonly DagRunState[];
}

/** A JSON object, a task's result that is one, or an object with results in it. */
type ObjectArgument = TaskRef<object> | { readonly [name: string]: JsonArgument };

/** Options of a task that makes a run of another Dag. */
export interface TriggerDagRunOptions extends RunStepOptions, Pick<TaskDefaults, "executionTimeout"> {
  /** What the run's tasks find in `dagRun.conf`; may hold results of this Dag's tasks. Default `{}`. */
  readonly conf?: ObjectArgument;
  /** Params, over the other Dag's defaults. */
  readonly params?: ObjectArgument;
  /** The run's id. Default: one that tells of this task's try. A run of that id that is there is a failure. */
  readonly runId?: string | TaskRef<string>;
  /** The run's logical date, in ISO 8601. Default: none. */
  readonly logicalDate?: string | Date | TaskRef<string>;
  /** True: the task ends when the run does, and as the run does. It takes no slot meanwhile. Default false. */
  readonly waitForCompletion?: boolean;
  /** True: a run of that id that is there runs again from the start, with the conf it has. Default false. */
  readonly resetDagRun?: boolean;
  /** True: the task is skipped when there is a run of that id. Default false. */
  readonly skipWhenAlreadyExists?: boolean;
  /** True: the task fails when the other Dag is paused. Default false. */
  readonly failWhenDagIsPaused?: boolean;
  /** Means nothing here, where waiting never takes a slot; Dags written for Airflow say it. */
  readonly deferrable?: boolean;
}

/** Options of a task that waits for a run which it does not make. */
export interface WaitForDagRunOptions extends RunStepOptions {
  /** The run's id. */
  readonly runId?: string | TaskRef<string>;
  /** The run's logical date, in ISO 8601. Default: that of the task's own run, less `executionDelta`. */
  readonly logicalDate?: string | Date | TaskRef<string>;
  /** How much earlier the other run's logical date is than that of the task's own run. Default 0. */
  readonly executionDelta?: number | string;
  /** How long a try waits. Default seven days. */
  readonly timeout?: number | string;
  /** True: the task is skipped when the time is over. Default false. */
  readonly softFail?: boolean;
}

/** A run step as read. */
export interface RunStepDeclaration {
  readonly runStep: SerializedRunStep;
  readonly settings: TaskSettings;
  /** What says which run, to be read as a task's arguments are. */
  readonly args: Readonly<Record<string, unknown>>;
}

/** Options of any task that mean something without a worker. */
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
const STEP_NAMES = [
  "taskId",
  "dagId",
  "pokeInterval",
  "allowedStates",
  "failedStates",
  "runId",
  "logicalDate",
];
const TRIGGER_NAMES = [
  ...STEP_NAMES,
  "conf",
  "params",
  "waitForCompletion",
  "resetDagRun",
  "skipWhenAlreadyExists",
  "failWhenDagIsPaused",
  "deferrable",
  "executionTimeout",
  ...SETTING_NAMES,
];
const WAIT_NAMES = [...STEP_NAMES, "executionDelta", "timeout", "softFail", ...SETTING_NAMES];

/**
 * Reads the options of a task that makes a run.
 * @throws MemodagError `dag_invalid` naming what is wrong.
 */
export function readTriggerOptions(
  place: FaultPlace,
  value: unknown,
  defaults: TaskDefaults,
): RunStepDeclaration {
  const reader = new OptionReader(place, "", value, TRIGGER_NAMES);
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
  const settings = readSettings(place, reader, [...SETTING_NAMES, "executionTimeout"], defaults);
  return { runStep, settings, args };
}

/**
 * Reads the options of a task that waits for a run.
 * @throws MemodagError `dag_invalid` naming what is wrong.
 */
export function readWaitOptions(
  place: FaultPlace,
  value: unknown,
  defaults: TaskDefaults,
): RunStepDeclaration {
  const reader = new OptionReader(place, "", value, WAIT_NAMES);
  const named = ["runId", "logicalDate", "executionDelta"].filter((name) => reader.get(name) !== undefined);
  if (named.length > 1) {
    throw dagInvalid(place, {
      problem: `${named.join(" and ")} each say which run it waits for`,
      mend: "leave all but one out",
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
  if (!isIdentifier(dagId)) throw reader.wrong("dagId", dagId, `name the other Dag; ${IDENTIFIER_RULE}`);
  const allowed = readStates(reader, "allowedStates", "success");
  // As in Airflow: a list without a state allows none, which is never meant.
  const allowedStates: readonly DagRunState[] = allowed.length === 0 ? ["success"] : allowed;
  const failedStates = readStates(reader, "failedStates", "failed");
  const both = failedStates.find((state) => allowedStates.includes(state));
  if (both !== undefined) {
    throw reader.fault("failedStates", {
      problem: `names ${show(both)}, which allowedStates names too`,
      mend: "name it in one of them",
    });
  }
  const pokeIntervalMs = reader.duration("pokeInterval", DEFAULT_POKE_INTERVAL_MS, 1);
  return { dagId, pokeIntervalMs, allowedStates, failedStates };
}

function readStates(reader: OptionReader, name: string, whenAbsent: DagRunState): DagRunState[] {
  if (reader.get(name) === undefined) return [whenAbsent];
  return reader.texts(name).map((text) => {
    const state = DAG_RUN_STATES.find((known) => known === text);
    if (state !== undefined) return state;
    const mend = `name states of a run: ${DAG_RUN_STATES.join(", ")}`;
    throw reader.fault(name, { problem: `names ${show(text)}`, mend });
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
  const value = reader.get("logicalDate");
  if (value === undefined || findTarget(value)) return value;
  const time = value instanceof Date ? value.getTime() : typeof value === "string" ? findIsoTime(value) : NaN;
  if (time !== undefined && !Number.isNaN(time)) return new Date(time).toISOString();
  throw reader.wrong("logicalDate", value, "write a date or a time of ISO 8601, such as 2026-11-03T06:00Z");
}

function readObject(reader: OptionReader, name: string): unknown {
  const value = reader.get(name);
  if (value === undefined || findTarget(value) || isPlainObject(value)) return value;
  throw reader.wrong(name, value, "write an object, or a task's result that is one");
}

function readSettings(
  place: FaultPlace,
  reader: OptionReader,
  names: readonly string[],
  defaults: TaskDefaults,
): TaskSettings {
  const given = names.map((name) => [name, reader.get(name)] as const);
  return readTaskSettings(place, Object.fromEntries(given), defaults);
}
