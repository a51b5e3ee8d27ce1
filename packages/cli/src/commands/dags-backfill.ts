// `memodag dags backfill`: runs for the dates of a range, for a scheduler that is running.

import type { Command } from "commander";
import type { BackfillLine, BackfillReport } from "@memodag/operations/runs";
import { EXIT_RUN_FAILED } from "../output/exit-codes.ts";
import { printJson, printLine, printNote, printTable } from "../output/print.ts";
import { withDags } from "../wiring/deployment.ts";
import { parseCount, parseIsoTime } from "./parse-arguments.ts";
import { toRunRequest, withRunOptions, type RunOptions } from "./run-options.ts";

interface BackfillOptions extends RunOptions {
  readonly from: string;
  readonly to: string;
  readonly dryRun?: boolean;
  readonly maxActiveRuns?: number;
  readonly wait?: boolean;
}

/** Adds `dags backfill`. */
export function registerDagsBackfill(dags: Command): void {
  withRunOptions(dags.command("backfill"))
    .description("make a run for each date of a range that has none, for a scheduler that is running")
    .requiredOption("--from <time>", "the first date: a day, or a time, of ISO 8601", parseIsoTime)
    .requiredOption("--to <time>", "the last date; a day is filled to its end", parseIsoTime)
    .option("--dry-run", "print the dates and make nothing")
    .option("--max-active-runs <count>", "begin a run only while fewer of the Dag are under way", parseCount)
    .option("--wait", "until the runs have ended")
    .action(backfillDag);
}

async function backfillDag(dagId: string, options: BackfillOptions): Promise<void> {
  const { backfill } = await import("@memodag/operations/runs");
  const { from, to, maxActiveRuns, dryRun = false, wait = false } = options;
  const input = { ...toRunRequest(dagId, options), range: { from, to }, maxActiveRuns, dryRun, wait };
  const report = await withDags(options, (context) => backfill(context, input));
  if (options.json) printJson(report);
  else show(report, dryRun);
  if (wait && report.runs.some(({ outcome, state }) => outcome === "made" && state !== "success")) {
    process.exitCode = EXIT_RUN_FAILED;
  }
}

function show({ dagId, runs, toCome }: BackfillReport, dryRun: boolean): void {
  printTable(
    ["DATE", "RUN", "STATE"],
    runs.map((line) => [line.logicalDate, line.runId, shownState(line)]),
    "No date of the range has come yet.",
  );
  const count = (wanted: BackfillLine["outcome"]) => runs.filter(({ outcome }) => outcome === wanted).length;
  const there = count("exists");
  const left =
    there === 0 ? "" : `; ${there} left alone, which ${there === 1 ? "has a run" : "have runs"} already`;
  if (dryRun) printLine(`${count("would_make")} run(s) would be made${left}.`);
  else printLine(`${count("made")} run(s) made${left}: \`memodag runs list ${dagId}\` shows how they go.`);
  if (toCome > 0) printNote(`${toCome} date(s) have not come yet and are left to the schedule.`);
}

function shownState({ outcome, state }: BackfillLine): string {
  return outcome === "exists" ? "there already" : (state ?? "would be made");
}
