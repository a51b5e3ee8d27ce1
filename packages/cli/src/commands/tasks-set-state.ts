// `memodag tasks set-state`: gives task instances of a run the state that a person wishes.

import { Argument, type Command } from "commander";
import { MARKED_STATES, type MarkedState } from "@memodag/core";
import { shownInstances } from "../output/instance-names.ts";
import { queuedText } from "@memodag/operations/runs";
import { printJson, printLine } from "../output/print.ts";

import { instanceName } from "@memodag/core";
import { newAct } from "@memodag/operations";
import { getRun } from "@memodag/operations/runs";
import { withOperations } from "../wiring/deployment.ts";
import { type TeamOptions, withTeamOptions } from "./common-options.ts";
import { parseIndex } from "./parse-arguments.ts";

interface SetStateOptions extends TeamOptions {
  readonly mapIndex?: number;
  readonly downstream?: boolean;
}

/** Adds `tasks set-state`. */
export function registerSetState(tasks: Command): void {
  withTeamOptions(tasks.command("set-state"))
    .description("give a task of a run a state; what failed below is decided anew")
    .argument("<dag>", "the Dag's id")
    .argument("<run>", "the run's id")
    .argument("<task>", "the task's id")
    .addArgument(
      new Argument("<state>", "the state; tasks below see null for its value").choices(MARKED_STATES),
    )
    .option("--map-index <n>", "one instance of a mapped task (default: all of them)", parseIndex)
    .option("--downstream", "and give everything below the same state")
    .action(setState);
}

async function setState(
  dagId: string,
  runId: string,
  taskId: string,
  state: MarkedState,
  options: SetStateOptions,
): Promise<void> {
  const { markRun } = await import("@memodag/scheduler");
  const { mapIndex, downstream = false } = options;
  const outcome = await withOperations(options, async (context, metadata) => {
    const run = await getRun(metadata, { dagId, team: options.team }, runId);
    const version = await metadata.dags.getDagVersion(run.dagVersionId);
    const wish = { taskId, ...(mapIndex !== undefined && { mapIndex }), state, downstream };
    const act = newAct(context.actor, "tasks.set-state", run.team, { dagId, runId, ...wish });
    const changed = await markRun(metadata.runs, { run, version }, wish, act);
    return { changed, runState: changed.length > 0 ? "queued" : run.state };
  });
  const { changed, runState } = outcome;
  if (options.json) return printJson({ dagId, runId, state: runState, changed });
  if (changed.length === 0) {
    return printLine(`${instanceName(taskId, mapIndex ?? -1)} of ${runId} is ${state} already.`);
  }
  printLine(`Set ${changed.length} of ${runId} to ${state}: ${shownInstances(changed)}.`);
  printLine(queuedText(dagId));
}
