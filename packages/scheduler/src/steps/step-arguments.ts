// Reads what a run step's arguments came to: which run it is about, and what a new one is given.

import {
  findIsoTime,
  MemodagError,
  type DagRun,
  type JsonObject,
  type JsonValue,
  type WaitStep,
  type WantedRun,
} from "@memodag/core";

/** The arguments of a run step, which may hold whatever other tasks returned. */
export type StepArguments = Readonly<Record<string, JsonValue>>;

/** What a run to make is given. */
export interface RunOrder {
  /** `null`: one that tells of the task. */
  readonly runId: string | null;
  readonly conf: JsonObject;
  readonly params: JsonObject;
  /** Milliseconds since the Unix epoch; `null`: none. */
  readonly logicalDate: number | null;
}

/** Longest id of a run, in characters. */
const LONGEST_RUN_ID = 250;

/** @throws MemodagError `conf_invalid` naming the argument that cannot be what it is. */
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
 * @throws MemodagError `conf_invalid`; `dag_run_not_found` when nothing says which run, or it is its own
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
      `Run "${own.runId}" has no logical date that a run of Dag "${step.dagId}" could share: ` +
        "run it with --logical-date, or name a runId or a logicalDate in waitForDagRun",
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
  // Neither is kept by every database as it is: the id that is read again would be another one.
  if (isId && value.isWellFormed() && !value.includes("\u0000")) return value;
  throw wrong(
    "runId",
    value,
    `give it a string of 1 to ${LONGEST_RUN_ID} characters, without U+0000 and lone surrogates`,
  );
}

function readObject(args: StepArguments, name: string): JsonObject {
  const value = args[name];
  if (value === undefined) return {};
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw wrong(name, value, "give it an object, or the result of a task that returns one");
}

function readDate(args: StepArguments): number | null {
  const value = args["logicalDate"];
  if (value === undefined) return null;
  const time = typeof value === "string" ? findIsoTime(value) : undefined;
  if (time !== undefined) return time;
  throw wrong("logicalDate", value, "give it a time of ISO 8601, such as 2026-11-03T06:00Z");
}

function wrong(name: string, value: JsonValue, mend: string): MemodagError {
  const found = typeof value === "object" && value !== null ? "" : ` ${JSON.stringify(value).slice(0, 80)}`;
  const kind = Array.isArray(value) ? "a list" : value === null ? "nothing:" : `a ${typeof value}`;
  return new MemodagError("conf_invalid", `${name} came to ${kind}${found}: ${mend}`, { fields: { name } });
}

function waitsForItself({ dagId, runId }: DagRun): MemodagError {
  return new MemodagError(
    "dag_run_not_found",
    `Run "${runId}" waits for itself, and would never end: name another Dag, run or date in waitForDagRun`,
    { fields: { dagId, runId } },
  );
}
