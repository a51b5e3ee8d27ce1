// `memodag tasks xcom`, and the way to the other commands about tasks.

import type { Command } from "commander";
import { RETURN_VALUE } from "@memodag/core";
import { printJson, printTable } from "../output/print.ts";
import { shownValue } from "../output/units.ts";
import { withOperations } from "../wiring/deployment.ts";
import { type TeamOptions, withRunArguments } from "./common-options.ts";
import { parseIndex } from "./parse-arguments.ts";
import { registerClear } from "./tasks-clear.ts";
import { registerLogs } from "./tasks-logs.ts";
import { registerSetState } from "./tasks-set-state.ts";
import { registerTry } from "./tasks-try.ts";

interface InstanceOptions extends TeamOptions {
  readonly mapIndex?: number;
}

/** Adds the `tasks` commands. */
export function registerTasks(program: Command): void {
  const tasks = program.command("tasks").description("Task instances of a run.");
  registerLogs(tasks);
  withInstance(tasks.command("xcom")).description("the values that a task left for others").action(showXComs);
  registerClear(tasks);
  registerSetState(tasks);
  registerTry(tasks);
}

function withInstance(command: Command): Command {
  return withRunArguments(command)
    .argument("<task>", "the task's id")
    .option("--map-index <n>", "one instance of a mapped task", parseIndex);
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
