// Measures how the process of the scheduler, the API and a worker host grows over 10,000 attempts through that host.

import { existsSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { onEachDatabase } from "../harness/databases.ts";
import { absolute, type Report } from "../harness/measurement.ts";
import { BenchRuns } from "../scheduler/bench-runs.ts";
import { openRemote } from "../workers/remote-room.ts";
import { WorkerRoom } from "../workers/worker-room.ts";

const INSTANCES = 500;
const WARM_RUNS = 4;
const RUNS = 20;

const DAG_FILE = `import { Dag } from "memodag";
export const dag = new Dag("leaks");
const tiny = dag.task("tiny", async ({ n }: { n: number }) => n * n, { cache: false, reuse: true });
tiny.expand({ n: Array.from({ length: ${INSTANCES} }, (_, n) => n) });
`;

/** `npm run bench -- leaks` */
export async function benchmark(report: Report): Promise<void> {
  await onEachDatabase(async ({ dialect, metastore }) => {
    const room = new WorkerRoom(metastore);
    try {
      const version = await room.define("leaks", DAG_FILE);
      const remote = await openRemote(metastore, room, { count: 1, places: 8 });
      const runs = new BenchRuns(metastore, remote.executor);
      const repeat = async (times: number): Promise<void> => {
        for (let run = 0; run < times; run += 1) await runs.run(version);
      };
      await repeat(WARM_RUNS);
      const before = await measure();
      await repeat(RUNS);
      const after = await measure();
      await runs.stop();
      await remote.close();
      const name = `${dialect}: ${RUNS * INSTANCES} attempts through one worker host`;
      report(
        absolute(`${name}, heap an attempt`, "bytes", (after.heap - before.heap) / (RUNS * INSTANCES), {
          text: "at most 200",
          isMet: (bytes) => bytes <= 200,
        }),
      );
      report(
        absolute(`${name}, more descriptors`, "files", after.files - before.files, {
          text: "at most 8",
          isMet: (files) => files <= 8,
        }),
      );
    } finally {
      room.remove();
    }
  });
}

async function measure(): Promise<{ readonly heap: number; readonly files: number }> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // Logs and settled attempts of the last run are still being written.
  await sleep(3_000);
  for (let round = 0; round < 3; round += 1) collect();
  const files = existsSync("/proc/self/fd") ? readdirSync("/proc/self/fd").length : 0;
  return { heap: process.memoryUsage().heapUsed, files };
}
