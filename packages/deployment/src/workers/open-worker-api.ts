// Opens the worker API that a config describes, over the stores of a deployment.

import { join } from "node:path";
import { systemClock, withCallTimeouts, type ByteStore, type Logger } from "@memodag/core";
import { LocalSurroundings } from "@memodag/executor";
import { answerAttempts, AttemptValueCaches } from "@memodag/scheduler";
import type { WorkerApi } from "@memodag/worker-api";
import type { LiveConfig } from "../config/live-config.ts";
import { readTls } from "../config/read-tls.ts";
import { largestEntryBytes, openEntries } from "../scheduler/open-entries.ts";
import type { Deployment } from "../stores/deployment.ts";
import { ConfiguredValueCaches } from "../stores/value-caches.ts";

/** Opens it if the config says where it listens. @throws MemodagError `config_invalid` */
export async function openConfiguredWorkerApi(
  deployment: Deployment,
  live: LiveConfig,
  log: Logger,
): Promise<WorkerApi | undefined> {
  const { config, loaded, values } = deployment;
  const { listen, insecure: isInsecure } = config.workerApi;
  if (listen === undefined) return undefined;
  const { openWorkerApi } = await import("@memodag/worker-api");
  const valueCaches = new ConfiguredValueCaches({
    caches: config.caches,
    metadata: deployment.valueCaches,
    projectDir: loaded.projectDir,
  });
  // A file of this machine is none of the worker's.
  const entries = openEntries({ ...deployment, openByteStore: withoutFiles(deployment) }, live, log);
  const queries = answerAttempts({
    runs: withCallTimeouts(deployment.runs, "runs", systemClock),
    values,
    humans: withCallTimeouts(deployment.humans, "humans", systemClock),
    variables: config.variables,
    env: process.env,
    valueCaches: new AttemptValueCaches({ source: valueCaches, clock: systemClock, log }),
    entries,
  });
  const { heartbeatTimeout: heartbeatTimeoutMs } = config.scheduler;
  const api = await openWorkerApi({
    listen,
    isInsecure,
    tls: readTls("worker_api", config.workerApi, loaded.projectDir),
    attempts: withCallTimeouts(deployment.remoteAttempts, "remoteAttempts", systemClock),
    hosts: withCallTimeouts(deployment.workerHosts, "workerHosts", systemClock),
    tokens: withCallTimeouts(deployment.workerTokens, "workerTokens", systemClock),
    logs: withCallTimeouts(deployment.attemptLogs, "attemptLogs", systemClock),
    changes: deployment.changes,
    queries,
    artifacts: deployment.dags,
    values,
    keys: { dags: deployment.dags, surroundings: surroundingsHere(deployment) },
    settings: () => ({
      ordinaryEnv: config.taskCache.ordinaryEnv,
      runtime: config.taskCache.runtime,
      heartbeatTimeoutMs,
      maxXComBytes: deployment.maxXComBytes,
      maxEntryBytes: largestEntryBytes(live),
      maxLogBytes: config.executor.maxLogSize,
    }),
    clock: systemClock,
    log,
  });
  return {
    ...api,
    async close() {
      await api.close();
      await valueCaches.close();
    },
  };
}

/** Those that a scheduler on this machine computes keys with. */
function surroundingsHere({ config, loaded }: Deployment): LocalSurroundings {
  const bundlePaths = new Map(config.bundles.map(({ name, path }) => [name, path]));
  return new LocalSurroundings({
    level: config.taskCache.runtime,
    env: process.env,
    ordinaryEnv: config.taskCache.ordinaryEnv,
    clock: systemClock,
    packageMemoryPath: join(config.core.stateDir, "packages.json"),
    bundlePath: (name) => bundlePaths.get(name) ?? loaded.projectDir,
  });
}

/** The stores of a deployment, which grant nothing but requests over HTTP. */
function withoutFiles({ openByteStore }: Deployment): Deployment["openByteStore"] {
  return async (name) => {
    const store = await openByteStore(name);
    if (!store.grant) return store;
    const grant: NonNullable<ByteStore["grant"]> = async (...args) => {
      const granted = await store.grant?.(...args);
      return granted?.kind === "file" ? undefined : granted;
    };
    return new Proxy(store, {
      get: (target, key) => {
        if (key === "grant") return grant;
        const member: unknown = Reflect.get(target, key, target);
        return typeof member === "function" ? (member.bind(target) as unknown) : member;
      },
    });
  };
}
