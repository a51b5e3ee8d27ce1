// The whole path to worker hosts, in one process besides those of tasks: database, queue in memory, worker API over HTTP.

import { join } from "node:path";
import { makeSecretToken, silentLogger, systemClock } from "@memodag/core";
import type { Metastore } from "@memodag/metastore";
import { RemoteExecutor } from "@memodag/remote-executor";
import { MemoryEngine } from "@memodag/remote-executor/testing";
import { Values } from "@memodag/result-cache";
import { answerAttempts } from "@memodag/scheduler";
import { ApiClient, WorkerHost } from "@memodag/worker";
import { openWorkerApi } from "@memodag/worker-api";
import { runPretendedHost } from "./pretended-host.ts";
import type { WorkerRoom } from "./worker-room.ts";

/** An executor with hosts behind it. */
export interface RemoteRoom {
  readonly executor: RemoteExecutor;
  /** Ends the hosts and the API. */
  close(): Promise<void>;
}

/** The hosts behind an executor. */
export interface RemoteHosts {
  readonly count: number;
  /** Places of each. */
  readonly places: number;
  /** True: they start no processes, and answer themselves. */
  readonly arePretended?: boolean;
  /** Largest result in bytes. Default: 16 MiB. */
  readonly maxXComBytes?: number;
  /** Returns the address at which hosts reach the API of this address. Default: its own. */
  reach?(url: string): Promise<string>;
}

const MAX_XCOM_BYTES = 2 ** 24;

/** Opens an executor whose attempts these hosts run; none of their processes is started ahead. */
export async function openRemote(
  metastore: Metastore,
  room: WorkerRoom,
  hosts: RemoteHosts,
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
      maxXComBytes: hosts.maxXComBytes ?? MAX_XCOM_BYTES,
      maxEntryBytes: 2 ** 20,
      maxLogBytes: 2 ** 24,
    }),
    clock: systemClock,
    log: silentLogger,
  });
  const { id, token, secretDigest } = makeSecretToken("mdw");
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
  const { places } = hosts;
  const url = (await hosts.reach?.(api.url)) ?? api.url;
  const client = (): ApiClient => new ApiClient({ urls: [url], token: () => token });
  const running = Array.from({ length: hosts.count }, async (_, index) => {
    const name = `bench-${index}`;
    if (hosts.arePretended) {
      await runPretendedHost({ name, client: client(), engine, places }, stop.signal);
      return;
    }
    const host = new WorkerHost({
      name,
      queues: ["default"],
      concurrency: places,
      version: "0.1.0",
      client: client(),
      openFeed: (take) => engine.openFeed({ queues: ["default"], concurrency: places }, take),
      stateDir: join(room.root, name),
      exchangeDir: join(room.root, `${name}-exchange`),
      inputCacheBytes: 2 ** 28,
      nodeOptions: [],
      warmProcesses: 0,
      shutdownGraceMs: 1_000,
      env: process.env,
      clock: systemClock,
      log: silentLogger,
      bundlePath: () => room.bundleDir,
    });
    await host.run(stop.signal);
  });
  const executor = new RemoteExecutor({
    store: metastore.remoteAttempts,
    hosts: metastore.workerHosts,
    changes: metastore.changes,
    engine,
    parallelism: () => hosts.count * places * 4,
    limits: { beatMs: 600_000, linkMs: 10_000 },
    env: process.env,
    log: silentLogger,
  });
  while (executor.capacity("default") <= 0) await new Promise((resolve) => setTimeout(resolve, 20));
  return {
    executor,
    async close() {
      stop.abort();
      await Promise.all(running);
      await api.close();
    },
  };
}
