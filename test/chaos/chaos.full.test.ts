// Schedulers, workers and the database are killed and stopped at random; every run must end as if nothing
// had happened.
//
// $CHAOS_SEED gives the Dags, $CHAOS_RUNS how many runs there are. Which process was hit when is not in the
// seed. `npm run chaos` is the long form.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { digestOf, systemClock, type DagRun, type DagVersion, type JsonValue } from "@memodag/core";
import { openMetastore, type DialectName, type Metastore } from "@memodag/metastore";
import { triggerRun } from "@memodag/scheduler";
import { PostgresServer } from "@memodag/test/postgres-server";
import { expect, test } from "vitest";
import { dagFileTexts } from "./dag-file-text.ts";
import { drawDag, type DagPlan } from "./dag-plan.ts";
import { findDeviations, instanceName } from "./find-deviations.ts";
import { Fleet } from "./fleet.ts";
import { predict, type Prediction } from "./predict.ts";
import { makeProject } from "./project.ts";
import { Random } from "./random.ts";

const SEED = Number(process.env["CHAOS_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const LONG_RUNS = Number(process.env["CHAOS_RUNS"] ?? 0);
const LEASE_MS = 1_500;
const HARM_EVERY_MS = 800;

const SETTINGS = `
[core]
parallelism = 3
[task_cache]
lookup_timeout = "5s"
[scheduler]
lease = "${LEASE_MS}ms"
poll_interval = "500ms"
shutdown_grace = "200ms"
`;

const CASES = [
  { dialect: "postgres", schedulers: 3, runs: LONG_RUNS || 9 },
  { dialect: "sqlite", schedulers: 1, runs: LONG_RUNS || 4 },
] as const;

test.each(CASES)(
  "$schedulers schedulers on $dialect end $runs runs as predicted, whatever is killed",
  async ({ dialect, schedulers, runs: runCount }) => {
    const random = new Random(SEED);
    const plans = Array.from({ length: Math.ceil(runCount / 3) }, (_, index) =>
      drawDag(random, `chaos${index}`),
    );
    await using database = await openDatabase(dialect);
    const { metastore } = database;
    const folder = makeProject(database.url, SETTINGS);
    const notes = join(folder, "tries");
    writeFileSync(notes, "");
    for (const [name, text] of plans.flatMap((plan) => [...dagFileTexts(plan, notes)]))
      writeFileSync(join(folder, "dags", name), text);
    const fleet = new Fleet(folder, LEASE_MS, database.server);
    try {
      const versions = await readDags(fleet, metastore, plans);
      for (let index = 0; index < schedulers; index += 1) fleet.add();
      const runs: PredictedRun[] = [];
      for (let index = 0; index < runCount; index += 1) {
        const at = index % plans.length;
        const n = random.between(0, 1);
        const request = { conf: {}, params: { n }, logicalDate: null, cacheMode: "use" as const };
        const run = await triggerRun(metastore.runs, systemClock, { version: versions[at]!, ...request });
        runs.push({ run, prediction: predict(plans[at]!, n) });
      }
      const startedAt = performance.now();
      while (await hasOpenRuns(metastore)) {
        await sleep(HARM_EVERY_MS);
        await fleet.harm(new Random(Math.floor(Math.random() * 2 ** 32)));
      }
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      await fleet.drain();
      await fleet.workersGone();

      const tries = readTries(notes);
      const { made, deviations } = await findMadeRuns(metastore, plans, runs);
      const counts = { made: made.length, instances: 0, hits: 0, tries: 0 };
      for (const { run: begun, prediction } of [...runs, ...made]) {
        const run = await metastore.runs.findRun(begun.team, begun.dagId, begun.runId);
        const instances = await metastore.runs.listTaskInstances(begun.team, begun.id);
        const xcoms = await metastore.runs.listXComs(begun.team, begun.id);
        const triesOf = (instance: string) => tries.get(`${begun.runId}/${instance}`) ?? [];
        deviations.push(...findDeviations({ run: run ?? begun, instances, xcoms }, prediction, triesOf));
        counts.instances += instances.length;
        counts.hits += instances.filter(({ cacheStatus }) => cacheStatus === "hit").length;
        for (const instance of instances) counts.tries += triesOf(instanceName(instance)).length;
      }
      deviations.push(...(await findWrongEntries(metastore, plans)));
      expect(deviations).toEqual([]);
      process.stdout.write(
        `chaos on ${dialect}: seed ${SEED}, ${runCount} runs in ${seconds} s, ` +
          `${JSON.stringify({ ...counts, ...fleet.harms })}\n`,
      );
    } catch (error) {
      process.stdout.write(`chaos on ${dialect} failed with CHAOS_SEED=${SEED}\n${fleet.lastWords}\n`);
      throw error;
    } finally {
      fleet.kill();
      rmSync(folder, { recursive: true, force: true });
    }
  },
  LONG_RUNS > 0 ? 1_800_000 : 180_000,
);

interface PredictedRun {
  readonly run: DagRun;
  readonly prediction: Prediction;
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

interface ChaosDatabase extends AsyncDisposable {
  readonly url: string;
  readonly metastore: Metastore;
  /** Of this test alone, since it is crashed. SQLite has none: it is in the processes that are killed. */
  readonly server: PostgresServer | undefined;
}

async function openDatabase(dialect: DialectName): Promise<ChaosDatabase> {
  const server = dialect === "postgres" ? await PostgresServer.create() : undefined;
  const folder = mkdtempSync(join(tmpdir(), "memodag-chaos-database-"));
  const url = server?.url("postgres") ?? `sqlite:${join(folder, "metadata.db")}`;
  const metastore = await openMetastore(url);
  await metastore.migrate();
  const dispose = async (): Promise<void> => {
    await metastore.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url, metastore, server, [Symbol.asyncDispose]: dispose };
}

/** Has the Dag files read by a process of its own. */
async function readDags(fleet: Fleet, { dags }: Metastore, plans: readonly DagPlan[]): Promise<DagVersion[]> {
  const dagIds = plans.flatMap(({ dagId, child }) => (child ? [dagId, child.plan.dagId] : [dagId]));
  const processor = fleet.start("dag-processor");
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

async function hasOpenRuns({ runs }: Metastore): Promise<boolean> {
  const list = () => runs.listRuns({ limit: 10_000 });
  // After a crash the pool may still hold connections that do not know that they are cut.
  const listed = await list().catch(list).catch(list);
  return listed.some((run) => run.endedAt === null);
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
