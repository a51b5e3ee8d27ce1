// Assembles a scheduler: executor, cache, switches.

import { DEFAULT_QUEUE, systemClock, withCallTimeouts, type Logger } from "@memodag/core";
import { DecisionLog } from "@memodag/result-cache";
import type { HostedScheduler } from "@memodag/operations/runs";
import {
  answerAttempts,
  AttemptValueCaches,
  ScheduleLoop,
  Scheduler,
  type SchedulerListener,
} from "@memodag/scheduler";
import type { SchedulerProbe } from "@memodag/telemetry";
import { BreakerReporter } from "./breaker-reporter.ts";
import { watchDatabaseSwitch } from "./database-switch.ts";
import { configOffReason } from "../config/config-off-reason.ts";
import type { LiveConfig } from "../config/live-config.ts";
import { bundlePathOf, explainingParts, openKeyMaker, openSurroundings } from "./key-parts.ts";
import { schedulerSettings } from "./live-settings.ts";
import type { Deployment } from "../stores/deployment.ts";
import { ConfiguredValueCaches } from "../stores/value-caches.ts";
import { openCaches } from "./open-caches.ts";
import { openEntries } from "./open-entries.ts";
import { openExecutor } from "./open-executor.ts";
import { openLocks } from "./open-locks.ts";
import { openPeriodicCollection } from "./periodic-collection.ts";
import { openPeriodicRetention } from "./periodic-retention.ts";
import { writeConfigChange } from "./config-change-act.ts";
import { watchRuns } from "./watch-runs.ts";
import { readSecretKey } from "../config/secret-key.ts";

/** Options of a scheduler. */
export interface SchedulerRequest {
  /** Followed while the scheduler is open. */
  readonly live: LiveConfig;
  readonly log: Logger;
  readonly listener?: SchedulerListener;
  /** Observes the parts of the scheduler. */
  readonly probe?: SchedulerProbe | undefined;
  /** Only runs of this Dag, without scheduled ones. */
  readonly dag?: { readonly team: string; readonly dagId: string };
  /** Only these runs of that Dag, by number. */
  readonly runs?: readonly number[];
}

/** Assembles a scheduler; `start` starts it. */
export async function openScheduler(
  deployment: Deployment,
  { live, log, listener, probe, dag, runs: onlyRuns }: SchedulerRequest,
): Promise<HostedScheduler> {
  const { config, dags, values } = deployment;
  const runs = probe?.runs(deployment.runs) ?? deployment.runs;
  const { core, scheduler: settings } = config;
  deployment.logBrokenConnections(log);
  const valueCaches = new ConfiguredValueCaches({
    caches: config.caches,
    metadata: deployment.valueCaches,
    projectDir: deployment.loaded.projectDir,
  });
  const entries = openEntries(deployment, live, log);
  const plainExecutor = await openExecutor(deployment, {
    live,
    log,
    queries: answerAttempts({
      runs: withCallTimeouts(runs, "runs", systemClock),
      values,
      humans: withCallTimeouts(deployment.humans, "humans", systemClock),
      variables: config.variables,
      env: process.env,
      valueCaches: new AttemptValueCaches({ source: valueCaches, clock: systemClock, log }),
      entries,
    }),
    bundlePath: bundlePathOf(deployment),
  });
  const executor = probe?.executor(plainExecutor) ?? plainExecutor;
  const keyMaker = openKeyMaker(deployment);
  const reporter = new BreakerReporter({
    states: deployment.breakers,
    clock: systemClock,
    log,
    ttlMs: settings.lease,
  });
  const secretKey = readSecretKey(core.stateDir);
  const caches = await openCaches(deployment, live, { secretKey, reporter, probe, log });
  const keyLocks = await openLocks(deployment, live, log);
  const decisionLog = new DecisionLog({
    ...explainingParts(deployment),
    decisions: probe?.decisions(deployment.decisions) ?? deployment.decisions,
    clock: systemClock,
    log,
  });
  const databaseSwitch = await watchDatabaseSwitch(deployment.cacheSwitch, systemClock, log);
  const scheduler = new Scheduler({
    runs,
    callbacks: deployment.callbacks,
    dags,
    cache: caches.common,
    namedCaches: caches,
    values,
    entries,
    keyLocks,
    decisionLog,
    keyMaker,
    keyMemos: withCallTimeouts(deployment.keyMemos, "keyMemos", systemClock),
    executor,
    clock: systemClock,
    log,
    cachingOffReason: () => configOffReason(live.loaded) ?? databaseSwitch.offReason(),
    surroundings: openSurroundings(deployment),
    env: process.env,
    secrets: { patterns: core.secretPatterns, key: secretKey },
    listener: {
      ...listener,
      runChanged(run, isCancelled) {
        listener?.runChanged?.(run, isCancelled);
        // Its Dag may have capacity for the next scheduled run.
        if (run.endedAt !== null) scheduleLoop?.wake();
      },
    },
    options: {
      ...schedulerSettings(live),
      ...(dag && { dag }),
      ...(onlyRuns && { runs: onlyRuns }),
    },
  });
  const scheduleLoop = dag ? undefined : openScheduleLoop(deployment, live, log, () => scheduler.wake());
  const periodic = [
    openPeriodicCollection(deployment, live, log, (collection) => probe?.collected(collection)),
    openPeriodicRetention(deployment, live, log),
  ];
  probe?.watch(() => ({
    heldRuns: scheduler.heldRuns.length,
    freeSlots: executor.capacity(DEFAULT_QUEUE),
  }));
  let isStarted = false;
  await live.follow({
    clock: systemClock,
    log,
    onChange(changes) {
      void writeConfigChange(deployment.audit, changes, log);
      if (!isStarted) return;
      executor.limitsChanged();
      scheduler.settingsChanged();
      scheduleLoop?.wake();
    },
  });
  const watch = await watchRuns(deployment.changes, systemClock, log, () => {
    if (!isStarted) return;
    scheduler.wake();
    scheduleLoop?.wake();
  });
  return {
    start() {
      isStarted = true;
      scheduler.start();
      scheduleLoop?.wake();
      for (const one of periodic) one?.start();
    },
    wake: () => scheduler.wake(),
    whenOver: (runId) => scheduler.whenOver(runId),
    whenCallbacksCalled: () => scheduler.whenCallbacksCalled(),
    get heldRuns() {
      return scheduler.heldRuns;
    },
    async stop() {
      await watch.close();
      await scheduleLoop?.close();
      await Promise.all(periodic.map((one) => one?.stop()));
      await scheduler.stop(live.config.scheduler.shutdownGrace);
      await keyMaker.close();
      await valueCaches.close();
      live.close();
      databaseSwitch.close();
      await reporter.close();
    },
  };
}

function openScheduleLoop(
  { schedules, dags }: Deployment,
  live: LiveConfig,
  log: Logger,
  onRunMade: () => void,
): ScheduleLoop {
  const clock = systemClock;
  return new ScheduleLoop({
    schedules: withCallTimeouts(schedules, "schedules", clock),
    dags: withCallTimeouts(dags, "dags", clock),
    clock,
    log,
    onRunMade,
    options: schedulerSettings(live),
  });
}
