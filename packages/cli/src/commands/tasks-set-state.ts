// `memodag tasks set-state`: sets task instances of a run to a state.

import { Argument, type Command } from "commander";
import { instanceName, MARKED_STATES, type MarkedState } from "@memodag/core";
import { shownInstances } from "../output/instance-names.ts";
import { printJson, printLine } from "../output/print.ts";
import { withOperations } from "../wiring/deployment.ts";
import { type TeamOptions, withRunArguments } from "./common-options.ts";
import { parseIndex } from "./parse-arguments.ts";

interface SetStateOptions extends TeamOptions {
  readonly mapIndex?: number;
  readonly downstream?: boolean;
}

/** Adds `tasks set-state`. */
export function registerSetState(tasks: Command): void {
  withRunArguments(tasks.command("set-state"))
    .description("give a task of a run a state; what failed below is decided anew")
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
  run: string,
  taskId: string,
  state: MarkedState,
  options: SetStateOptions,
): Promise<void> {
  const { markTasks } = await import("@memodag/operations/tasks");
  const { queuedText } = await import("@memodag/operations/runs");
  const { team, mapIndex, downstream } = options;
  const input = { dagId, runId: run, team, taskId, mapIndex, state, downstream };
  const outcome = await withOperations(options, (context) => markTasks(context, input));
  if (options.json) return printJson(outcome);
  const { runId, changed } = outcome;
  if (changed.length === 0) {
    return printLine(`${instanceName(taskId, mapIndex ?? -1)} of ${runId} is ${state} already.`);
  }
  printLine(`Set ${changed.length} of ${runId} to ${state}: ${shownInstances(changed)}.`);
  printLine(queuedText(dagId));
}
