// `memodag dags run | trigger`.

import { Option, type Command } from "commander";
import type { LastGood } from "@memodag/operations/dags";
import type { PlanDagInput } from "@memodag/operations/plans";
import type { DatedRunRequest, RunReport } from "@memodag/operations/runs";
import { isAccepted } from "../output/confirm.ts";
import { EXIT_DECLINED, EXIT_RUN_FAILED } from "../output/exit-codes.ts";
import { printJson, printLine, printNote } from "../output/print.ts";
import { type ListOptions, printRun, withListOptions } from "../output/run-table.ts";
import { withDags } from "../wiring/deployment.ts";
import { withRunsHere } from "../wiring/runs-here.ts";
import { parseIsoTime } from "./parse-arguments.ts";
import { toRunRequest, withRunOptions, type RunOptions } from "./run-options.ts";

interface DatedRunOptions extends RunOptions, ListOptions {
  /** ISO 8601. */
  readonly logicalDate?: string;
  readonly until?: string;
  readonly only?: string;
}

interface RunDagOptions extends DatedRunOptions {
  readonly resume?: boolean;
  readonly lastGood?: boolean;
  readonly logs?: boolean;
  readonly plan?: boolean;
}

/** Adds `dags run` and `dags trigger`. */
export function registerDagRuns(dags: Command): void {
  withDatedRunOptions(dags.command("run"))
    .description("run a Dag to its end in this process; Ctrl-C cancels the run")
    .option("--resume", "continue the Dag's interrupted and cleared runs in place of making a new one")
    .option("--last-good", "run the version from before when the Dag's file cannot be read")
    .option("--logs", "show on stderr what tasks print, while they run")
    .addOption(
      new Option("--plan", "show what would run, and ask first").conflicts([
        "resume",
        "until",
        "only",
        "json",
      ]),
    )
    .addHelpText(
      "after",
      "\nExamples:\n  memodag dags run etl --until transform\n  memodag dags run etl --only load",
    )
    .action(runDag);
  withDatedRunOptions(dags.command("trigger"))
    .description("make a run for a scheduler that is running")
    .option("--wait", "until the run has ended")
    .action(triggerDag);
}

function withDatedRunOptions(command: Command): Command {
  return withListOptions(withRunOptions(command))
    .option("--logical-date <time>", "the run's logical date, in ISO 8601", parseIsoTime)
    .option("--until <task>", "run this task and everything upstream of it; skip all others")
    .addOption(
      new Option(
        "--only <task>",
        "run this task alone, with what is upstream of it as the latest finished run that has it left it; " +
          "refused if no run has it",
      ).conflicts("until"),
    );
}

function toDatedRequest(dagId: string, options: DatedRunOptions): DatedRunRequest {
  const { logicalDate, until, only } = options;
  return {
    ...toRunRequest(dagId, options),
    logicalDate,
    ...(until !== undefined && { selection: { until } }),
    ...(only !== undefined && { selection: { only } }),
  };
}

async function runDag(dagId: string, options: RunDagOptions): Promise<void> {
  const { resume, lastGood, json = false } = options;
  const input = { ...toDatedRequest(dagId, options), resume, lastGood };
  if (options.plan && !(await isPlanAccepted(input, options))) return;
  const finished = await withRunsHere(options, async (context, parts) => {
    const { runToEnd } = await import("@memodag/operations/runs");
    return await runToEnd(context, input, parts);
  });
  const [newest, ...others] = finished.toReversed();
  if (json) printJson(others.length === 0 ? newest : { ...newest, others });
  else for (const run of finished) printRun(run, options);
  setExitCode(finished);
}

async function isPlanAccepted(input: PlanDagInput, options: RunDagOptions): Promise<boolean> {
  const { planDag } = await import("@memodag/operations/plans");
  const { printPlan } = await import("../output/plan-text.ts");
  const plan = await withDags(options, (context) => planDag(context, input));
  printPlan(plan);
  const refused =
    "There is no terminal to ask whether to run it: leave out --plan, or use `memodag dags plan`";
  const isTaken = await isAccepted("Run it?", refused);
  if (!isTaken) process.exitCode = EXIT_DECLINED;
  return isTaken;
}

async function triggerDag(
  dagId: string,
  options: DatedRunOptions & { readonly wait?: boolean },
): Promise<void> {
  const request = toDatedRequest(dagId, options);
  const { triggerAndWait, triggerDag: trigger } = await import("@memodag/operations/runs");
  if (options.wait) {
    const waited = await withDags(options, (context) => triggerAndWait(context, request));
    if (options.json) printJson(waited);
    else {
      await noteLastGood(waited);
      printRun(waited, options);
    }
    return setExitCode([waited]);
  }
  const made = await withDags(options, (context) => trigger(context, request));
  if (options.json) return printJson(made);
  await noteLastGood(made);
  printLine(
    `Made run ${made.runId} of ${dagId}: \`memodag runs show ${dagId} ${made.runId}\` shows how it goes.`,
  );
}

async function noteLastGood(made: LastGood): Promise<void> {
  const { faultLines } = await import("@memodag/operations/dags");
  const { runEventText } = await import("../output/run-events.ts");
  for (const fault of faultLines(made)) printNote(runEventText({ kind: "last_good", fault }));
}

function setExitCode(runs: readonly RunReport[]): void {
  if (runs.some(({ state }) => state !== "success")) process.exitCode = EXIT_RUN_FAILED;
}
