// `memodag tasks try`: one task with its current code and the values of an earlier run.

import type { Command } from "commander";
import { instanceName } from "@memodag/core";
import type { TriedTask, WatchedTry } from "@memodag/deployment/try-task";
import { EXIT_RUN_FAILED } from "../output/exit-codes.ts";
import { printJson, printJsonLine, printNote } from "../output/print.ts";
import { stderr, stdoutClosed } from "../output/standard-streams.ts";
import { shownDuration } from "../output/units.ts";
import { withOperations } from "../wiring/deployment.ts";
import { withStopSignal } from "../wiring/stop-signal.ts";
import { type TeamOptions, withTeamOptions } from "./common-options.ts";
import { parseIndex } from "./parse-arguments.ts";

interface TryOptions extends TeamOptions {
  readonly run: string;
  readonly mapIndex?: number;
  readonly watch?: boolean;
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
    .option("--watch", "run it again whenever its files change, until Ctrl-C")
    .addHelpText(
      "after",
      "\nExamples:\n  memodag tasks try etl load --run latest --map-index 3\n" +
        "  memodag tasks try etl transform --run latest --watch",
    )
    .action(tryTask);
}

async function tryTask(dagId: string, taskId: string, options: TryOptions): Promise<void> {
  const { run: runId, team, mapIndex, json = false, watch } = options;
  const { tryTask: attempt, watchTask } = await import("@memodag/deployment/try-task");
  const input = { dagId, taskId, runId, team, mapIndex };
  const onOutput = (text: string): void => stderr.write(text);
  await withStopSignal((stopped) =>
    withOperations(options, async (context, deployment) => {
      if (watch) {
        const signal = AbortSignal.any([stopped, stdoutClosed()]);
        const onStep = (step: WatchedTry): void => {
          if (!signal.aborted) printStep(step, json);
        };
        return await watchTask(deployment, context, input, { signal, onOutput, onStep });
      }
      const tried = await attempt(deployment, context, input, { signal: stopped, onOutput });
      if (tried.state === "failed") process.exitCode = EXIT_RUN_FAILED;
      if (json) printJson(tried);
      else printOutcome(tried);
    }),
  );
}

function printStep(step: WatchedTry, json: boolean): void {
  if (step.kind === "ended") return printNote("Its files changed during the try, which starts again.");
  if (step.kind === "refused") printNote(step.error.message);
  else if (json) printJsonLine(step.tried);
  else printOutcome(step.tried);
  printNote("Waiting for a change of its files; Ctrl-C ends this.");
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
