// The scheduler as a process of its own.

import type { CommonOptions } from "./settings.ts";
import { serviceLogger } from "../output/log-lines.ts";
import { runLogger } from "../output/run-logger.ts";
import { LiveConfig } from "./live-config.ts";
import { warnOfTeams } from "./warn-of-teams.ts";
import { withMetadata } from "./metadata.ts";
import { openScheduler } from "./open-scheduler.ts";
import { withStopSignal } from "./stop-signal.ts";

/** Schedules and executes until it is told to stop; then drains. */
export async function runScheduler(options: CommonOptions): Promise<void> {
  await withMetadata(options, (metadata) =>
    withStopSignal(async (stopped) => {
      const live = new LiveConfig(metadata.loaded);
      const log = await serviceLogger(options.json === true, () => live.config.core.logLevel);
      await metadata.requireWritable();
      await warnOfTeams(metadata.loaded, log);
      const scheduler = await openScheduler(metadata, { live, log, listener: runLogger(log) });
      scheduler.start();
      log.info("scheduler started", { parallelism: live.config.core.parallelism });
      await stopped;
      log.info("scheduler stops when what runs has ended", {
        graceMs: live.config.scheduler.shutdownGrace,
      });
      await scheduler.stop();
    }),
  );
}
