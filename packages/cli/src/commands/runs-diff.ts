// `memodag runs diff`: where two runs of a Dag part, and why.

import type { Command } from "commander";
import { printJson, printTable } from "../output/print.ts";
import { withOperations } from "../wiring/deployment.ts";
import { type TeamOptions, withTeamOptions } from "./common-options.ts";

interface DiffOptions extends TeamOptions {
  readonly dag?: string;
}

/** Adds `runs diff`. */
export function registerRunsDiff(runs: Command): void {
  withTeamOptions(runs.command("diff"))
    .description("the first instances in which two runs of a Dag differ, and the changes behind them")
    .argument("<before>", "a run's id, or the beginning of one")
    .argument("<after>", "another run's id, or the beginning of one")
    .option("--dag <dag>", "the Dag's id, where runs of several Dags have the same id")
    .action(diff);
}

async function diff(before: string, after: string, { dag: dagId, ...options }: DiffOptions): Promise<void> {
  const { diffRuns } = await import("@memodag/operations/runs");
  const { team } = options;
  const differences = await withOperations(options, (context) =>
    diffRuns(context, { before, after, dagId, team }),
  );
  if (options.json) return printJson(differences);
  printTable(
    ["TASK", "INDEX", "CHANGE", "CAUSE"],
    differences.map(({ taskId, mapIndex, change, cause }) => [
      taskId,
      mapIndex < 0 ? null : mapIndex,
      change,
      cause,
    ]),
    "The runs do not differ.",
  );
}
