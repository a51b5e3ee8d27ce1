// A large value that many instances of a mapped task receive on worker hosts: the bytes that cross the network.

import { CountingProxy } from "@memodag/test/counting-proxy";
import type { BenchDatabase } from "../harness/databases.ts";
import { compared, type Report } from "../harness/measurement.ts";
import { BenchRuns } from "../scheduler/bench-runs.ts";
import { openRemote } from "./remote-room.ts";
import { WorkerRoom } from "./worker-room.ts";

const MEBIBYTE = 2 ** 20;
const SIZE = 100 * MEBIBYTE;
const INSTANCES = 100;
const HOSTS = 2;

/** Bytes of everything else that an attempt exchanges with the API, such as its order, code and log. */
const OTHER_BYTES = 64 * 1_024;

const DAG_FILE = `import { Dag } from "memodag";
export const dag = new Dag("shared_input");
const load = dag.task("load", () => "x".repeat(${SIZE - 2}));
const each = dag.task("each", ({ load, index }: { load: string; index: number }) => load.length + index);
each.partial({ load: load() }).expand({ index: Array.from({ length: ${INSTANCES} }, (_, index) => index) });
`;

/** Measures the bytes that hosts read, beside the value once for each of them. */
export async function measureSharedInput(
  { dialect, metastore }: BenchDatabase,
  report: Report,
): Promise<void> {
  const room = new WorkerRoom(metastore);
  const version = await room.define("shared_input", DAG_FILE);
  let proxy: CountingProxy | undefined;
  const remote = await openRemote(metastore, room, {
    count: HOSTS,
    places: 2,
    maxXComBytes: 2 * SIZE,
    async reach(url) {
      proxy = await CountingProxy.start(url);
      return proxy.url;
    },
  });
  const runs = new BenchRuns(metastore, remote.executor);
  try {
    const { run } = await runs.run(version);
    if (run.state !== "success") throw new Error(`the run ended as ${run.state}`);
    const value = (proxy?.bytes ?? Number.NaN) / MEBIBYTE;
    const floor = (HOSTS * SIZE) / MEBIBYTE;
    const most = floor + (INSTANCES * OTHER_BYTES) / MEBIBYTE;
    report(
      compared(
        `${dialect}: 100 MiB for ${INSTANCES} instances on ${HOSTS} hosts, bytes that hosts read`,
        "MiB",
        { value, floor },
        { text: "once a host", isMet: (_ratio, read) => read <= most },
      ),
    );
  } finally {
    await runs.stop();
    await remote.close();
    await proxy?.[Symbol.asyncDispose]();
    room.remove();
  }
}
