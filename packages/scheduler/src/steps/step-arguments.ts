// Reads the resolved arguments of a run step: which run it refers to, and the contents of a new one.

import {
  findIsoTime,
  MemodagError,
  type DagRun,
  type JsonObject,
  type JsonValue,
  type WaitStep,
  type WantedRun,
} from "@memodag/core";

/** The arguments of a run step, which may contain anything that other tasks returned. */
export type StepArguments = Readonly<Record<string, JsonValue>>;

/** The contents of a run to create. */
export interface RunOrder {
  /** `null`: an id derived from the task. */
  readonly runId: string | null;
  readonly conf: JsonObject;
  readonly params: JsonObject;
  /** Milliseconds since the Unix epoch; `null`: none. */
  readonly logicalDate: number | null;
}

/** Longest id of a run, in characters. */
const LONGEST_RUN_ID = 250;

/** @throws MemodagError `conf_invalid` naming the invalid argument. */
export function readRunOrder(args: StepArguments): RunOrder {
  return {
    runId: readRunId(args),
    conf: readObject(args, "conf"),
    params: readObject(args, "params"),
    logicalDate: readDate(args),
  };
}

/**
 * The run that a task of `own` waits for.
 * @throws MemodagError `conf_invalid`; `dag_run_not_found` when no run is named, or the run is `own`
 */
export function readWantedRun(own: DagRun, step: WaitStep, args: StepArguments): WantedRun {
  const dag = { team: own.team, dagId: step.dagId };
  const runId = readRunId(args);
  const named = readDate(args);
  const isOwnDag = step.dagId === own.dagId;
  if (runId !== null) {
    if (isOwnDag && runId === own.runId) throw waitsForItself(own);
    return { ...dag, runId };
  }
  if (named === null && own.logicalDate === null) {
    throw new MemodagError(
      "dag_run_not_found",
      `Run "${own.runId}" has no logical date to match with a run of Dag "${step.dagId}": ` +
        "run it with --logical-date, or set runId or logicalDate in waitForDagRun",
      { fields: { dagId: step.dagId } },
    );
  }
  const logicalDate = named ?? (own.logicalDate ?? 0) - step.executionDeltaMs;
  if (isOwnDag && logicalDate === own.logicalDate) throw waitsForItself(own);
  return { ...dag, logicalDate };
}

function readRunId(args: StepArguments): string | null {
  const value = args["runId"];
  if (value === undefined) return null;
  const isId = typeof value === "string" && value !== "" && value.length <= LONGEST_RUN_ID;
  // Not every database preserves these characters: the stored id would be a different one.
  if (isId && value.isWellFormed() && !value.includes("\u0000")) return value;
  throw wrong(
    "runId",
    value,
    `a string of 1 to ${LONGEST_RUN_ID} characters without U+0000 and lone surrogates`,
  );
}

function readObject(args: StepArguments, name: string): JsonObject {
  const value = args[name];
  if (value === undefined) return {};
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw wrong(name, value, "an object, or the result of a task that returns one");
}

function readDate(args: StepArguments): number | null {
  const value = args["logicalDate"];
  if (value === undefined) return null;
  const time = typeof value === "string" ? findIsoTime(value) : undefined;
  if (time !== undefined) return time;
  throw wrong("logicalDate", value, "an ISO 8601 time, such as 2026-11-03T06:00Z");
}

function wrong(name: string, value: JsonValue, expected: string): MemodagError {
  const isShown = value !== null && typeof value !== "object";
  const kind = Array.isArray(value) ? "a list" : value === null ? "null" : `a ${typeof value}`;
  const found = isShown ? `${kind} ${JSON.stringify(value).slice(0, 80)}` : kind;
  return new MemodagError("conf_invalid", `${name} must be ${expected}; got ${found}`, { fields: { name } });
}

function waitsForItself({ dagId, runId }: DagRun): MemodagError {
  return new MemodagError(
    "dag_run_not_found",
    `Run "${runId}" waits for itself, and would never end: set another Dag, run or date in waitForDagRun`,
    { fields: { dagId, runId } },
  );
}
