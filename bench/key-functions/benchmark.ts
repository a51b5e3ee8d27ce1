// The cost of key functions in a run of very many hits: asked in a warm process, and remembered.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, type DagVersion } from "@memodag/core";
import { KeyProcesses } from "@memodag/executor";
import { openMetastore, type Metastore } from "@memodag/metastore";
import { Dag, type TaskOptions } from "memodag";
import { onEachDatabase } from "../harness/databases.ts";
import { absolute, compared, type Report } from "../harness/measurement.ts";
import { BenchRuns, PretendedExecutor } from "../scheduler/bench-runs.ts";

const INSTANCES = 10_000;
/** Runs of each kind; the fastest counts. */
const ROUNDS = 4;
const GOAL = { text: "at most 3 times without", isMet: (ratio: number) => ratio <= 3 };

type Args = { n: number };

/** The same task for both processes. */
const code = (dagId: string, cache: string): string => `import { Dag } from "memodag";
const dag = new Dag(${JSON.stringify(dagId)});
dag.task("t", ({ n }) => n, { cache: ${cache} }).expand({ n: [0] });
export { dag };`;

/** `npm run bench -- key-functions` */
export async function benchmark(report: Report): Promise<void> {
  await onEachDatabase(async ({ dialect, url }) => {
    const metastore = await openMetastore(url);
    const folder = mkdtempSync(join(tmpdir(), "memodag-bench-"));
    const keyMaker = new KeyProcesses({
      maxProcesses: 4,
      artifactsDir: join(folder, "artifacts"),
      artifacts: metastore.dags,
      values: { read: async () => new Map() },
      ordinaryEnv: [],
      nodeOptions: [],
      clock: systemClock,
      bundlePath: () => folder,
    });
    const open: Measured[] = [];
    try {
      const prepare = async (dagId: string, cache: TaskOptions<"n", Args>["cache"], text: string) => {
        const runs = new BenchRuns(metastore, new PretendedExecutor(), dagId, 30_000, {
          keyMaker,
          keyMemos: metastore.keyMemos,
        });
        const measured = new Measured(
          metastore,
          runs,
          await runs.define(dagOf(dagId, cache), code(dagId, text)),
        );
        open.push(measured);
        await measured.fill();
        return measured;
      };
      const without = await prepare("without", true, "true");
      const asked = await prepare("asked", { key: ({ n }) => n % 7 }, "{ key: ({ n }) => n % 7 }");
      const pure = await prepare(
        "pure",
        { key: { of: ({ n }) => n % 7, pure: true } },
        "{ key: { of: ({ n }) => n % 7, pure: true } }",
      );
      // In turn: what else the machine does slows all of them down.
      for (let round = 0; round < ROUNDS; round += 1) for (const measured of open) await measured.run();
      const name = `${dialect}: ${INSTANCES} hits with a key function`;
      report(compared(name, "ms", { value: asked.ms, floor: without.ms }, GOAL));
      report(compared(`${name}, remembered`, "ms", { value: pure.ms, floor: without.ms }, GOAL));
      const none = { text: "none", isMet: (count: number) => count === 0 };
      report(absolute(`${name}, remembered, processes`, "processes", pure.processes, none));
    } finally {
      for (const { runs } of open) await runs.stop();
      await keyMaker.close();
      await metastore.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

function dagOf(dagId: string, cache: TaskOptions<"n", Args>["cache"] = false): Dag {
  const dag = new Dag(dagId, { maxActiveTasks: 1_000_000, maxMapLength: INSTANCES });
  dag
    .task("t", (({ n }: Args) => n) as (args: Args) => unknown, { cache })
    .expand({ n: Array.from({ length: INSTANCES }, (_, index) => index) });
  return dag;
}

/** One Dag, and its fastest run of hits. */
class Measured {
  readonly runs: BenchRuns;
  ms = Infinity;
  /** Of the last run. */
  processes = 0;
  readonly #metastore: Metastore;
  readonly #version: DagVersion;

  constructor(metastore: Metastore, runs: BenchRuns, version: DagVersion) {
    this.#metastore = metastore;
    this.runs = runs;
    this.#version = version;
  }

  async fill(): Promise<void> {
    await this.runs.run(this.#version);
  }

  async run(): Promise<void> {
    const { run, ms } = await this.runs.run(this.#version);
    const instances = await this.#metastore.runs.listTaskInstances(run.team, run.id);
    const hits = instances.filter(({ cacheStatus }) => cacheStatus === "hit").length;
    if (hits !== INSTANCES) throw new Error(`${hits} hits of ${this.#version.dagId}, of ${INSTANCES}`);
    this.ms = Math.min(this.ms, ms);
    this.processes = run.processesSpawned;
  }
}
