// `memodag dags list | show | errors | check | pause | unpause`, and the way to `run` and `trigger`.

import type { Command } from "commander";
import { formatDuration } from "@memodag/core";
import { shortened } from "@memodag/deployment/logging";
import type { DagErrorReport, DagReport, DagSummaryReport, DagTaskReport } from "@memodag/operations/dags";
import { branchText } from "../output/branch-text.ts";
import { EXIT_UNREADABLE } from "../output/exit-codes.ts";
import { printFacts, printJson, printLine, printNote, printTable } from "../output/print.ts";
import { shortDigest } from "../output/units.ts";
import { type CommonOptions, withDags } from "../wiring/deployment.ts";
import { type TeamOptions, withCommonOptions, withTeamOptions } from "./common-options.ts";
import { registerDagsBackfill } from "./dags-backfill.ts";
import { registerDagsGraph } from "./dags-graph.ts";
import { registerDagsPlan } from "./dags-plan.ts";
import { registerDagRuns } from "./dag-runs.ts";

/** Adds the `dags` commands. */
export function registerDags(program: Command): void {
  const dags = program.command("dags").description("Dags: what there is, and running it.");
  withTeamOptions(dags.command("list")).description("all Dags").action(listDags);
  withTeamOptions(dags.command("show"))
    .description("a Dag with its tasks")
    .argument("<dag>", "the Dag's id")
    .action(showDag);
  withTeamOptions(dags.command("errors"))
    .description("Dag files that could not be read; exits with 1 when there are any")
    .action(listErrors);
  withCommonOptions(dags.command("check"))
    .description("read all Dag files anew, without a database; exits with 1 when any has a fault")
    .action(checkFiles);
  registerDagsGraph(dags);
  registerDagsPlan(dags);
  registerDagRuns(dags);
  registerDagsBackfill(dags);
  for (const [name, isPaused] of [
    ["pause", true],
    ["unpause", false],
  ] as const) {
    withTeamOptions(dags.command(name))
      .description(isPaused ? "make no more scheduled runs of a Dag" : "make scheduled runs of a Dag again")
      .argument("<dag>", "the Dag's id")
      .action((dagId: string, options: TeamOptions) => setPaused(dagId, isPaused, options));
  }
}

async function listDags({ team, ...options }: TeamOptions): Promise<void> {
  const { listDags: list, listDagErrors } = await import("@memodag/operations/dags");
  const { dags, broken } = await withDags(options, async (context) => ({
    dags: (await list(context, { team })).items,
    broken: await listDagErrors(context, { team }),
  }));
  if (options.json) printJson(dags);
  else printDags(dags);
  if (broken.length > 0)
    printNote(`${broken.length} Dag file(s) could not be read: \`memodag dags errors\` says why.`);
}

function printDags(dags: readonly DagSummaryReport[]): void {
  printTable(
    ["DAG", "TEAM", "FILE", "SCHEDULE", "NEXT RUN", "PAUSED", "TASKS", "TAGS"],
    dags.map((dag) => [
      dag.dagId,
      dag.team,
      `${dag.bundle}/${dag.path}`,
      dag.schedule,
      dag.nextRunAt,
      dag.isPaused ? "yes" : "no",
      dag.taskCount,
      dag.tags.join(", "),
    ]),
    "No Dags: a file that exports one belongs into a folder that [[bundles]] in the config names.",
  );
}

async function showDag(dagId: string, { team, ...options }: TeamOptions): Promise<void> {
  const { showDag: show } = await import("@memodag/operations/dags");
  const dag = await withDags(options, (context) => show(context, { dagId, team }));
  if (options.json) printJson(dag);
  else await printDag(dag);
}

async function printDag(dag: DagReport): Promise<void> {
  const { cache: _, paramSchemas: _params, confSchema: _conf, tasks, transactions, warnings, ...facts } = dag;
  printFacts({
    ...facts,
    isPaused: String(facts.isPaused),
    catchup: String(facts.catchup),
    params: JSON.stringify(facts.params),
    tags: facts.tags.join(", ") || null,
  });
  printLine("");
  printTable(
    ["TASK", "UPSTREAM", "MAPPED OVER", "CHOOSES", "RULE", "RETRIES", "CACHE", "SOURCE"],
    tasks.map((task) => [
      task.taskId,
      task.upstream.join(", ") || null,
      task.expand.join(", ") || null,
      task.branch ? branchText(task.branch) : null,
      task.triggerRule,
      task.retries,
      shownCache(dag, task),
      task.isRunStep ? null : shortDigest(task.sourceHash),
    ]),
    "No tasks.",
  );
  const { declarationNotes, transactionNote } = await import("../output/declaration-notes.ts");
  const notes = [
    ...(transactions ?? []).map(transactionNote),
    ...tasks.flatMap((task) => declarationNotes(task)),
  ];
  for (const line of [...notes, ...warnings]) printLine(`note: ${shortened(line)}`);
}

function shownCache(dag: DagReport, { cache }: DagTaskReport): string {
  if (cache === null || !dag.cache) return "no";
  if (cache.ttlMs === "default") return "yes";
  return cache.ttlMs === null ? "without limit" : `for ${formatDuration(cache.ttlMs)}`;
}

async function listErrors({ team, ...options }: TeamOptions): Promise<void> {
  const { listDagErrors } = await import("@memodag/operations/dags");
  const broken = await withDags(options, (context) => listDagErrors(context, { team }));
  if (broken.length > 0) process.exitCode = EXIT_UNREADABLE;
  if (options.json) return printJson(broken);
  if (broken.length === 0) return printLine("All Dag files could be read.");
  await printDagErrors(broken);
}

async function printDagErrors(errors: readonly Omit<DagErrorReport, "team">[]): Promise<void> {
  const { placeOf } = await import("@memodag/operations/dags");
  for (const { bundle, path, ...error } of errors)
    printLine(`${bundle}/${path}: ${placeOf(path, error)}: ${shortened(error.message)}`);
}

async function checkFiles(options: CommonOptions): Promise<void> {
  const { loadSettings } = await import("@memodag/deployment/config");
  const { checkDagFiles } = await import("@memodag/deployment/dags");
  const { files, errors } = await checkDagFiles(await loadSettings(options));
  if (errors.length > 0) process.exitCode = EXIT_UNREADABLE;
  if (options.json) return printJson({ files, errors });
  await printDagErrors(errors);
  printLine(
    errors.length === 0 ? `${files} Dag file(s): ok` : `${errors.length} of ${files} Dag file(s) have faults`,
  );
}

async function setPaused(dagId: string, isPaused: boolean, { team, ...options }: TeamOptions): Promise<void> {
  const { pauseDag } = await import("@memodag/operations/dags");
  const paused = await withDags(options, (context) => pauseDag(context, { dagId, team, isPaused }));
  if (options.json) printJson(paused);
  else printLine(`${dagId} is ${isPaused ? "paused" : "no longer paused"}.`);
}
