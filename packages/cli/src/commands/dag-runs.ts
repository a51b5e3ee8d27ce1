// `memodag dags run | trigger`.

import type { Command } from "commander";
import { EXIT_RUN_FAILED } from "../output/exit-codes.ts";
import { printJson, printLine } from "../output/print.ts";
import { printRun } from "../output/run-table.ts";
import type { RunReport } from "../report/run-report.ts";
import type { RunWords } from "../wiring/run-to-end.ts";
import type { TeamOptions } from "./common-options.ts";
import { parseTime } from "./parse-arguments.ts";
import { toRunWords, withRunOptions, type RunOptions } from "./run-options.ts";

interface DatedRunOptions extends RunOptions {
  readonly logicalDate?: number;
}

/** Adds `dags run` and `dags trigger`. */
export function registerDagRuns(dags: Command): void {
  withDatedRunOptions(dags.command("run")).description("run a Dag to its end in this process").action(runDag);
  withDatedRunOptions(dags.command("trigger"))
    .description("make a run for a scheduler that is running")
    .option("--wait", "until the run has ended")
    .action(triggerDag);
}

function withDatedRunOptions(command: Command): Command {
  return withRunOptions(command).option(
    "--logical-date <time>",
    "the run's logical date, in ISO 8601",
    parseTime,
  );
}

async function runDag(dagId: string, options: DatedRunOptions): Promise<void> {
  const words = toDatedWords(dagId, options);
  const { runToEnd } = await import("../wiring/run-to-end.ts");
  showOutcome(await runToEnd(words, options), options);
}

async function triggerDag(
  dagId: string,
  options: DatedRunOptions & { readonly wait?: boolean },
): Promise<void> {
  const words = toDatedWords(dagId, options);
  const { trigger, waitForRun } = await import("../wiring/trigger.ts");
  if (options.wait) return showOutcome(await waitForRun(words, options), options);
  const run = await trigger(words, options);
  if (options.json) printJson({ dagId, team: run.team, runId: run.runId, state: run.state });
  else
    printLine(
      `Made run ${run.runId} of ${dagId}: \`memodag runs show ${dagId} ${run.runId}\` shows how it goes.`,
    );
}

function toDatedWords(dagId: string, options: DatedRunOptions): RunWords {
  return { ...toRunWords(dagId, options), logicalDate: options.logicalDate ?? null };
}

function showOutcome(report: RunReport, options: TeamOptions): void {
  if (options.json) printJson(report);
  else printRun(report);
  if (report.state !== "success") process.exitCode = EXIT_RUN_FAILED;
}
