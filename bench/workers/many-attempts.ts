// Many attempts under way at once, through one worker API to two hosts, beside the same without an API: with a process
// for each attempt, and with hosts that answer themselves.

import type { DagVersion, Executor } from "@memodag/core";
import type { BenchDatabase } from "../harness/databases.ts";
import { absolute, compared, median, type Report } from "../harness/measurement.ts";
import { BenchRuns, PretendedExecutor } from "../scheduler/bench-runs.ts";
import { openRemote, type RemoteHosts } from "./remote-room.ts";
import { WorkerRoom } from "./worker-room.ts";

const INSTANCES = 500;
/** Of the runs with a process for each instance, which take long. */
const FEW = 60;
const REPEATS = 3;
const HOSTS = 2;
/** Of each host that answers itself: what a few machines have together. */
const MANY_PLACES = 64;

const dagFile = (dagId: string, count: number): string => `import { Dag } from "memodag";
export const dag = new Dag("${dagId}");
const small = dag.task("small", async ({ n }: { n: number }) => n * n, { cache: false });
small.expand({ n: Array.from({ length: ${count} }, (_, n) => n) });
`;

/** Measures attempts a second on worker hosts. */
export async function measureManyAttempts(
  { dialect, metastore }: BenchDatabase,
  report: Report,
): Promise<void> {
  const room = new WorkerRoom(metastore);
  const many = await room.define("many_attempts", dagFile("many_attempts", INSTANCES));
  const few = await room.define("few_attempts", dagFile("few_attempts", FEW));
  // One scheduler at a time: each takes every run that there is.
  const measure = async (executor: Executor, version: DagVersion, count: number): Promise<number> => {
    const runs = new BenchRuns(metastore, executor);
    const rates: number[] = [];
    for (let repeat = 0; repeat <= REPEATS; repeat += 1) {
      const { run, ms } = await runs.run(version);
      if (run.state !== "success") throw new Error(`the run ended as ${run.state}`);
      if (repeat > 0) rates.push((count / ms) * 1_000);
    }
    await runs.stop();
    return median(rates);
  };
  const measureRemote = async (hosts: RemoteHosts, version: DagVersion, count: number): Promise<number> => {
    const remote = await openRemote(metastore, room, hosts);
    const rate = await measure(remote.executor, version, count);
    await remote.close();
    return rate;
  };
  try {
    const noProcesses = {
      floor: await measure(new PretendedExecutor(), many, INSTANCES),
      value: await measureRemote({ count: HOSTS, places: MANY_PLACES, arePretended: true }, many, INSTANCES),
    };
    const processes = {
      floor: await measure(room.executor(HOSTS * 2, 0), few, FEW),
      value: await measureRemote({ count: HOSTS, places: 2 }, few, FEW),
    };
    const name = `${dialect}: mapped attempts on ${HOSTS} worker hosts`;
    report(compared(`${name} without processes, beside no hosts`, "tasks/s", noProcesses, null));
    report(
      absolute(`${name} without processes`, "tasks/s", noProcesses.value, {
        text: "at least 100 a second through one worker API",
        isMet: (rate) => rate >= 100,
      }),
    );
    report(
      compared(`${name}, beside the scheduler's own processes`, "tasks/s", processes, {
        text: "at least 90 % of as many",
        isMet: (ratio) => ratio >= 0.9,
      }),
    );
  } finally {
    room.remove();
  }
}
