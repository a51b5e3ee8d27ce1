// Many tiny instances of a mapped task: a process for each, or a process that runs many of them.

import type { DagVersion, Executor } from "@memodag/core";
import type { BenchDatabase } from "../harness/databases.ts";
import { absolute, compared, median, type Report } from "../harness/measurement.ts";
import { BenchRuns, PretendedExecutor } from "../scheduler/bench-runs.ts";
import { WorkerRoom } from "./worker-room.ts";

const INSTANCES = 500;
/** Of the runs with a process for each instance, which take long. */
const FEW = 60;
const REPEATS = 3;
const PLACES = 16;

const dagFile = (dagId: string, reuse: boolean, count: number): string => `import { Dag } from "memodag";
export const dag = new Dag("${dagId}");
const tiny = dag.task("tiny", async ({ n }: { n: number }) => n * n, { reuse: ${reuse} });
tiny.expand({ n: Array.from({ length: ${count} }, (_, n) => n) });
`;

/** Measures instances a second with and without reuse, beside a scheduler whose executor starts no process. */
export async function measureTinyTasks({ dialect, metastore }: BenchDatabase, report: Report): Promise<void> {
  const room = new WorkerRoom(metastore);
  const reused = await room.define("tiny_reused", dagFile("tiny_reused", true, INSTANCES));
  const single = await room.define("tiny_single", dagFile("tiny_single", false, FEW));
  const figures = { reused: [] as number[], single: [] as number[], none: [] as number[] };
  // One scheduler at a time: each takes every run that there is.
  const measure = async (
    executor: Executor,
    counted: readonly (readonly [DagVersion, number, number[]])[],
  ): Promise<void> => {
    const runs = new BenchRuns(metastore, executor);
    for (let repeat = 0; repeat <= REPEATS; repeat += 1) {
      for (const [version, count, rates] of counted) {
        const { ms } = await runs.run(version);
        if (repeat > 0) rates.push((count / ms) * 1_000);
      }
    }
    await runs.stop();
  };
  try {
    await measure(new PretendedExecutor(), [[reused, INSTANCES, figures.none]]);
    await measure(room.executor(PLACES, PLACES), [
      [reused, INSTANCES, figures.reused],
      [single, FEW, figures.single],
    ]);
    const name = `${dialect}: ${INSTANCES} tiny mapped tasks`;
    const value = median(figures.reused);
    const beside = (floor: readonly number[]) => ({ value, floor: median(floor) });
    report(compared(`${name}, reuse, beside no processes`, "tasks/s", beside(figures.none), null));
    report(
      compared(`${name}, reuse, beside a process for each`, "tasks/s", beside(figures.single), {
        text: "at least 10 times as many",
        isMet: (ratio) => ratio >= 10,
      }),
    );
    report(
      absolute(`${name}, reuse`, "tasks/s", value, {
        text: "at least 1,000 a second on quiet cores",
        isMet: (rate) => rate >= 1_000,
      }),
    );
  } finally {
    room.remove();
  }
}
