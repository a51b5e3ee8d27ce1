// Opens the executor that a config names: processes of this one, or a queue of workers on other machines.

import {
  systemClock,
  withCallTimeouts,
  type AttemptQueries,
  type Executor,
  type Logger,
} from "@memodag/core";
import { LocalExecutor } from "@memodag/executor";
import { artifactsDirOf, logsDirOf } from "../config/folders.ts";
import type { LiveConfig } from "../config/live-config.ts";
import type { Deployment } from "../stores/deployment.ts";
import { engineOptions, loadEngineModule } from "../stores/engine-module.ts";
import { exchangeFolder } from "./exchange-folder.ts";
import { largestEntryBytes } from "./open-entries.ts";

/** An executor that can be told that its limits have changed. */
export type ConfiguredExecutor = Executor & { limitsChanged(): void };

/** Parts of an executor besides a deployment. */
export interface ExecutorParts {
  readonly live: LiveConfig;
  readonly log: Logger;
  readonly queries: AttemptQueries;
  bundlePath(bundleName: string): string;
}

/** @throws MemodagError `config_invalid` */
export async function openExecutor(
  deployment: Deployment,
  { live, log, queries, bundlePath }: ExecutorParts,
): Promise<ConfiguredExecutor> {
  const { config, dags, values } = deployment;
  const parallelism = () => live.config.core.parallelism;
  if (config.core.executor !== "local") return await openRemote(deployment, parallelism, log);
  return new LocalExecutor({
    parallelism,
    artifactsDir: artifactsDirOf(config),
    logsDir: logsDirOf(config),
    exchangeDir: exchangeFolder(config.core.stateDir),
    log,
    ordinaryEnv: config.taskCache.ordinaryEnv,
    nodeOptions: config.worker.nodeOptions,
    warmWorkers: () => live.config.worker.warmProcesses,
    warmMemory: () => live.config.worker.warmMemory,
    heartbeatTimeoutMs: config.scheduler.heartbeatTimeout,
    maxXComBytes: deployment.maxXComBytes,
    queries,
    maxEntryBytes: () => largestEntryBytes(live),
    clock: systemClock,
    artifacts: dags,
    values,
    bundlePath,
  });
}

async function openRemote(
  deployment: Deployment,
  parallelism: () => number,
  log: Logger,
): Promise<ConfiguredExecutor> {
  const { config, loaded, remoteAttempts, workerHosts, changes } = deployment;
  const { openDispatchEngine } = await loadEngineModule(loaded);
  const engine = await openDispatchEngine(engineOptions(loaded, log));
  const { RemoteExecutor } = await import("@memodag/remote-executor");
  return new RemoteExecutor({
    store: withCallTimeouts(remoteAttempts, "remoteAttempts", systemClock),
    hosts: withCallTimeouts(workerHosts, "workerHosts", systemClock),
    changes,
    engine,
    parallelism,
    lookahead: config.executor.lookahead,
    limits: { beatMs: config.scheduler.heartbeatTimeout, linkMs: config.executor.linkGrace },
    env: process.env,
    log,
  });
}
