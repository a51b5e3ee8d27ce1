// The scheduler as a process of its own.

import type { CommonOptions } from "./settings.ts";
import { serviceLogger } from "../output/log-lines.ts";
import { runLogger } from "../output/run-logger.ts";
import { withMetadata } from "./metadata.ts";
import { openScheduler } from "./open-scheduler.ts";
import { withStopSignal } from "./stop-signal.ts";

/** Schedules and executes until it is told to stop; then drains. */
export async function runScheduler(options: CommonOptions): Promise<void> {
  const log = serviceLogger(options.json === true);
  await withMetadata(options, (metadata) =>
    withStopSignal(async (stopped) => {
      const { core, scheduler: settings } = metadata.config;
      const scheduler = await openScheduler(metadata, { log, listener: runLogger(log) });
      scheduler.start();
      log.info("scheduler started", { parallelism: core.parallelism });
      await stopped;
      log.info("scheduler stops when what runs has ended", { graceMs: settings.shutdownGrace });
      await scheduler.stop();
    }),
  );
}
