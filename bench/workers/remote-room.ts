// The whole path to a worker host, in one process besides those of tasks: database, queue in memory, worker API over HTTP.

import { join } from "node:path";
import { makeWorkerToken, silentLogger, systemClock } from "@memodag/core";
import type { Metastore } from "@memodag/metastore";
import { RemoteExecutor } from "@memodag/remote-executor";
import { MemoryEngine } from "@memodag/remote-executor/testing";
import { Values } from "@memodag/result-cache";
import { answerAttempts } from "@memodag/scheduler";
import { ApiClient, WorkerHost } from "@memodag/worker";
import { openWorkerApi } from "@memodag/worker-api";
import type { WorkerRoom } from "./worker-room.ts";

/** An executor with a host behind it. */
export interface RemoteRoom {
  readonly executor: RemoteExecutor;
  /** Ends the host and the API. */
  close(): Promise<void>;
}

/** Opens an executor whose attempts one host runs, in so many places; none of its processes is started ahead. */
export async function openRemote(
  metastore: Metastore,
  room: WorkerRoom,
  places: number,
): Promise<RemoteRoom> {
  const values = new Values({ metadata: metastore.results, clock: systemClock });
  const api = await openWorkerApi({
    listen: "127.0.0.1:0",
    attempts: metastore.remoteAttempts,
    hosts: metastore.workerHosts,
    tokens: metastore.workerTokens,
    logs: metastore.attemptLogs,
    changes: metastore.changes,
    queries: answerAttempts({ runs: metastore.runs, values, variables: [], env: {} }),
    artifacts: metastore.dags,
    values,
    settings: () => ({
      ordinaryEnv: [],
      runtime: "exact",
      heartbeatTimeoutMs: 60_000,
      maxXComBytes: 2 ** 24,
      maxEntryBytes: 2 ** 20,
      maxLogBytes: 2 ** 24,
    }),
    clock: systemClock,
    log: silentLogger,
  });
  const { id, token, secretDigest } = makeWorkerToken();
  await metastore.workerTokens.add({
    id,
    name: "bench",
    secretDigest,
    queues: null,
    teams: null,
    validForMs: null,
  });
  const engine = new MemoryEngine();
  const stop = new AbortController();
  const host = new WorkerHost({
    name: "bench",
    queues: ["default"],
    concurrency: places,
    version: "0.1.0",
    client: new ApiClient({ urls: [api.url], token: () => token }),
    openFeed: (take) => engine.openFeed({ queues: ["default"], concurrency: places }, take),
    stateDir: join(room.root, "host"),
    exchangeDir: join(room.root, "host-exchange"),
    inputCacheBytes: 2 ** 28,
    nodeOptions: [],
    shutdownGraceMs: 1_000,
    env: process.env,
    clock: systemClock,
    log: silentLogger,
    bundlePath: () => room.bundleDir,
  });
  const running = host.run(stop.signal);
  const executor = new RemoteExecutor({
    store: metastore.remoteAttempts,
    hosts: metastore.workerHosts,
    changes: metastore.changes,
    engine,
    parallelism: () => places * 4,
    limits: { beatMs: 60_000, linkMs: 10_000 },
    env: process.env,
    log: silentLogger,
  });
  while (executor.capacity("default") <= 0) await new Promise((resolve) => setTimeout(resolve, 20));
  return {
    executor,
    async close() {
      stop.abort();
      await running;
      await api.close();
    },
  };
}
