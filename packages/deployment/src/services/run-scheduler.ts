// The scheduler as a service.

import { runLogger } from "../logging/run-logger.ts";
import { openConfiguredWorkerApi } from "../workers/open-worker-api.ts";
import { warnOfTeams } from "../config/warn-of-teams.ts";
import type { ServiceOptions } from "./service-options.ts";
import { withService } from "./with-service.ts";
import { openScheduler } from "../scheduler/open-scheduler.ts";

/** Schedules and executes until it is stopped; then drains. */
export async function runScheduler(options: ServiceOptions): Promise<void> {
  await withService("scheduler", options, async ({ deployment, live, log, telemetry, stopped }) => {
    await deployment.requireWritable();
    await warnOfTeams(deployment.loaded, log);
    const api = await openConfiguredWorkerApi(deployment, live, log);
    const scheduler = await openScheduler(deployment, {
      live,
      log,
      listener: telemetry?.join(runLogger(log, options.json)) ?? runLogger(log, options.json),
      probe: telemetry?.probe,
    });
    scheduler.start();
    log.info("scheduler started", { parallelism: live.config.core.parallelism });
    await stopped;
    log.info("scheduler stops when what runs has ended", {
      graceMs: live.config.scheduler.shutdownGrace,
    });
    await scheduler.stop();
    await api?.close();
  });
}
