// `memodag dags run | trigger`.

import type { Command } from "commander";
import { MemodagError, type CacheMode, type JsonObject } from "@memodag/core";
import { EXIT_RUN_FAILED } from "../output/exit-codes.ts";
import { printJson, printLine } from "../output/print.ts";
import { printRun } from "../output/run-table.ts";
import type { RunReport } from "../report/run-report.ts";
import type { RunWords } from "../wiring/run-to-end.ts";
import { type TeamOptions, withTeamOptions } from "./common-options.ts";
import { parseConf, parseParam, parseTime } from "./parse-arguments.ts";

interface RunOptions extends TeamOptions {
  readonly conf?: string;
  readonly param?: JsonObject;
  readonly logicalDate?: number;
  readonly refreshCache?: boolean;
  /** False with `--no-cache`. */
  readonly cache: boolean;
}

/** Adds `dags run` and `dags trigger`. */
export function registerDagRuns(dags: Command): void {
  withRunOptions(dags.command("run")).description("run a Dag to its end in this process").action(runDag);
  withRunOptions(dags.command("trigger"))
    .description("make a run for a scheduler that is running")
    .option("--wait", "until the run has ended")
    .action(triggerDag);
}

function withRunOptions(command: Command): Command {
  return withTeamOptions(command)
    .argument("<dag>", "the Dag's id")
    .option("--conf <json>", "a JSON object that tasks find in dagRun.conf")
    .option("--param <name=value>", "a param of the Dag; again for another", parseParam)
    .option("--logical-date <time>", "the run's logical date, in ISO 8601", parseTime)
    .option("--refresh-cache", "run every task and remember its result anew")
    .option("--no-cache", "run every task and leave the cache alone");
}

async function runDag(dagId: string, options: RunOptions): Promise<void> {
  const words = toRunWords(dagId, options);
  const { runToEnd } = await import("../wiring/run-to-end.ts");
  showOutcome(await runToEnd(words, options), options);
}

async function triggerDag(dagId: string, options: RunOptions & { readonly wait?: boolean }): Promise<void> {
  const words = toRunWords(dagId, options);
  const { trigger, waitForRun } = await import("../wiring/trigger.ts");
  if (options.wait) return showOutcome(await waitForRun(words, options), options);
  const run = await trigger(words, options);
  if (options.json) printJson({ dagId, team: run.team, runId: run.runId, state: run.state });
  else
    printLine(
      `Made run ${run.runId} of ${dagId}: \`memodag runs show ${dagId} ${run.runId}\` shows how it goes.`,
    );
}

function toRunWords(dagId: string, options: RunOptions): RunWords {
  return {
    dagId,
    team: options.team,
    conf: options.conf === undefined ? {} : parseConf(options.conf),
    params: options.param ?? {},
    logicalDate: options.logicalDate ?? null,
    cacheMode: cacheModeOf(options),
  };
}

function cacheModeOf({ refreshCache, cache }: RunOptions): CacheMode {
  if (refreshCache && !cache) {
    throw new MemodagError("usage", "--refresh-cache and --no-cache exclude each other: leave one out");
  }
  return refreshCache ? "refresh" : cache ? "use" : "off";
}

function showOutcome(report: RunReport, options: TeamOptions): void {
  if (options.json) printJson(report);
  else printRun(report);
  if (report.state !== "success") process.exitCode = EXIT_RUN_FAILED;
}
