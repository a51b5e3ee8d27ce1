// `memodag tasks clear`: has task instances of a run run again.

import { MemodagError } from "@memodag/core";
import type { Command } from "commander";
import { shownInstances } from "../output/instance-names.ts";
import { queuedText } from "@memodag/operations/runs";
import { printJson, printLine } from "../output/print.ts";
import { getRun } from "@memodag/operations/runs";
import { newAct } from "@memodag/operations";
import { withOperations } from "../wiring/deployment.ts";
import { type TeamOptions, withTeamOptions } from "./common-options.ts";
import { parseIndex } from "./parse-arguments.ts";

interface ClearOptions extends TeamOptions {
  readonly downstream?: boolean;
  readonly useCache?: boolean;
  readonly mapIndex?: number;
}

/** Adds `tasks clear`. */
export function registerClear(tasks: Command): void {
  withTeamOptions(tasks.command("clear"))
    .description("have tasks of a run run again, anew, by whichever scheduler runs next")
    .argument("<dag>", "the Dag's id")
    .argument("<run>", "the run's id")
    .argument("[task]", "all instances of this task (default: instances that failed)")
    .option("--map-index <n>", "one instance of a mapped task (default: all of them)", parseIndex)
    .option("--downstream", "and everything below; there the cache is asked as usual")
    .option("--use-cache", "ask the cache, where clearing would run anew and replace what it holds")
    .action(clearTasks);
}

async function clearTasks(
  dagId: string,
  runId: string,
  taskId: string | undefined,
  options: ClearOptions,
): Promise<void> {
  const { clearRun } = await import("@memodag/scheduler");
  const { downstream = false, useCache = false, mapIndex } = options;
  if (mapIndex !== undefined && taskId === undefined)
    throw new MemodagError("usage", "--map-index names an instance of a task: name the task too");
  const { cleared, state } = await withOperations(options, async (context, metadata) => {
    const run = await getRun(metadata, { dagId, team: options.team }, runId);
    const version = await metadata.dags.getDagVersion(run.dagVersionId);
    const wish = {
      ...(taskId !== undefined && { taskId }),
      ...(mapIndex !== undefined && { mapIndex }),
      downstream,
      useCache,
    };
    const act = newAct(context.actor, "tasks.clear", run.team, { dagId, runId, ...wish });
    const instances = await clearRun(metadata.runs, { run, version }, wish, act);
    return { cleared: instances, state: instances.length > 0 ? "queued" : run.state };
  });
  if (options.json) return printJson({ dagId, runId, state, cleared });
  if (cleared.length === 0 && taskId !== undefined) {
    const what = mapIndex === undefined ? `Task ${taskId}` : `${taskId}[${mapIndex}]`;
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
