// `memodag tasks logs | xcom`, and the way to `clear` and `set-state`.

import type { Command } from "commander";
import { isTerminal, MemodagError, RETURN_VALUE, type DagRun, type TaskInstance } from "@memodag/core";
import { printJson, printLine, printNote, printTable } from "../output/print.ts";

import { instanceName } from "@memodag/core";
import { getRun } from "@memodag/operations/runs";
import { withOperations } from "../wiring/deployment.ts";
import type { OperationContext } from "@memodag/operations";
import { getInstance, listInstancesOf } from "@memodag/operations/tasks";
import { type TeamOptions, withTeamOptions } from "./common-options.ts";
import { parseCount, parseIndex } from "./parse-arguments.ts";
import { registerClear } from "./tasks-clear.ts";
import { registerSetState } from "./tasks-set-state.ts";

interface InstanceOptions extends TeamOptions {
  readonly mapIndex?: number;
}

/** Adds the `tasks` commands. */
export function registerTasks(program: Command): void {
  const tasks = program.command("tasks").description("Task instances of a run.");
  withInstance(tasks.command("logs"))
    .description("what the attempts at a task printed: the latest attempt of each instance")
    .option("--try <n>", "another attempt than the latest", parseCount)
    .option("--tail <n>", "the last lines alone", parseCount)
    .option("--follow", "go on until the attempt has ended")
    .action(showLogs);
  withInstance(tasks.command("xcom")).description("the values that a task left for others").action(showXComs);
  registerClear(tasks);
  registerSetState(tasks);
}

function withInstance(command: Command): Command {
  return withTeamOptions(command)
    .argument("<dag>", "the Dag's id")
    .argument("<run>", "the run's id")
    .argument("<task>", "the task's id")
    .option("--map-index <n>", "one instance of a mapped task", parseIndex);
}

interface LogOptions extends InstanceOptions {
  readonly try?: number;
  readonly tail?: number;
  readonly follow?: true;
}

async function showLogs(dagId: string, runId: string, taskId: string, options: LogOptions): Promise<void> {
  const { findAttemptLogs } = await import("@memodag/operations/tasks");
  const { readLog } = await import("@memodag/operations/tasks");
  const { printLogsJson, printLogText } = await import("../output/print-log.ts");
  await withOperations(options, async (context, metadata) => {
    const run = await getRun(metadata, { dagId, team: options.team }, runId);
    const instances = await listInstancesOf(metadata.runs, run, taskId, options.mapIndex);
    if (options.follow) return await followLog(context, run, instances, options);
    const places = findAttemptLogs(context.settings.logsDir, run, instances, options.try);
    const part = { lastLines: options.tail };
    if (options.json) {
      return await printLogsJson(
        places.map(({ path, note, ...facts }) => ({ facts, note, text: readLog(path, part) })),
      );
    }
    for (const { mapIndex, tryNumber, path, note } of places) {
      if (places.length > 1) printLine(`==> ${instanceName(taskId, mapIndex)}, attempt ${tryNumber} <==`);
      if (note === null) await printLogText(readLog(path, part));
      else printNote(note);
    }
  });
}

/** Prints what one attempt writes until it has ended; one that has not begun is waited for. */
async function followLog(
  { settings, stores: { runs } }: OperationContext,
  run: DagRun,
  instances: readonly TaskInstance[],
  options: LogOptions,
): Promise<void> {
  const { findAttemptLogs } = await import("@memodag/operations/tasks");
  const { readLog } = await import("@memodag/operations/tasks");
  const { printLogText } = await import("../output/print-log.ts");
  const { isStdoutClosed } = await import("../output/standard-streams.ts");
  const [instance] = instances;
  if (instance === undefined || instances.length > 1 || options.json) {
    throw new MemodagError(
      "usage",
      "--follow shows one log, as text: name one with --map-index, and leave out --json",
    );
  }
  const { taskId, mapIndex } = instance;
  const attempt = options.try ?? Math.max(1, instance.tryNumber);
  const [place] = findAttemptLogs(settings.logsDir, run, instances, attempt);
  const isOver = async (): Promise<boolean> => {
    const now = await getInstance(runs, run, taskId, mapIndex);
    const waits = now.state === "up_for_retry" && now.tryNumber >= attempt;
    return isStdoutClosed() || isTerminal(now.state) || now.tryNumber > attempt || waits;
  };
  if (place) await printLogText(readLog(place.path, { lastLines: options.tail, isOver }));
}

async function showXComs(
  dagId: string,
  runId: string,
  taskId: string,
  options: InstanceOptions,
): Promise<void> {
  const { readXComs } = await import("@memodag/operations/tasks");
  const values = await withOperations(options, async (context, metadata) => {
    const run = await getRun(metadata, { dagId, team: options.team }, runId);
    const instance = await getInstance(metadata.runs, run, taskId, options.mapIndex);
    return await readXComs(metadata.runs, run, instance);
  });
  if (options.json) return printJson(values);
  printTable(
    ["KEY", "VALUE"],
    Object.entries(values).map(([key, value]) => [key, shownValue(value)]),
    `${taskId} left no values; its ${RETURN_VALUE} is there once it has succeeded.`,
  );
}

const LONGEST_VALUE = 2_000;

function shownValue(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE)}… (--json prints all of it)`;
}
