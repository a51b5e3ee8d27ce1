// The cost of a fully cached run, compared with the bare driver doing the same.

import type { Dag } from "memodag";
import { onEachDatabase, type BenchDatabase } from "../harness/databases.ts";
import { absolute, compared, median, type Report } from "../harness/measurement.ts";
import { BenchRuns } from "./bench-runs.ts";
import { chainDag, layeredDag, wideDag } from "./cached-dags.ts";
import { measureScale } from "./scale.ts";
import { measureUncached } from "./uncached.ts";
import { openPostgresFloor } from "./floor-postgres.ts";
import { openSqliteFloor } from "./floor-sqlite.ts";

const REPEATS = 5;
const HITS_GOAL = { sqlite: 30_000, postgres: 15_000 } as const;
const SINGLE_GOAL_MS = { sqlite: 5, postgres: 15 } as const;

/** `npm run bench -- scheduler` */
export async function benchmark(report: Report): Promise<void> {
  await onEachDatabase(async (database) => {
    const runs = new BenchRuns(database.metastore);
    await measureHits(database, runs, wideDag(10_000), "wide Dag of 10,000", report);
    await measureHits(database, runs, chainDag(1_000), "chain of 1,000", report);
    await measureHits(database, runs, layeredDag(10_000, 50), "10,000 in 50 layers", report);
    await measureSingle(database, runs, report);
    await runs.stop();
    await measureUncached(database, report);
    await measureScale(database, report);
  });
}

async function measureHits(
  { dialect, location }: BenchDatabase,
  runs: BenchRuns,
  dag: Dag,
  shape: string,
  report: Report,
): Promise<void> {
  const version = await runs.define(dag);
  const count = version.dag.tasks.length;
  await runs.run(version);
  const floor =
    dialect === "sqlite"
      ? openSqliteFloor(location, version.dagId)
      : await openPostgresFloor(location, version.dagId);
  const values: number[] = [];
  const floors: number[] = [];
  const lookups: number[] = [];
  // Alternating, so that both see the same machine load.
  for (let repeat = 0; repeat <= REPEATS; repeat += 1) {
    const floorMs = await floor.run();
    const { run, ms } = await runs.run(version);
    if (run.state !== "success" || run.processesSpawned !== 0)
      throw new Error(`not a run of hits: ${run.state}`);
    if (repeat === 0) continue;
    floors.push((count / floorMs) * 1_000);
    values.push((count / ms) * 1_000);
    lookups.push(run.lookups);
  }
  await floor.close();
  report(
    compared(
      `${dialect}: fully cached, ${shape}`,
      "hits/s",
      { value: median(values), floor: median(floors) },
      { text: "at least half of the floor", isMet: (ratio) => ratio >= 0.5 },
    ),
  );
  const goal = HITS_GOAL[dialect];
  report(
    absolute(`${dialect}: fully cached, ${shape}, absolute`, "hits/s", median(values), {
      text: `${goal.toLocaleString("en")} hits/s`,
      isMet: (value) => value >= goal,
    }),
  );
  report(
    absolute(`${dialect}: ${shape}, lookups a run`, "lookups", Math.max(...lookups), {
      text: "within 3",
      isMet: (value) => value <= 3,
    }),
  );
}

async function measureSingle({ dialect }: BenchDatabase, runs: BenchRuns, report: Report): Promise<void> {
  const version = await runs.define(wideDag(1));
  await runs.run(version);
  const times: number[] = [];
  for (let repeat = 0; repeat < 100; repeat += 1) times.push((await runs.run(version)).ms);
  const goal = SINGLE_GOAL_MS[dialect];
  report(
    absolute(`${dialect}: one cached task, trigger to success`, "ms", median(times), {
      text: `under ${goal} ms`,
      isMet: (value) => value < goal,
    }),
  );
}
