// A chain of small tasks on a worker host behind a queue and an API, beside the same chain in processes of the scheduler.

import type { DagVersion, Executor } from "@memodag/core";
import type { BenchDatabase } from "../harness/databases.ts";
import { absolute, compared, median, type Report } from "../harness/measurement.ts";
import { BenchRuns } from "../scheduler/bench-runs.ts";
import { openRemote } from "./remote-room.ts";
import { WorkerRoom } from "./worker-room.ts";

const TASKS = 20;
const REPEATS = 5;

const DAG_FILE = `import { Dag } from "memodag";
export const dag = new Dag("remote_chain");
let last: unknown = null;
for (let index = 0; index < ${TASKS}; index += 1) {
  const task = dag.task(\`t\${index}\`, async ({ of }: { of: unknown }) => [index, typeof of]);
  last = task({ of: last as never });
}
`;

/** Measures a task of the chain on both paths; none of the processes is started ahead. */
export async function measureRemotePath(
  { dialect, metastore }: BenchDatabase,
  report: Report,
): Promise<void> {
  const room = new WorkerRoom(metastore);
  const version = await room.define("remote_chain", DAG_FILE);
  try {
    const local = await measure(metastore, room.executor(4, 0), version);
    const remote = await openRemote(metastore, room, { count: 1, places: 4 });
    const figures = await measure(metastore, remote.executor, version);
    await remote.close();
    const name = `${dialect}: chain of ${TASKS} tasks on a worker host`;
    const [value, floor] = [median(figures), median(local)];
    report(compared(`${name}, a task, beside the scheduler's own`, "ms", { value, floor }, null));
    report(
      absolute(`${name}, a task, over the scheduler's own`, "ms", value - floor, {
        text: "at most 10 ms",
        isMet: (ms) => ms <= 10,
      }),
    );
  } finally {
    room.remove();
  }
}

async function measure(
  metastore: BenchDatabase["metastore"],
  executor: Executor,
  version: DagVersion,
): Promise<number[]> {
  const runs = new BenchRuns(metastore, executor);
  const perTask: number[] = [];
  for (let repeat = 0; repeat <= REPEATS; repeat += 1) {
    const { run, ms } = await runs.run(version);
    if (run.state !== "success") throw new Error(`the run ended as ${run.state}`);
    if (repeat > 0) perTask.push(ms / TASKS);
  }
  await runs.stop();
  return perTask;
}
