// `memodag tasks logs | xcom`, and the way to `clear` and `set-state`.

import type { Command } from "commander";
import { instanceName, MemodagError, RETURN_VALUE } from "@memodag/core";
import { printJson, printLine, printNote, printTable } from "../output/print.ts";
import { shownValue } from "../output/units.ts";
import { withOperations } from "../wiring/deployment.ts";
import { type TeamOptions, withRunArguments } from "./common-options.ts";
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
  return withRunArguments(command)
    .argument("<task>", "the task's id")
    .option("--map-index <n>", "one instance of a mapped task", parseIndex);
}

interface LogOptions extends InstanceOptions {
  readonly try?: number;
  readonly tail?: number;
  readonly follow?: true;
}

async function showLogs(dagId: string, runId: string, taskId: string, options: LogOptions): Promise<void> {
  const { followTaskLog, readTaskLogs } = await import("@memodag/operations/tasks");
  const { printLogsJson, printLogText } = await import("../output/print-log.ts");
  const { stdoutClosed } = await import("../output/standard-streams.ts");
  const { team, mapIndex, try: tryNumber, tail: lastLines, follow, json } = options;
  const input = { dagId, runId, team, taskId, mapIndex, tryNumber, lastLines };
  if (follow && json) {
    throw new MemodagError(
      "usage",
      "--follow shows one log, as plain output: select one with --map-index, and remove --json",
    );
  }
  await withOperations(options, async (context) => {
    if (follow) return await printLogText(followTaskLog(context, input, stdoutClosed()));
    const logs = await readTaskLogs(context, input);
    if (json) return await printLogsJson(logs);
    for (const { taskId: id, mapIndex: index, tryNumber: attempt, note, text } of logs) {
      if (logs.length > 1) printLine(`==> ${instanceName(id, index)}, attempt ${attempt} <==`);
      if (note === null) await printLogText(text);
      else printNote(note);
    }
  });
}

async function showXComs(
  dagId: string,
  runId: string,
  taskId: string,
  options: InstanceOptions,
): Promise<void> {
  const { showXComs: show } = await import("@memodag/operations/tasks");
  const { team, mapIndex } = options;
  const name = { dagId, runId, team, taskId, mapIndex };
  const values = await withOperations(options, (context) => show(context, name));
  if (options.json) return printJson(values);
  printTable(
    ["KEY", "VALUE"],
    Object.entries(values).map(([key, value]) => [key, shownValue(value)]),
    `${taskId} left no values; its ${RETURN_VALUE} is there once it has succeeded.`,
  );
}
