// `memodag tasks clear`: resets task instances of a run so that they run again.

import { instanceName } from "@memodag/core";
import type { Command } from "commander";
import { shownInstances } from "../output/instance-names.ts";
import { EXIT_RUN_FAILED } from "../output/exit-codes.ts";
import { printJson, printLine, printNote } from "../output/print.ts";
import { type ListOptions, printTasks, withListOptions } from "../output/run-table.ts";
import { withOperations } from "../wiring/deployment.ts";
import { type TeamOptions, withRunArguments } from "./common-options.ts";
import { parseIndex } from "./parse-arguments.ts";

interface ClearOptions extends TeamOptions, ListOptions {
  readonly downstream?: boolean;
  readonly useCache?: boolean;
  readonly mapIndex?: number;
  readonly wait?: boolean;
}

/** Adds `tasks clear`. */
export function registerClear(tasks: Command): void {
  const clear = withRunArguments(tasks.command("clear"))
    .description("have tasks of a run run again, anew, by whichever scheduler runs next")
    .argument("[task]", "all instances of this task (default: instances that failed)")
    .option("--map-index <n>", "one instance of a mapped task (default: all of them)", parseIndex)
    .option("--downstream", "and everything below; there the cache is asked as usual")
    .option("--use-cache", "ask the cache, where clearing would run anew and replace what it holds")
    .option("--wait", "until they have finished; exits with 1 if one failed")
    .addHelpText("after", "\nExample:\n  memodag tasks clear etl latest load --downstream --wait");
  withListOptions(clear).action(clearTasks);
}

async function clearTasks(
  dagId: string,
  run: string,
  taskId: string | undefined,
  options: ClearOptions,
): Promise<void> {
  const { clearAndWait, clearTasks: clear } = await import("@memodag/operations/tasks");
  const { queuedText } = await import("@memodag/operations/runs");
  const { team, mapIndex, downstream, useCache } = options;
  const input = { dagId, runId: run, team, taskId, mapIndex, downstream, useCache };
  if (options.wait) {
    printNote(queuedText(dagId));
    const waited = await withOperations(options, (context) => clearAndWait(context, input));
    if (waited.finished.some(({ state }) => state === "failed" || state === "upstream_failed"))
      process.exitCode = EXIT_RUN_FAILED;
    if (options.json) return printJson(waited);
    if (waited.cleared.length > 0) return printTasks(waited.finished, options);
    return printLine(`Nothing of ${waited.runId} was cleared.`);
  }
  const outcome = await withOperations(options, (context) => clear(context, input));
  if (options.json) return printJson(outcome);
  const { runId, cleared } = outcome;
  if (cleared.length === 0 && taskId !== undefined) {
    const what = mapIndex === undefined ? `Task ${taskId}` : instanceName(taskId, mapIndex);
    return printLine(
      `Nothing was cleared: ${what} has no instance in run ${runId}, which may not have begun.`,
    );
  }
  if (cleared.length === 0) {
    return printLine(`Nothing of ${runId} failed: name a task to clear it all the same.`);
  }
  printLine(`Cleared ${cleared.length} of ${runId}: ${shownInstances(cleared)}.`);
  printLine(queuedText(dagId));
}
