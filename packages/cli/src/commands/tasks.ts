// `memodag tasks logs | xcom`, and the way to `clear` and `set-state`.

import type { Command } from "commander";
import { RETURN_VALUE } from "@memodag/core";
import { printJson, printLine, printNote, printTable } from "../output/print.ts";
import { shownInstance } from "../output/units.ts";
import { getRun } from "../wiring/find-dag.ts";
import { withMetadata } from "../wiring/metadata.ts";
import { getInstance, listInstancesOf } from "../wiring/find-instance.ts";
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

async function showLogs(
  dagId: string,
  runId: string,
  taskId: string,
  options: InstanceOptions & { readonly try?: number },
): Promise<void> {
  const { readAttemptLogs } = await import("../wiring/attempt-logs.ts");
  const logs = await withMetadata(options, async (metadata) => {
    const run = await getRun(metadata, { dagId, team: options.team }, runId);
    const instances = await listInstancesOf(metadata.runs, run, taskId, options.mapIndex);
    return await readAttemptLogs(metadata.config, run, instances, options.try);
  });
  if (options.json) return printJson(logs);
  for (const { mapIndex, tryNumber, text, note } of logs) {
    if (logs.length > 1) printLine(`==> ${shownInstance(taskId, mapIndex)}, attempt ${tryNumber} <==`);
    if (note !== null) printNote(note);
    if (text) process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
  }
}

async function showXComs(
  dagId: string,
  runId: string,
  taskId: string,
  options: InstanceOptions,
): Promise<void> {
  const { readXComs } = await import("../wiring/xcom-values.ts");
  const values = await withMetadata(options, async (metadata) => {
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
