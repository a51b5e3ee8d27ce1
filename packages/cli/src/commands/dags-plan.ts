// `memodag dags plan`: what a run would do, without making it.

import { Option, type Command } from "commander";
import { EXIT_RUN_FAILED } from "../output/exit-codes.ts";
import { planMarkdown, printPlan } from "../output/plan-text.ts";
import { printJson, printText } from "../output/print.ts";
import { withDags } from "../wiring/deployment.ts";
import { parseIsoTime } from "./parse-arguments.ts";
import { toRunRequest, withRunOptions, type RunOptions } from "./run-options.ts";

interface PlanOptions extends RunOptions {
  /** ISO 8601. */
  readonly logicalDate?: string;
  readonly failOn?: "runs";
  readonly markdown?: boolean;
}

/** Adds `dags plan`. */
export function registerDagsPlan(dags: Command): void {
  withRunOptions(dags.command("plan"))
    .description("what a run would do: which tasks hit, which run and why, and how long; makes no run")
    .option("--logical-date <time>", "the run's logical date, in ISO 8601", parseIsoTime)
    .addOption(
      new Option("--fail-on <class>", "exit with 1 if an instance is in this class").choices(["runs"]),
    )
    .option("--markdown", "a table for a pull request")
    .addHelpText("after", "\nExample:\n  memodag dags plan etl --param day=2026-11-03 --fail-on runs")
    .action(plan);
}

async function plan(dagId: string, options: PlanOptions): Promise<void> {
  const { logicalDate, failOn, markdown, json } = options;
  const { planDag } = await import("@memodag/operations/plans");
  const input = { ...toRunRequest(dagId, options), logicalDate };
  const planned = await withDags(options, (context) => planDag(context, input));
  if (json) printJson(planned);
  else if (markdown) printText(planMarkdown(planned));
  else printPlan(planned);
  if (failOn !== undefined && planned.totals[failOn] > 0) process.exitCode = EXIT_RUN_FAILED;
}
