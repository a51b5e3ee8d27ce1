// The runs of random Dags: from their files to what they left, compared with the model.

import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import {
  digestOf,
  systemClock,
  type DagRun,
  type DagVersion,
  type JsonValue,
  type TaskInstance,
} from "@memodag/core";
import type { Metastore } from "@memodag/metastore";
import { triggerRun } from "@memodag/scheduler";
import type { DagPlan } from "./dag-plan.ts";
import { findDeviations, instanceName } from "./find-deviations.ts";
import { predict, type Prediction } from "./predict.ts";
import type { Random } from "./random.ts";

/** A run that was made, and what must come of it. */
export interface PredictedRun {
  readonly run: DagRun;
  readonly prediction: Prediction;
}

/** What was compared, by count. */
export interface RunCounts {
  made: number;
  instances: number;
  hits: number;
  tries: number;
}

/** Makes the run of a number, of the Dags in turn, with a param of its own; or finds it, if it is there. */
export async function triggerRunOf(
  { runs }: Metastore,
  { plans, versions }: { readonly plans: readonly DagPlan[]; readonly versions: readonly DagVersion[] },
  index: number,
  random: Random,
): Promise<PredictedRun> {
  const at = index % plans.length;
  const n = random.between(0, 1);
  const runId = `chaos-${index}`;
  const request = { conf: {}, params: { n }, logicalDate: null, cacheMode: "use" as const, runId };
  const { dagId } = plans[at]!;
  // A database that crashes may have made it, and not said so.
  const run =
    (await runs.findRun("default", dagId, runId)) ??
    (await triggerRun(runs, systemClock, { version: versions[at]!, ...request }));
  return { run, prediction: predict(plans[at]!, n) };
}

/** Compares all runs, those that tasks made and the records of the cache with the model. */
export async function compareRuns(
  metastore: Metastore,
  plans: readonly DagPlan[],
  runs: readonly PredictedRun[],
  notes: string,
): Promise<{ deviations: string[]; counts: RunCounts; instances: TaskInstance[] }> {
  const tries = readTries(notes);
  const { made, deviations } = await findMadeRuns(metastore, plans, runs);
  const counts = { made: made.length, instances: 0, hits: 0, tries: 0 };
  const all: TaskInstance[] = [];
  for (const { run: begun, prediction } of [...runs, ...made]) {
    const run = await metastore.runs.findRun(begun.team, begun.dagId, begun.runId);
    const instances = await metastore.runs.listTaskInstances(begun.team, begun.id);
    const xcoms = await metastore.runs.listXComs(begun.team, begun.id);
    const triesOf = (instance: string): readonly number[] => tries.get(`${begun.runId}/${instance}`) ?? [];
    deviations.push(...findDeviations({ run: run ?? begun, instances, xcoms }, prediction, triesOf));
    counts.instances += instances.length;
    counts.hits += instances.filter(({ cacheStatus }) => cacheStatus === "hit").length;
    for (const instance of instances) counts.tries += triesOf(instanceName(instance)).length;
    all.push(...instances);
  }
  deviations.push(...(await findWrongEntries(metastore, plans)));
  return { deviations, counts, instances: all };
}

/** The runs that tasks made: one for each of them, whatever was killed. */
async function findMadeRuns(
  { runs }: Metastore,
  plans: readonly DagPlan[],
  makers: readonly PredictedRun[],
): Promise<{ made: PredictedRun[]; deviations: string[] }> {
  const made: PredictedRun[] = [];
  const deviations: string[] = [];
  for (const { dagId, child } of plans) {
    if (!child) continue;
    const prediction = predict(child.plan, child.n);
    const listed = await runs.listRuns({ dagId: child.plan.dagId, limit: 10_000 });
    made.push(...listed.map((run) => ({ run, prediction })));
    const wanted = makers
      .filter(({ run }) => run.dagId === dagId)
      .reduce((sum, maker) => sum + maker.prediction.makers.length, 0);
    if (listed.length !== wanted)
      deviations.push(`tasks of ${dagId} made ${listed.length} runs in place of ${wanted}`);
  }
  return { made, deviations };
}

/** Has the Dag files read by a process of its own, which `start` starts. */
export async function readDags(
  start: () => ChildProcess,
  { dags }: Metastore,
  plans: readonly DagPlan[],
): Promise<DagVersion[]> {
  const dagIds = plans.flatMap(({ dagId, child }) => (child ? [dagId, child.plan.dagId] : [dagId]));
  const processor = start();
  try {
    for (;;) {
      const broken = (await dags.listDagFiles()).find(({ error }) => error !== null);
      if (broken) throw new Error(`${broken.path}: ${broken.error?.message}`);
      const found = (await Promise.all(dagIds.map((dagId) => dags.findDagVersions(dagId)))).flat();
      if (found.length === dagIds.length)
        return found.filter((version) => plans.some(({ dagId }) => dagId === version.dagId));
      if (processor.exitCode !== null) throw new Error("the Dag processor ended");
      await sleep(50);
    }
  } finally {
    processor.kill("SIGKILL");
  }
}

/** How many runs have not ended. */
export async function countOpenRuns({ runs }: Metastore): Promise<number> {
  const list = () => runs.listRuns({ limit: 10_000 });
  // After a crash the pool may still hold connections that do not know that they are cut.
  const listed = await list().catch(list).catch(list);
  return listed.filter((run) => run.endedAt === null).length;
}

/** Numbers of the tries that were begun, by run and instance. */
function readTries(notes: string): Map<string, number[]> {
  const tries = new Map<string, number[]>();
  for (const line of readFileSync(notes, "utf8").split("\n")) {
    const found = /run_id=([^/]+)\/task_id=([^/]+)\/map_index=(-?\d+)\/attempt=(\d+)\.log$/.exec(line);
    if (!found) continue;
    const [, runId = "", taskId, mapIndex, tryNumber] = found;
    const instance = mapIndex === "-1" ? taskId : `${taskId}[${mapIndex}]`;
    const name = `${decodeURIComponent(runId)}/${instance}`;
    tries.set(name, [...(tries.get(name) ?? []), Number(tryNumber)]);
  }
  return tries;
}

/** Records that hold something else than the model says that their task returns, for one of the params. */
async function findWrongEntries({ records }: Metastore, plans: readonly DagPlan[]): Promise<string[]> {
  const right = new Set<string>();
  for (const plan of plans.flatMap((one) => (one.child ? [one, one.child.plan] : [one]))) {
    for (const n of [0, 1]) {
      for (const [name, value] of Object.entries(predict(plan, n).values))
        right.add(`${plan.dagId} ${name.replace(/\[\d+\]$/, "")} ${digestOf(value as JsonValue)}`);
    }
  }
  const stored = await records.list({}, { limit: 100_000, offset: 0 });
  return stored
    .map(({ dagId, taskId, xcoms }) => `${dagId} ${taskId} ${xcoms[0]?.digest}`)
    .filter((entry) => !right.has(entry))
    .map((entry) => `a wrong entry: ${entry}`);
}
