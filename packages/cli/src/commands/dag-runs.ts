// `memodag dags run | trigger`.

import type { Command } from "commander";
import { MemodagError } from "@memodag/core";
import { EXIT_RUN_FAILED } from "../output/exit-codes.ts";
import { printJson, printLine, printNote } from "../output/print.ts";
import { printRun } from "../output/run-table.ts";
import type { RunReport } from "../report/run-report.ts";
import { faultLines, type LastGood } from "../wiring/last-good.ts";
import type { RunWords } from "../wiring/run-to-end.ts";
import { parseTime } from "./parse-arguments.ts";
import { toRunWords, withRunOptions, type RunOptions } from "./run-options.ts";

interface DatedRunOptions extends RunOptions {
  readonly logicalDate?: number;
}

interface RunDagOptions extends DatedRunOptions {
  readonly resume?: boolean;
  readonly lastGood?: boolean;
}

/** Adds `dags run` and `dags trigger`. */
export function registerDagRuns(dags: Command): void {
  withDatedRunOptions(dags.command("run"))
    .description("run a Dag to its end in this process; Ctrl-C cancels the run")
    .option("--resume", "continue the Dag's interrupted and cleared runs in place of making a new one")
    .option("--last-good", "run the version from before when the Dag's file cannot be read")
    .action(runDag);
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

async function runDag(dagId: string, options: RunDagOptions): Promise<void> {
  if (options.resume) refuseOptionsOfNewRuns(options);
  const words = toDatedWords(dagId, options);
  const { runToEnd } = await import("../wiring/run-to-end.ts");
  const finished = await runToEnd(words, options);
  const [newest, ...others] = finished.toReversed();
  if (options.json) printJson(others.length === 0 ? newest : { ...newest, others });
  else for (const run of finished) printRun(run);
  setExitCode(finished);
}

/** @throws MemodagError `usage` */
function refuseOptionsOfNewRuns({ conf, param, logicalDate, refreshCache, cache }: RunDagOptions): void {
  const given = [
    ...(conf === undefined ? [] : ["--conf"]),
    ...(param === undefined ? [] : ["--param"]),
    ...(logicalDate === undefined ? [] : ["--logical-date"]),
    ...(refreshCache ? ["--refresh-cache"] : []),
    ...(cache ? [] : ["--no-cache"]),
  ];
  if (given.length === 0) return;
  throw new MemodagError(
    "usage",
    `--resume continues runs as they were made: leave out ${given.join(", ")}, or --resume`,
  );
}

function printLastGood(lastGood: LastGood): void {
  for (const line of faultLines(lastGood)) printNote(`Running the last good version: ${line}`);
}

async function triggerDag(
  dagId: string,
  options: DatedRunOptions & { readonly wait?: boolean },
): Promise<void> {
  const words = toDatedWords(dagId, options);
  const { trigger, waitForRun } = await import("../wiring/trigger.ts");
  if (options.wait) {
    const waited = await waitForRun(words, options);
    if (options.json) printJson(waited);
    else {
      printLastGood(waited);
      printRun(waited);
    }
    return setExitCode([waited]);
  }
  const { run, lastGood } = await trigger(words, options);
  if (options.json) {
    return printJson({ dagId, team: run.team, runId: run.runId, state: run.state, ...lastGood });
  }
  printLastGood(lastGood);
  printLine(
    `Made run ${run.runId} of ${dagId}: \`memodag runs show ${dagId} ${run.runId}\` shows how it goes.`,
  );
}

function toDatedWords(dagId: string, options: DatedRunOptions): RunWords {
  return { ...toRunWords(dagId, options), logicalDate: options.logicalDate ?? null };
}

function setExitCode(runs: readonly RunReport[]): void {
  if (runs.some(({ state }) => state !== "success")) process.exitCode = EXIT_RUN_FAILED;
}
