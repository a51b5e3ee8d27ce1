// `memodag cache explain`: why a task instance hit, or what changed when it missed.

import type { Command } from "commander";
import { explanationText } from "../output/explanation-text.ts";
import { printJson, printLine } from "../output/print.ts";
import { shownInstance } from "../output/units.ts";
import { explainInstance } from "../report/explanation.ts";
import { getRun } from "../wiring/find-dag.ts";
import { getInstance } from "../wiring/find-instance.ts";
import { withMetadata, type Metadata } from "../wiring/metadata.ts";
import { type TeamOptions, withTeamOptions } from "./common-options.ts";
import { parseIndex } from "./parse-arguments.ts";

interface ExplainOptions extends TeamOptions {
  readonly mapIndex?: number;
}

/** Adds `cache explain`. */
export function registerExplain(cache: Command): void {
  withTeamOptions(cache.command("explain"))
    .description("why a task hit, or what changed when it missed")
    .argument("<dag>", "the Dag's id")
    .argument("<run>", "the run's id")
    .argument("<task>", "the task's id")
    .option("--map-index <n>", "which instance of a mapped task", parseIndex)
    .action(explain);
}

async function explain(dagId: string, runId: string, taskId: string, options: ExplainOptions): Promise<void> {
  const explained = await withMetadata(options, async (metadata) => {
    const run = await getRun(metadata, { dagId, team: options.team }, runId);
    const instance = await getInstance(metadata.runs, run, taskId, options.mapIndex);
    const decision = await metadata.decisions.find(run.team, run.id, instance);
    const explanation = explainInstance(instance, decision);
    // Only people are told of it: what is decided does not depend on an entry that may be gone.
    const entryAgeMs =
      options.json || explanation.reason !== "hit" ? null : await ageOf(metadata, run.team, explanation.key);
    const name = shownInstance(taskId, instance.mapIndex);
    return { name, runId, explanation, savedMs: instance.savedMs, entryAgeMs };
  });
  if (options.json) printJson(explained.explanation);
  else for (const line of explanationText(explained).split("\n")) printLine(line);
}

async function ageOf({ records }: Metadata, team: string, key: string | null): Promise<number | null> {
  if (key === null) return null;
  try {
    return (await records.find(team, [key])).get(key)?.ageMs ?? null;
  } catch {
    // The cache may be away, which changes nothing about what was decided.
    return null;
  }
}
