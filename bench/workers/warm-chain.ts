// A chain of small tasks, each in a process of its own: started for it, or ahead.

import { setTimeout as sleep } from "node:timers/promises";
import type { BenchDatabase } from "../harness/databases.ts";
import { Forks, inTurn } from "../harness/forks.ts";
import { absolute, compared, median, type Report } from "../harness/measurement.ts";
import { BenchRuns } from "../scheduler/bench-runs.ts";
import { WorkerRoom } from "./worker-room.ts";

const TASKS = 40;
const REPEATS = 5;
/** Milliseconds between looks whether all processes are ready: a scheduler that has waited a while has them. */
const LOOK_MS = 250;

const DAG_FILE = `import { Dag } from "memodag";
export const dag = new Dag("fib");
const fibonacci = (n: number): number => (n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2));
let last: unknown = null;
for (let index = 0; index < ${TASKS}; index += 1) {
  const task = dag.task(\`t\${index}\`, async ({ of }: { of: unknown }) => [index, fibonacci(10)]);
  last = task({ of: last as never });
}
`;

/** Measures the chain with and without processes that wait, alternating with bare processes. */
export async function measureWarmChain({ dialect, metastore }: BenchDatabase, report: Report): Promise<void> {
  const room = new WorkerRoom(metastore);
  const version = await room.define("fib", DAG_FILE);
  const forks = new Forks(room.root);
  const figures = { warm: [] as number[], cold: [] as number[], bare: [] as number[] };
  try {
    for (const [kind, warmWorkers] of [
      ["cold", 0],
      ["warm", TASKS],
    ] as const) {
      const executor = room.executor(TASKS, warmWorkers);
      const runs = new BenchRuns(metastore, executor);
      for (let repeat = 0; repeat <= REPEATS; repeat += 1) {
        const { run, ms } = await runs.run(version);
        if (run.processesSpawned !== TASKS) throw new Error("not the run meant");
        if (repeat > 0) figures[kind].push(ms / TASKS);
        if (warmWorkers > 0) {
          do await sleep(LOOK_MS);
          while (executor.warmProcesses < TASKS - 1);
          await sleep(LOOK_MS);
        } else figures.bare.push((await inTurn(TASKS, () => forks.bare())) / TASKS);
      }
      await runs.stop();
    }
    const name = `${dialect}: chain of ${TASKS} fibonacci(10)`;
    const value = median(figures.warm);
    report(compared(`${name}, a task, processes ahead`, "ms", { value, floor: median(figures.bare) }, null));
    report(
      compared(
        `${name}, a task, processes ahead beside none`,
        "ms",
        { value, floor: median(figures.cold) },
        { text: "at most half of a process started for each", isMet: (ratio) => ratio <= 0.5 },
      ),
    );
    report(
      absolute(`${name}, a task, processes ahead, absolute`, "ms", value, {
        text: "at most 12 ms on quiet cores",
        isMet: (ms) => ms <= 12,
      }),
    );
    report(
      absolute(`${name}, processes ahead, in full`, "ms", value * TASKS, {
        text: "under 500 ms",
        isMet: (ms) => ms < 500,
      }),
    );
  } finally {
    room.remove();
  }
}
