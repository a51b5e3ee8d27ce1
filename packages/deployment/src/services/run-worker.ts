// A worker on another machine, as a service without a database.

import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import type { LoadedConfig } from "@memodag/config";
import { MemodagError, systemClock, type Logger } from "@memodag/core";
import type { EngineModule } from "@memodag/remote-executor";
import type { HostDifference } from "@memodag/worker";
import { loadSettings } from "../config/settings.ts";
import { serviceLogger } from "../logging/log-lines.ts";
import { exchangeFolder } from "../scheduler/exchange-folder.ts";
import { engineOptions, loadEngineModule } from "../stores/engine-module.ts";
import { readPem } from "../config/read-tls.ts";
import { refuseSecrets } from "../workers/refuse-secrets.ts";
import type { ServiceOptions } from "./service-options.ts";

/** How a worker runs. What is absent is as in the config. */
export interface WorkerOptions extends ServiceOptions {
  readonly name?: string | undefined;
  readonly queues?: readonly string[] | undefined;
  readonly concurrency?: number | undefined;
  /** Runs this attempt alone, and ends. */
  readonly attempt?: string | undefined;
}

/** A worker that was checked. */
export interface CheckedWorker {
  readonly name: string;
  readonly queues: readonly string[];
  readonly concurrency: number;
  readonly api: readonly string[];
  readonly executor: string;
  /** Differences from the machine that keys are computed on: results of these Dags are used, and not stored. */
  readonly differences: readonly HostDifference[];
  /** Settings of the queue to be changed. */
  readonly warnings: readonly string[];
}

/** Runs a worker until it is stopped, drained or refused. @throws MemodagError */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const { loaded, log } = await load(options);
  const { host } = await makeHost(options, loaded, log);
  if (options.attempt === undefined) await host.run(options.signal);
  else await host.runOne(options.attempt, options.signal);
}

/**
 * Tries what a worker needs, and compares its machine with the one that keys are computed on. Nothing is run.
 * @throws MemodagError for a config, folder, token, API or queue with which no worker can run
 */
export async function checkWorker(options: WorkerOptions): Promise<CheckedWorker> {
  const { loaded, log } = await load({ ...options, isCheck: true });
  const { bundles, core } = loaded.config;
  for (const { name, path } of bundles) {
    if (existsSync(path)) continue;
    throw new MemodagError(
      "config_invalid",
      `The folder ${path} of bundle "${name}" does not exist: put the project there, or change the bundle's path`,
      { fields: { bundle: name, path } },
    );
  }
  const { host, ...checked } = await makeHost(options, loaded, log);
  const warnings = await checkQueue(loaded, log);
  const differences = await host.check(
    options.signal,
    new Map(bundles.map(({ name, path }) => [name, path])),
  );
  return { ...checked, executor: core.executor, differences, warnings };
}

/** @throws MemodagError if the queue does not answer */
async function checkQueue(loaded: LoadedConfig, log: Logger): Promise<readonly string[]> {
  const { openDispatchEngine } = await loadEngineModule(loaded);
  const engine = await openDispatchEngine(engineOptions(loaded, log));
  try {
    return (await engine.check?.()) ?? [];
  } finally {
    await engine.close();
  }
}

async function load(
  options: WorkerOptions & { readonly isCheck?: boolean },
): Promise<{ loaded: LoadedConfig; log: Logger }> {
  const loaded = await loadSettings(options.config === undefined ? {} : { config: options.config });
  refuseSecrets(loaded);
  const log = await serviceLogger(options.json ?? false, () =>
    options.isCheck ? "error" : loaded.config.core.logLevel,
  );
  return { loaded, log };
}

async function makeHost(options: WorkerOptions, loaded: LoadedConfig, log: Logger) {
  const { worker, core, bundles } = loaded.config;
  const { token, caFile } = worker;
  if (token === undefined) {
    throw new MemodagError(
      "config_invalid",
      "[worker] has no token: make one with `memodag workers token` on a machine with the database, and set MEMODAG__WORKER__TOKEN or token_file",
    );
  }
  const ca =
    caFile === undefined ? undefined : readPem("[worker] ca_file", resolve(loaded.projectDir, caFile));
  const api = worker.api.split(/ +/);
  const name = options.name ?? hostname();
  const queues = options.queues ?? worker.queues.split(/ +/);
  const concurrency = options.concurrency ?? worker.concurrency;
  // Before it registers: what is missing is said at once.
  const engine = options.attempt === undefined ? await loadFeedModule(loaded) : undefined;
  const { ApiClient, WorkerHost } = await import("@memodag/worker");
  const bundlePaths = new Map(bundles.map((bundle) => [bundle.name, bundle.path]));
  const host = new WorkerHost({
    name,
    queues,
    concurrency,
    version: options.version,
    client: new ApiClient({ urls: api, token: () => token, ca }),
    async openFeed(take) {
      if (!engine) throw new Error("a worker for one attempt has no queue");
      return await engine({ ...engineOptions(loaded, log), queues, concurrency }, take);
    },
    stateDir: join(core.stateDir, "worker"),
    exchangeDir: exchangeFolder(core.stateDir),
    inputCacheBytes: worker.inputCacheSize,
    nodeOptions: worker.nodeOptions,
    warmProcesses: worker.warmProcesses,
    warmMemoryBytes: worker.warmMemory,
    shutdownGraceMs: worker.shutdownGrace,
    env: process.env,
    clock: systemClock,
    log,
    bundlePath: (bundle) => bundlePaths.get(bundle) ?? loaded.projectDir,
  });
  return { host, name, queues, concurrency, api };
}

async function loadFeedModule(loaded: LoadedConfig): Promise<NonNullable<EngineModule["openAttemptFeed"]>> {
  const { openAttemptFeed } = await loadEngineModule(loaded);
  if (openAttemptFeed) return openAttemptFeed;
  throw new MemodagError(
    "config_invalid",
    `[core] executor = "${loaded.config.core.executor}" starts a worker for each attempt, with --attempt: there is no queue to take from`,
  );
}
