// `memodag cache explain`: why a task instance, or each of a run, hit, or what changed when it missed.

import { MemodagError, type DagRun } from "@memodag/core";
import type { Command } from "commander";
import { explanationLines } from "../output/explanation-lines.ts";
import { groupText, type CauseGroup } from "@memodag/operations/explain";
import type { Row } from "../output/table.ts";
import { printJson, printLine, printTable } from "../output/print.ts";

import { instanceName } from "@memodag/core";
import { RunCauses } from "@memodag/operations/explain";
import { explainInstance } from "@memodag/operations/explain";
import { getRun } from "@memodag/operations/runs";
import { getInstance } from "@memodag/operations/tasks";
import { withOperations } from "../wiring/deployment.ts";
import type { Deployment } from "@memodag/deployment/stores";
import { type TeamOptions, withTeamOptions } from "./common-options.ts";
import { parseIndex } from "./parse-arguments.ts";

interface ExplainOptions extends TeamOptions {
  readonly mapIndex?: number;
}

/** Adds `cache explain`. */
export function registerExplain(cache: Command): void {
  withTeamOptions(cache.command("explain"))
    .description("why a task hit, or what changed when it missed; without a task, all of a run by cause")
    .argument("<dag>", "the Dag's id")
    .argument("<run>", "the run's id")
    .argument("[task]", "the task's id (default: all of them, grouped by cause)")
    .option("--map-index <n>", "which instance of a mapped task", parseIndex)
    .action(explain);
}

async function explain(
  dagId: string,
  runId: string,
  taskId: string | undefined,
  options: ExplainOptions,
): Promise<void> {
  if (taskId === undefined) return await explainRun(dagId, runId, options);
  const explained = await withOperations(options, async (context, metadata) => {
    const run = await getRun(metadata, { dagId, team: options.team }, runId);
    const instance = await getInstance(metadata.runs, run, taskId, options.mapIndex);
    const decision = await metadata.decisions.find(run.team, run.id, instance);
    const explanation = explainInstance(instance, decision);
    // Only people are told of it: what is decided does not depend on an entry that may be gone.
    const entryAgeMs =
      options.json || explanation.reason !== "hit" ? null : await ageOf(metadata, run.team, explanation.key);
    const name = instanceName(taskId, instance.mapIndex);
    const causes = explanation.reason === "input_changed" ? await causesOf(metadata, run) : null;
    const cause = causes?.causeOf(instance) ?? null;
    return {
      name,
      runId,
      explanation,
      savedMs: instance.savedMs,
      ageMs: Date.now() - run.createdAt,
      entryAgeMs,
      cause,
      ...(causes && { ownInputs: causes.ownInputs(instance) }),
    };
  });
  const { explanation, cause } = explained;
  if (options.json) printJson({ ...explanation, ...(cause && { cause }) });
  else for (const line of explanationLines(explained)) printLine(line);
}

async function explainRun(dagId: string, runId: string, options: ExplainOptions): Promise<void> {
  if (options.mapIndex !== undefined)
    throw new MemodagError("usage", "--map-index names an instance of a task: name the task too");
  const groups = await withOperations(options, async (context, metadata) => {
    const run = await getRun(metadata, { dagId, team: options.team }, runId);
    return (await causesOf(metadata, run)).groups();
  });
  if (options.json) return printJson({ dagId, runId, groups });
  printTable(["COUNT", "WHY", "TASKS"], groups.map(rowOf), "No task of the run has been looked at yet.");
}

async function causesOf({ runs, dags, decisions }: Deployment, run: DagRun): Promise<RunCauses> {
  const { dag } = await dags.getDagVersion(run.dagVersionId);
  const instances = await runs.listTaskInstances(run.team, run.id);
  return new RunCauses({
    tasks: dag.tasks,
    instances,
    decisions: await decisions.listOfRun(run.team, run.id),
  });
}

async function ageOf({ records }: Deployment, team: string, key: string | null): Promise<number | null> {
  if (key === null) return null;
  try {
    return (await records.find(team, [key])).get(key)?.ageMs ?? null;
  } catch {
    // The cache may be away, which changes nothing about what was decided.
    return null;
  }
}

function rowOf(group: CauseGroup): Row {
  const tasks = group.tasks.map(({ taskId, count }) => (count === 1 ? taskId : `${taskId} (${count})`));
  return [group.count, groupText(group), tasks.join(", ")];
}
