// How long views of many runs wait for the database, and what writing the sums of a run takes beside the run.

import {
  cellOf,
  readTaskSums,
  sumUp,
  writeTaskSums,
  type DagVersion,
  type SummedInstance,
} from "@memodag/core";
import { onEachDatabase, type BenchDatabase } from "../harness/databases.ts";
import { compared, median, percentile95, timed, timedInTurn, type Report } from "../harness/measurement.ts";
import { openBareQueries, type BareQueries } from "../inspect/bare-queries.ts";
import { BenchRuns } from "../scheduler/bench-runs.ts";
import { wideDag } from "../scheduler/cached-dags.ts";

/** Tasks of the Dag, and so instances of each run. */
const TASKS = 200;
/** Runs of it. `BENCH_RUNS=100000` for the size of the goals. */
const RUNS = Number(process.env["BENCH_RUNS"] ?? 500);
/** The newest runs have instances: at most a million. */
const WITH_INSTANCES = Math.min(RUNS, 5_000);
/** Instances of the one mapped run. */
const MAPPED = 10_000;
const REPEATS = 20;
const TEAM = "default";

/** `npm run bench -- views` */
export async function benchmark(report: Report): Promise<void> {
  await onEachDatabase(async (database) => {
    const runs = new BenchRuns(database.metastore);
    await measureSums(database, runs, report);
    const version = await runs.define(wideDag(TASKS));
    await runs.stop();
    const bare = await openBareQueries(database);
    const mapped = await fill(bare, version);
    await measureViews(database, bare, mapped, report);
    await bare.close();
  });
}

/** The sums of a fully cached run, compared with the run itself. */
async function measureSums(
  { dialect, metastore }: BenchDatabase,
  runs: BenchRuns,
  report: Report,
): Promise<void> {
  const version = await runs.define(wideDag(MAPPED));
  await runs.run(version);
  const [values, floors]: [number[], number[]] = [[], []];
  for (let repeat = 0; repeat < 5; repeat += 1) {
    const { run, ms } = await runs.run(version);
    const rows = await metastore.runs.listTaskInstances(run.team, run.id);
    floors.push(ms);
    values.push(await timed(async () => writeTaskSums(sumUp(rows).tasks)));
  }
  report(
    compared(
      `${dialect}: sums of a cached run of ${MAPPED} tasks, beside the run`,
      "ms",
      { value: median(values), floor: median(floors) },
      { text: "at most 2 %", isMet: (ratio) => ratio <= 0.02 },
    ),
  );
}

/** Runs that have ended, and a mapped one; resolves to the number of the latter. */
async function fill(bare: BareQueries, { id: versionId }: DagVersion): Promise<number> {
  const one = (place: number): SummedInstance => ({
    taskId: `t${place}`,
    state: "success",
    cacheStatus: "hit",
    startedAt: 2,
    endedAt: 2,
    durationMs: 0,
    savedMs: 1_000,
  });
  const tasks = writeTaskSums(sumUp(Array.from({ length: TASKS }, (_, place) => one(place))).tasks);
  const upTo = (count: number) => `n (i) as (select 0 union all select i + 1 from n where i < ${count - 1})`;
  const addRuns = (prefix: string, count: number): string => `
    insert into dag_run (team, dag_id, run_id, run_type, dag_version_id, state, conf, params, cache_mode, created_at,
      started_at, ended_at, hits, ran, failed, saved_ms, worked_ms)
    with recursive ${upTo(count)}
    select '${TEAM}', 'wide', '${prefix}' || i, 'manual', ${versionId}, 'success', '{}', '{}', 'use', i, i, i, ${TASKS}, 0, 0,
      1000, 0 from n returning id`;
  const addInstances = (count: number, task: string, index: string, runs: string): string => `
    insert into task_instance (dag_run_id, task_id, map_index, state, try_number, max_tries, cache_status, cache_key,
      started_at, ended_at, duration_ms, saved_ms)
    with recursive ${upTo(count)}, mine as (select id from dag_run where ${runs})
    select mine.id, ${task}, ${index}, 'success', 0, 1, 'hit', 'a key of some length that is the same for all of them',
      2, 2, 0, 1000 from mine, n returning 1 as one`;
  await bare.rows(addRuns("run", RUNS));
  const newest = `run_id like 'run%' and id in (select id from dag_run order by id desc limit ${WITH_INSTANCES})`;
  await bare.rows(addInstances(TASKS, "'t' || i", "-1", newest));
  await bare.rows(
    `insert into run_summary (dag_run_id, tasks) select id, '${tasks}' from dag_run where ${newest} returning 1 as one`,
  );
  const [row] = (await bare.rows(addRuns("mapped", 1))) as { id: number }[];
  await bare.rows(addInstances(MAPPED, "'t0'", "i", "run_id like 'mapped%'"));
  return Number(row?.id);
}

async function measureViews(
  { dialect, metastore: { runs, views } }: BenchDatabase,
  bare: BareQueries,
  mapped: number,
  report: Report,
): Promise<void> {
  const some = { team: TEAM, dagId: "wide" };
  await measure(
    { name: `${dialect}: grid of 100 runs of ${TASKS} tasks, of ${RUNS} runs`, goalMs: 100 },
    async () => {
      const page = await runs.listRuns({ ...some, limit: 101 });
      await views.sumUp(
        TEAM,
        page.slice(1).map(({ id }) => id),
      );
    },
    async () => {
      const rows = (await bare.rows(
        "select * from dag_run join run_summary on dag_run_id = id where dag_id = 'wide' order by id desc limit 100",
      )) as { tasks: string }[];
      for (const { tasks } of rows) readTaskSums(tasks);
    },
    report,
  );
  await measure(
    { name: `${dialect}: a run of ${MAPPED} instances`, goalMs: 150 },
    async () => {
      const listed = await views.listInstances(TEAM, mapped, { limit: MAPPED + 1 });
      listed?.instances.map(cellOf).join("");
    },
    () => bare.rows(`select * from task_instance where dag_run_id = ${mapped} order by task_id, map_index`),
    report,
  );
  await measure(
    { name: `${dialect}: what has changed of it`, goalMs: 50 },
    () => views.listInstances(TEAM, mapped, { limit: MAPPED + 1, since: 0 }),
    () => bare.rows(`select * from task_instance where dag_run_id = ${mapped} and revision > 0`),
    report,
  );
  const lists: [string, object, string][] = [
    ["the latest", some, "true"],
    ["failed ones, of which there are none", { ...some, state: "failed" }, "state = 'failed'"],
    ["those with a string that none has", { team: TEAM, text: "zzz" }, "lower(run_id) like '%zzz%'"],
  ];
  for (const [name, filter, condition] of lists) {
    const floor = `select * from dag_run where team = '${TEAM}' and ${condition} order by id desc limit 51`;
    await measure(
      { name: `${dialect}: list of runs, ${name}`, goalMs: 50 },
      () => runs.listRuns({ ...filter, limit: 51 }),
      () => bare.rows(floor),
      report,
    );
  }
  await measure(
    { name: `${dialect}: runs that are changing`, goalMs: 5 },
    () => views.listRevisions({ endedSince: RUNS - 10 }),
    () => bare.rows("select id from dag_run where state in ('queued', 'running')"),
    report,
  );
  await measure(
    { name: `${dialect}: sums by day`, goalMs: 300 },
    () => views.sumByDay({ by: "end", from: 0, before: 86_400_000 }),
    () => bare.rows("select count(*), sum(hits), sum(saved_ms) from dag_run where ended_at >= 0"),
    report,
  );
}

/** Reports the 95th percentile of both. */
async function measure(
  { name, goalMs }: { readonly name: string; readonly goalMs: number },
  work: () => Promise<unknown>,
  floor: () => Promise<unknown>,
  report: Report,
): Promise<void> {
  const { values, floors } = await timedInTurn(REPEATS, work, floor);
  const goal = {
    text: `95 of 100 within ${goalMs} ms`,
    isMet: (_: number, value: number) => value <= goalMs,
  };
  report(compared(name, "ms", { value: percentile95(values), floor: percentile95(floors) }, goal));
}
