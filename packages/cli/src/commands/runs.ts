// `memodag runs list | show`, and the way to `cancel` and `delete`.

import { DAG_RUN_STATES, type DagRunState, type DagRunType } from "@memodag/core";
import { Option, type Command } from "commander";
import { printJson, printLine, printTable } from "../output/print.ts";
import { type ListOptions, printRun, withListOptions } from "../output/run-table.ts";
import { shownAge, shownDuration } from "../output/units.ts";
import { withOperations } from "../wiring/deployment.ts";
import { type TeamOptions, withRunArguments, withTeamOptions } from "./common-options.ts";
import { noteNext, withPageOptions, type PageOptions } from "./page-options.ts";
import { parseSince } from "./parse-arguments.ts";
import { registerCancel } from "./runs-cancel.ts";
import { registerDelete } from "./runs-delete.ts";
import { registerRunsDiff } from "./runs-diff.ts";

/** Adds the `runs` commands. */
export function registerRuns(program: Command): void {
  const runs = program.command("runs").description("Runs of Dags.");
  const list = withTeamOptions(runs.command("list"))
    .description("the latest runs, of one Dag or of all")
    .argument("[dag]", "a Dag's id");
  withPageOptions(list, 50)
    .addOption(new Option("--state <state>", "runs in this state").choices(DAG_RUN_STATES))
    .addOption(
      new Option("--type <type>", "runs that were made so").choices(["manual", "scheduled", "backfill"]),
    )
    .option(
      "--since <when>",
      "runs created since a time, or a duration ago, such as 2026-11-03 or 12h",
      parseSince,
    )
    .option("--until <when>", "runs created before a time, or a duration ago", parseSince)
    .option("--text <text>", "runs whose id, or whose Dag's, contains this")
    .action(listRuns);
  withListOptions(withRunArguments(runs.command("show")))
    .description("a run with its tasks")
    .action(showRun);
  registerCancel(runs);
  registerDelete(runs);
  registerRunsDiff(runs);
}

interface ListRunsOptions extends TeamOptions, PageOptions {
  readonly state?: DagRunState;
  readonly type?: DagRunType;
  readonly since?: string;
  readonly until?: string;
  readonly text?: string;
}

async function listRuns(dagId: string | undefined, options: ListRunsOptions): Promise<void> {
  const { listRuns: list } = await import("@memodag/operations/runs");
  const { type: runType, since: from, until: to, ...rest } = options;
  const input = { ...rest, dagId, runType, from, to };
  const page = await withOperations(options, (context) => list(context, input));
  noteNext(page);
  if (options.json) return printJson(page.items);
  const now = Date.now();
  printTable(
    ["DAG", "RUN", "STATE", "CREATED", "DURATION", "PROCESSES"],
    page.items.map((run) => [
      run.dagId,
      run.runId,
      run.isInterrupted ? `${run.state} (interrupted)` : run.state,
      shownAge(run.createdAt, now),
      shownDuration(between(run.startedAt, run.endedAt)),
      run.processesSpawned,
    ]),
    "No runs yet: `memodag dags run ID` makes one.",
  );
}

function between(from: string | null, to: string | null): number | null {
  return from === null || to === null ? null : Date.parse(to) - Date.parse(from);
}

async function showRun(dagId: string, name: string, options: TeamOptions & ListOptions): Promise<void> {
  const { showRun: show, waysOut } = await import("@memodag/operations/runs");
  const { team } = options;
  const run = await withOperations(options, (context) => show(context, { dagId, runId: name, team }));
  if (options.json) return printJson(run);
  printRun(run, options);
  const { runId, fault, durationMs, isInterrupted } = run;
  if (fault !== undefined) {
    printLine(
      durationMs === null
        ? `It cannot be loaded: ${fault}. Schedulers put it aside and try again: ` +
            `\`memodag runs cancel ${dagId} ${runId}\` ends it.`
        : `It cannot be read whole: ${fault}.`,
    );
  } else if (isInterrupted) printLine(`Interrupted: ${waysOut(dagId, runId)}.`);
}
