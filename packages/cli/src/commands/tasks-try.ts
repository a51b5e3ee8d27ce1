// `memodag tasks try`: one task with its current code and the values of an earlier run.

import type { Command } from "commander";
import { instanceName } from "@memodag/core";
import type { TriedTask } from "@memodag/deployment/dags";
import { EXIT_RUN_FAILED } from "../output/exit-codes.ts";
import { printJson, printNote } from "../output/print.ts";
import { shownDuration } from "../output/units.ts";
import { withOperations } from "../wiring/deployment.ts";
import { withStopSignal } from "../wiring/stop-signal.ts";
import { type TeamOptions, withTeamOptions } from "./common-options.ts";
import { parseIndex } from "./parse-arguments.ts";

interface TryOptions extends TeamOptions {
  readonly run: string;
  readonly mapIndex?: number;
}

/** Adds `tasks try`. */
export function registerTry(tasks: Command): void {
  withTeamOptions(tasks.command("try"))
    .description("run a task, as its file is now, with the values of an earlier run; nothing is written")
    .argument("<dag>", "the Dag's id")
    .argument("<task>", "the task's id")
    .requiredOption(
      "--run <run>",
      'the run whose values it receives: its id, the beginning of one, or "latest"',
    )
    .option("--map-index <n>", "which instance of a mapped task", parseIndex)
    .addHelpText("after", "\nExample:\n  memodag tasks try etl load --run latest --map-index 3")
    .action(tryTask);
}

async function tryTask(dagId: string, taskId: string, options: TryOptions): Promise<void> {
  const { run: runId, team, mapIndex, json } = options;
  const { tryTask: attempt } = await import("@memodag/deployment/dags");
  const input = { dagId, taskId, runId, team, mapIndex };
  const onOutput = (text: string): void => void process.stderr.write(text);
  const tried = await withStopSignal((signal) =>
    withOperations(options, (context, deployment) =>
      attempt(deployment, context, input, { signal, onOutput }),
    ),
  );
  if (tried.state === "failed") process.exitCode = EXIT_RUN_FAILED;
  if (json) return printJson(tried);
  printOutcome(tried);
}

function printOutcome(tried: TriedTask): void {
  const { taskId, mapIndex, runId, state, durationMs, error, undeclared, returned } = tried;
  const why = error === null ? "" : `: ${error.code}: ${error.message}`;
  printNote(
    `${instanceName(taskId, mapIndex)}, values of ${runId}: ${state} in ${shownDuration(durationMs)}${why}`,
  );
  if (undeclared.length > 0) printNote(`Used without declaring it, so not cached: ${undeclared.join(", ")}`);
  if (state === "success") printJson(returned);
}
