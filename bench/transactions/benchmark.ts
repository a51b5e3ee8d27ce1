// How many transactions passes commit for each task of a chain that misses and is stored, beside the same
// chain without a cache: storing a result costs none of its own.

import { setImmediate as nextTurn } from "node:timers/promises";
import type { DagRun } from "@memodag/core";
import type { Metastore } from "@memodag/metastore";
import { Dag } from "memodag";
import { onEachDatabase, type BenchDatabase } from "../harness/databases.ts";
import { compared, type Report } from "../harness/measurement.ts";
import { BenchRuns, PretendedExecutor } from "../scheduler/bench-runs.ts";

const TASKS = 1_000;

/** Of transactions without a cache: a store may end when no attempt is under way with whose pass it could go. */
const MOST_RATIO = 1.05;

/** How long an attempt and the cache take, in turns of the event loop. */
interface Pace {
  readonly name: string;
  readonly attemptTurns: number;
  readonly storeTurns: number;
}

/** At once, with a pass between the start of an attempt and its end, and with a store in between as well. */
const PACES: readonly Pace[] = [
  { name: "instant", attemptTurns: 0, storeTurns: 0 },
  { name: "slower", attemptTurns: 50, storeTurns: 0 },
  { name: "slower_cached", attemptTurns: 500, storeTurns: 100 },
];

/** `npm run bench -- transactions` */
export async function benchmark(report: Report): Promise<void> {
  await onEachDatabase(async (database) => {
    for (const pace of PACES) await measure(database, pace, report);
  });
}

async function measure({ dialect, metastore }: BenchDatabase, pace: Pace, report: Report): Promise<void> {
  const { name } = pace;
  const plain = await countCommits(metastore, pace, chain(`${name}_plain`, false));
  const cached = await countCommits(metastore, pace, chain(`${name}_cached`, true));
  report(
    compared(
      `${dialect}: chain of ${TASKS.toLocaleString("en")} misses, ${name.replaceAll("_", ", ")}`,
      "transactions a task",
      { value: cached / TASKS, floor: plain / TASKS },
      {
        text: "at most 5 % more than without a cache",
        isMet: (ratio) => ratio <= MOST_RATIO,
      },
    ),
  );
}

/** Transactions that passes of one run of the Dag commit; every result of a cached one has to be stored. */
async function countCommits(metastore: Metastore, pace: Pace, dag: Dag): Promise<number> {
  let commits = 0;
  const writePass: Metastore["runs"]["writePass"] = async (pass) => {
    commits += 1;
    return await metastore.runs.writePass(pass);
  };
  const counting = withMethod(metastore.runs, "writePass", writePass);
  const records = withSlowPut(metastore.records, pace.storeTurns);
  const executor = new PretendedExecutor(pace.attemptTurns);
  const runs = new BenchRuns({ ...metastore, records, runs: counting }, executor, dag.dagId);
  const { run } = await runs.run(await runs.define(dag));
  await runs.stop();
  await expectStored(metastore, run, dag);
  return commits;
}

/** A cache to which nothing is written before so many turns are over. */
function withSlowPut(records: Metastore["records"], turns: number): Metastore["records"] {
  const put: Metastore["records"]["put"] = async (...args) => {
    for (let turn = 0; turn < turns; turn += 1) await nextTurn();
    return await records.put(...args);
  };
  return withMethod(records, "put", put);
}

function withMethod<T extends object>(store: T, name: keyof T, method: unknown): T {
  return new Proxy(store, {
    get(target, key) {
      if (key === name) return method;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}

async function expectStored(metastore: Metastore, run: DagRun, dag: Dag): Promise<void> {
  const instances = await metastore.runs.listTaskInstances(run.team, run.id);
  const wanted = dag.dagId.endsWith("_cached") ? "populated" : "disabled";
  const others = instances.filter(({ cacheStatus }) => cacheStatus !== wanted);
  if (run.state !== "success" || instances.length !== TASKS || others.length > 0)
    throw new Error(`not a run of ${wanted} tasks: ${run.state}, ${others.length} others`);
}

function chain(dagId: string, cache: boolean): Dag {
  const dag = new Dag(dagId);
  let last: unknown = 0;
  for (let index = 0; index < TASKS; index += 1) {
    const task = dag.task(`t${index}`, (({ of }: { of: unknown }) => of) as never, { cache });
    last = (task as (args: { of: unknown }) => unknown)({ of: last });
  }
  return dag;
}
