// The cost of a task that runs: a chain of small JavaScript tasks, compared with as many forks of the
// same worker without a task, and as many bare Node processes.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@memodag/core";
import { DagProcessor } from "@memodag/dag-processor";
import { LocalExecutor } from "@memodag/executor";
import { Values } from "@memodag/result-cache";
import type { BenchDatabase } from "../harness/databases.ts";
import { Forks, inTurn } from "../harness/forks.ts";
import { absolute, compared, median, type Report } from "../harness/measurement.ts";
import { BenchRuns } from "./bench-runs.ts";

const TASKS = 40;
const REPEATS = 3;

const DAG_FILE = (cache: boolean): string => `import { Dag } from "memodag";
export const dag = new Dag("fib_${cache ? "cached" : "uncached"}");
const fibonacci = (n: number): number => (n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2));
let last: unknown = null;
for (let index = 0; index < ${TASKS}; index += 1) {
  const task = dag.task(\`t\${index}\`, async ({ of }: { of: unknown }) => [index, fibonacci(10)], { cache: ${cache} });
  last = task({ of: last as never });
}
`;

/** Measures the chain uncached and cached, alternating with bare forks. */
export async function measureUncached({ dialect, metastore }: BenchDatabase, report: Report): Promise<void> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "memodag-bench-")));
  const dags = join(root, "dags");
  mkdirSync(dags);
  for (const cache of [false, true]) writeFileSync(join(dags, `fib-${cache}.ts`), DAG_FILE(cache));
  const forks = new Forks(root);
  const processor = new DagProcessor({ store: metastore.dags, stateDir: join(root, "state") });
  await processor.processBundle({ name: "bench", path: dags, team: "default" });
  const executor = new LocalExecutor({
    parallelism: () => 1,
    // The cost of a process is measured here; bench/workers measures those that are started ahead.
    warmWorkers: () => 0,
    artifactsDir: join(root, "state", "artifacts"),
    logsDir: join(root, "logs"),
    exchangeDir: join(root, "exchange"),
    ordinaryEnv: [],
    clock: systemClock,
    artifacts: metastore.dags,
    values: new Values({ metadata: metastore.results, clock: systemClock }),
    bundlePath: () => dags,
  });
  const runs = new BenchRuns(metastore, executor);
  try {
    const [uncached] = await metastore.dags.findDagVersions("fib_uncached");
    const [cached] = await metastore.dags.findDagVersions("fib_cached");
    if (!uncached || !cached) throw new Error("the Dag files were not read");
    await runs.run(cached);
    const values: number[] = [];
    const floors: number[] = [];
    const bareForks: number[] = [];
    const hits: number[] = [];
    for (let repeat = 0; repeat <= REPEATS; repeat += 1) {
      const bareMs = await inTurn(TASKS, () => forks.bare());
      const floorMs = await inTurn(TASKS, () => forks.worker());
      const { run, ms } = await runs.run(uncached);
      const again = await runs.run(cached);
      if (run.processesSpawned !== TASKS || again.run.processesSpawned !== 0)
        throw new Error("not the runs meant");
      if (repeat === 0) continue;
      floors.push(floorMs / TASKS);
      bareForks.push(bareMs / TASKS);
      values.push(ms / TASKS);
      hits.push(again.ms);
    }
    report(
      compared(
        `${dialect}: chain of ${TASKS} fibonacci(10), a task`,
        "ms",
        { value: median(values), floor: median(floors) },
        {
          text: "at most 1.3 times a fork of the same worker doing nothing",
          isMet: (ratio) => ratio <= 1.3,
        },
      ),
    );
    report(
      compared(
        `${dialect}: chain of ${TASKS} fibonacci(10), a task, beside Node alone`,
        "ms",
        { value: median(values), floor: median(bareForks) },
        null,
      ),
    );
    report(
      absolute(`${dialect}: chain of ${TASKS} fibonacci(10), in full`, "ms", median(values) * TASKS, null),
    );
    report(absolute(`${dialect}: chain of ${TASKS} fibonacci(10), cached`, "ms", median(hits), null));
  } finally {
    await runs.stop();
    rmSync(root, { recursive: true, force: true });
  }
}
