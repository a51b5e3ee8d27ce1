// Puts a scheduler together: executor, cache, kill switch.

import { join } from "node:path";
import { systemClock, type Logger } from "@memodag/core";
import { LocalExecutor } from "@memodag/executor";
import { ResultCache } from "@memodag/result-cache";
import { Scheduler, type SchedulerListener } from "@memodag/scheduler";
import { logsDirOf } from "./attempt-logs.ts";
import { watchKillSwitch } from "./kill-switch.ts";
import type { Metadata } from "./metadata.ts";

/** What a scheduler is to do. */
export interface SchedulerWish {
  readonly log: Logger;
  readonly listener?: SchedulerListener;
  /** Runs of this Dag alone. */
  readonly dag?: { readonly team: string; readonly dagId: string };
}

/** A scheduler with its parts. */
export interface OpenScheduler extends Pick<Scheduler, "start" | "wake" | "whenOver" | "heldRuns"> {
  /** Drains for the configured grace and lets go of everything. */
  stop(): Promise<void>;
}

/** Puts a scheduler together; `start` starts it. */
export function openScheduler(metadata: Metadata, { log, listener, dag }: SchedulerWish): OpenScheduler {
  const { config, dags, runs, records, results } = metadata;
  const { core, taskCache, scheduler: settings } = config;
  const bundlePaths = new Map(config.bundles.map(({ name, path }) => [name, path]));
  const executor = new LocalExecutor({
    parallelism: core.parallelism,
    artifactsDir: join(core.stateDir, "artifacts"),
    logsDir: logsDirOf(config),
    ordinaryEnv: taskCache.ordinaryEnv,
    clock: systemClock,
    getArtifact: (digest) => dags.getArtifact(digest),
    bundlePath: (name) => bundlePaths.get(name) ?? metadata.loaded.projectDir,
  });
  const cache = new ResultCache({
    records,
    results,
    clock: systemClock,
    log,
    options: {
      lookupTimeoutMs: taskCache.lookupTimeout,
      storeTimeoutMs: taskCache.storeTimeout,
      maxResultSize: taskCache.maxResultSize,
      breakerThreshold: taskCache.breakerThreshold,
      breakerRestMs: taskCache.breakerRest,
    },
  });
  const killSwitch = watchKillSwitch(metadata.loaded, log);
  const scheduler = new Scheduler({
    runs,
    dags,
    cache,
    executor,
    clock: systemClock,
    log,
    isCachingEnabled: () => killSwitch.isCachingEnabled(),
    env: process.env,
    ...(listener && { listener }),
    options: {
      leaseMs: settings.lease,
      pollMs: settings.pollInterval,
      maxRuns: settings.maxRuns,
      defaultTtlMs: taskCache.defaultTtl,
      maxInputSize: taskCache.maxInputSize,
      resultsInMetastore: metadata.resultsInMetastore,
      ...(dag && { dag }),
    },
  });
  return {
    start: () => scheduler.start(),
    wake: () => scheduler.wake(),
    whenOver: (runId) => scheduler.whenOver(runId),
    get heldRuns() {
      return scheduler.heldRuns;
    },
    async stop() {
      killSwitch.close();
      await scheduler.stop(settings.shutdownGrace);
    },
  };
}
