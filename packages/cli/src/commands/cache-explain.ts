// `memodag cache explain`: why a task instance, or each of a run, hit, or what changed when it missed.

import { MemodagError } from "@memodag/core";
import type { CauseGroup } from "@memodag/operations/explain";
import type { Command } from "commander";
import { explanationLines } from "../output/explanation-lines.ts";
import { printJson, printLine, printTable } from "../output/print.ts";
import type { Row } from "../output/table.ts";
import { withOperations } from "../wiring/deployment.ts";
import { type TeamOptions, withRunArguments } from "./common-options.ts";
import { parseIndex } from "./parse-arguments.ts";

interface ExplainOptions extends TeamOptions {
  readonly mapIndex?: number;
}

/** Adds `cache explain`. */
export function registerExplain(cache: Command): void {
  withRunArguments(cache.command("explain"))
    .description("why a task hit, or what changed when it missed; without a task, all of a run by cause")
    .argument("[task]", "the task's id (default: all of them, grouped by cause)")
    .option("--map-index <n>", "which instance of a mapped task", parseIndex)
    .action(explain);
}

async function explain(
  dagId: string,
  runId: string,
  taskId: string | undefined,
  options: ExplainOptions,
): Promise<void> {
  const { team, mapIndex } = options;
  if (taskId === undefined) return await explainRun(dagId, runId, options);
  const { explainTask } = await import("@memodag/operations/explain");
  const name = { dagId, runId, team, taskId, mapIndex };
  const explained = await withOperations(options, (context) => explainTask(context, name));
  if (options.json) printJson(explained);
  else for (const line of explanationLines(explained)) printLine(line);
}

async function explainRun(dagId: string, runId: string, options: ExplainOptions): Promise<void> {
  if (options.mapIndex !== undefined)
    throw new MemodagError("usage", "--map-index selects an instance of a task: add the task id");
  const { explainRun: explainAll, groupText } = await import("@memodag/operations/explain");
  const { team } = options;
  const explained = await withOperations(options, (context) => explainAll(context, { dagId, runId, team }));
  if (options.json) return printJson(explained);
  const rowOf = (group: CauseGroup): Row => [
    group.count,
    groupText(group),
    group.tasks.map(shownTask).join(", "),
  ];
  printTable(
    ["COUNT", "WHY", "TASKS"],
    explained.groups.map(rowOf),
    "No task of the run has been looked at yet.",
  );
}

function shownTask({ taskId, count }: CauseGroup["tasks"][number]): string {
  return count === 1 ? taskId : `${taskId} (${count})`;
}
