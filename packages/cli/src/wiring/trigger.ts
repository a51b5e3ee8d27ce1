// Makes runs for a scheduler that runs elsewhere.

import { setTimeout as sleep } from "node:timers/promises";
import { systemClock, type DagRun } from "@memodag/core";
import { triggerRun } from "@memodag/scheduler";
import type { CommonOptions } from "./settings.ts";
import { reportRun, type RunReport } from "../report/run-report.ts";
import { getDag, getRun } from "./find-dag.ts";
import { withDags } from "./dag-files.ts";
import type { Metadata } from "./metadata.ts";
import type { RunWords } from "./run-to-end.ts";

/**
 * Makes a run in state `queued`.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `conf_invalid`.
 */
export async function trigger(words: RunWords, options: CommonOptions): Promise<DagRun> {
  return await withDags(options, async (metadata) => (await create(metadata, words)).run);
}

/** How often a run that is waited for is looked at, in milliseconds. */
const LOOK_EVERY_MS = 300;

/** Makes a run and resolves with its report when some scheduler has brought it to its end. */
export async function waitForRun(words: RunWords, options: CommonOptions): Promise<RunReport> {
  return await withDags(options, async (metadata) => {
    const { run, version } = await create(metadata, words);
    let latest = run;
    while (latest.endedAt === null) {
      await sleep(LOOK_EVERY_MS);
      latest = await getRun(metadata, { dagId: run.dagId, team: run.team }, run.runId);
    }
    const instances = await metadata.runs.listTaskInstances(run.team, run.id);
    return reportRun(latest, instances, version.dag.tasks);
  });
}

async function create({ dags, runs }: Metadata, { dagId, team, ...request }: RunWords) {
  const version = await getDag(dags, { dagId, team });
  return { run: await triggerRun(runs, systemClock, { version, ...request }), version };
}
