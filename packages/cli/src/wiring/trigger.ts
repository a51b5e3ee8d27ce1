// Makes runs for a scheduler that runs elsewhere.

import { secretTest, type DagRun, type DagVersion } from "@memodag/core";
import type { CommonOptions } from "./settings.ts";
import { reportRun, type RunReport } from "../report/run-report.ts";
import { lastGoodOf, type LastGood } from "./last-good.ts";
import { getDag } from "./find-dag.ts";
import { makeRunOnce } from "./make-run.ts";
import { withDags } from "./dag-files.ts";
import type { Metadata } from "./metadata.ts";
import { rideOut, whenEnded } from "./run-end.ts";
import type { RunWords } from "./run-to-end.ts";
import { triggerAct } from "./trigger-act.ts";

/** A run, and whether its Dag's file could be read as it is now. */
export interface MadeRun {
  readonly run: DagRun;
  readonly version: DagVersion;
  readonly lastGood: LastGood;
}

/**
 * Makes a run in state `queued`.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `conf_invalid`.
 */
export async function trigger(words: RunWords, options: CommonOptions): Promise<MadeRun> {
  return await withDags(options, async (metadata) => await create(metadata, words));
}

/** Makes a run and resolves with its report when some scheduler has brought it to its end. */
export async function waitForRun(words: RunWords, options: CommonOptions): Promise<RunReport & LastGood> {
  return await withDags(options, async (metadata) => {
    const { run, version, lastGood } = await create(metadata, words);
    const ended = await whenEnded(metadata.runs, run);
    const instances = await rideOut(() => metadata.runs.listTaskInstances(run.team, run.id));
    return { ...reportRun(ended, instances, version.dag.tasks), ...lastGood };
  });
}

async function create(
  { dags, runs, config }: Metadata,
  { dagId, team, ...request }: RunWords,
): Promise<MadeRun> {
  const version = await rideOut(() => getDag(dags, { dagId, team }));
  const wish = { version, ...request, isSecret: secretTest(config.core.secretPatterns) };
  const act = triggerAct("dags.trigger", wish);
  const lastGood = await rideOut(() => lastGoodOf(dags, version));
  return { run: await makeRunOnce(runs, { ...wish, act }), version, lastGood };
}
