// How long `memodag db clean` takes beside the plainest deletes, and how much a scheduler's passes are delayed by it.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Metastore } from "@memodag/metastore";
import { Dag } from "memodag";
import { onEachDatabase, type BenchDatabase } from "../harness/databases.ts";
import { absolute, compared, median, type Report } from "../harness/measurement.ts";
import { BenchRuns } from "../scheduler/bench-runs.ts";
import { countRuns, deletePlainly, fillWithRuns } from "./old-runs.ts";

const RUNS = 10_000;
const INSTANCES = 5;

/** How long passes are timed without anything beside them. */
const ALONE_MS = 5_000;

/** Milliseconds that the slowest pass may take longer. */
const MOST_DELAY_MS = 100;

const bin = fileURLToPath(import.meta.resolve("../../packages/memodag/bin/memodag.js"));

/** `npm run bench -- retention` */
export async function benchmark(report: Report): Promise<void> {
  await onEachDatabase(async (database) => {
    const { dialect, metastore } = database;
    const name = `${dialect}: db clean of ${RUNS.toLocaleString("en")} runs of ${INSTANCES} tasks`;
    const version = await defineOld(metastore);
    await fillWithRuns(database, version, RUNS, INSTANCES);
    const floor = await timed(() => deletePlainly(database));
    await fillWithRuns(database, version, RUNS, INSTANCES);
    const value = await timed(() => clean(database));
    // It rests for a third of the time, so that others get to their turn.
    report(compared(name, "ms", { value, floor }, null));
    const alone = await timePasses(metastore, "alone", (end) => void setTimeout(end, ALONE_MS));
    await fillWithRuns(database, version, RUNS, INSTANCES);
    const beside = await timePasses(metastore, "beside", (end) => void clean(database).then(end, end));
    const left = await countRuns(database);
    if (left !== 1) throw new Error(`db clean left ${left} runs`);
    const slowest = { value: beside.slowestMs, floor: alone.slowestMs };
    report(
      compared(`${dialect}: slowest pass beside db clean`, "ms", slowest, {
        text: `at most ${MOST_DELAY_MS} ms more than without`,
        isMet: () => slowest.value - slowest.floor <= MOST_DELAY_MS,
      }),
    );
    const usual = { value: beside.medianMs, floor: alone.medianMs };
    report(compared(`${dialect}: median pass beside db clean`, "ms", usual, null));
    report(absolute(`${dialect}: passes timed beside db clean`, "passes", beside.count, null));
  });
}

async function defineOld(metastore: Metastore): Promise<number> {
  const runs = new BenchRuns(metastore, undefined, "none");
  const dag = new Dag("old");
  dag.task("task", () => 1)({});
  const { id } = await runs.define(dag);
  await runs.stop();
  return id;
}

interface Passes {
  readonly count: number;
  readonly slowestMs: number;
  readonly medianMs: number;
}

/** Runs a Dag of one task again and again until the end of what `begin` starts, and times the writing of passes. */
async function timePasses(
  metastore: Metastore,
  name: string,
  begin: (end: () => void) => void,
): Promise<Passes> {
  const passes: number[] = [];
  const runs = new Proxy(metastore.runs, {
    get(target, key) {
      if (key === "writePass")
        return async (...args: Parameters<typeof target.writePass>) => {
          const startedAt = performance.now();
          const outcome = await target.writePass(...args);
          passes.push(performance.now() - startedAt);
          return outcome;
        };
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
  const dag = new Dag(`beside_${name}`);
  dag.task("t", () => 1)({});
  const bench = new BenchRuns({ ...metastore, runs }, undefined, dag.dagId);
  const version = await bench.define(dag);
  await bench.run(version);
  passes.length = 0;
  const over = new AbortController();
  begin(() => over.abort());
  while (!over.signal.aborted) await bench.run(version);
  await bench.stop();
  return { count: passes.length, slowestMs: Math.max(...passes), medianMs: median(passes) };
}

/** The real command, in a process of its own. */
async function clean({ url }: BenchDatabase): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "memodag-bench-"));
  const config = join(folder, "memodag.toml");
  writeFileSync(config, `[database]\nurl = ${JSON.stringify(url)}\n[retention]\nruns = "1h"\n`);
  try {
    await promisify(execFile)(process.execPath, [bin, "db", "clean", "--config", config], { cwd: folder });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
