// `memodag tasks logs`: what attempts printed, or print: of a task, or of all tasks of a run.

import type { Command } from "commander";
import { instanceName, MemodagError } from "@memodag/core";
import type { TaskLog } from "@memodag/operations/tasks";
import { printLine, printNote } from "../output/print.ts";
import { withOperations } from "../wiring/deployment.ts";
import { type TeamOptions, withRunArguments } from "./common-options.ts";
import { parseCount, parseIndex } from "./parse-arguments.ts";

interface LogOptions extends TeamOptions {
  readonly mapIndex?: number;
  readonly try?: number;
  readonly tail?: number;
  readonly follow?: true;
}

/** Adds `tasks logs`. */
export function registerLogs(tasks: Command): void {
  withRunArguments(tasks.command("logs"))
    .description("what attempts printed: the latest at each instance of a task, or of all tasks of the run")
    .argument("[task]", "the task's id (default: all tasks, each line with the name of its instance)")
    .option("--map-index <n>", "one instance of a mapped task", parseIndex)
    .option("--try <n>", "another attempt than the latest", parseCount)
    .option("--tail <n>", "the last lines alone", parseCount)
    .option("--follow", "go on until the attempt has ended, or the run where there are several instances")
    .addHelpText(
      "after",
      "\nExamples:\n  memodag tasks logs etl latest --follow\n  memodag tasks logs etl latest load --map-index 3 --tail 20",
    )
    .action(showLogs);
}

async function showLogs(
  dagId: string,
  runId: string,
  taskId: string | undefined,
  options: LogOptions,
): Promise<void> {
  const { readTaskLogs } = await import("@memodag/operations/tasks");
  const { printLogsJson, printLogText } = await import("../output/print-log.ts");
  const { team, mapIndex, try: tryNumber, tail: lastLines, follow, json } = options;
  const input = { dagId, runId, team, taskId, mapIndex, tryNumber, lastLines };
  if (mapIndex !== undefined && taskId === undefined)
    throw new MemodagError("usage", "--map-index selects an instance of a task: add the task id");
  if (follow) return await followLogs(taskId, options, input);
  await withOperations(options, async (context) => {
    const logs = await readTaskLogs(context, input);
    if (json) return await printLogsJson(logs);
    if (taskId === undefined) return await printAll(logs);
    for (const { taskId: id, mapIndex: index, tryNumber: attempt, note, text } of logs) {
      if (logs.length > 1) printLine(`==> ${instanceName(id, index)}, attempt ${attempt} <==`);
      if (note === null) await printLogText(text);
      else printNote(note);
    }
  });
}

/** The logs of a run; instances without one are counted: each hit is one of them. */
async function printAll(logs: readonly TaskLog[]): Promise<void> {
  const { linesOf } = await import("@memodag/operations/tasks");
  const { printLogLine } = await import("../output/print-log.ts");
  const { isStdoutClosed } = await import("../output/standard-streams.ts");
  for (const { taskId, mapIndex, note, text } of logs) {
    if (note !== null) continue;
    const name = instanceName(taskId, mapIndex);
    for await (const line of linesOf(text)) {
      await printLogLine({ name, line });
      if (isStdoutClosed()) return;
    }
  }
  const without = logs.filter(({ note }) => note !== null);
  const [first] = without;
  if (!first) return;
  const others = without.length > 1 ? ` (and ${without.length - 1} more without a log)` : "";
  printNote(`${first.note}${others}`);
}

async function followLogs(
  taskId: string | undefined,
  options: LogOptions,
  input: { readonly dagId: string; readonly runId: string },
): Promise<void> {
  const { followRunLogs, followTaskLog, isOneInstance } = await import("@memodag/operations/tasks");
  const { printLogLine, printLogText } = await import("../output/print-log.ts");
  const { stdoutClosed } = await import("../output/standard-streams.ts");
  if (options.json) throw new MemodagError("usage", "--follow shows logs as plain output: remove --json");
  const signal = stdoutClosed();
  await withOperations(options, async (context) => {
    const one = taskId === undefined ? undefined : { ...input, taskId };
    if (one && (await isOneInstance(context, one)))
      return await printLogText(followTaskLog(context, one, signal));
    if (options.try !== undefined)
      throw new MemodagError(
        "usage",
        "--try with --follow selects an attempt at one instance: add --map-index",
      );
    await followRunLogs(context, { ...input, taskId }, { signal, onLine: printLogLine });
  });
}
