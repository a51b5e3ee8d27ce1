// Everything a developer needs: a scheduler in this process, and a Dag processor and the API in child processes.

import { runLogger } from "../logging/run-logger.ts";
import { requireBundles } from "../dags/dag-files.ts";
import { openConfiguredWorkerApi } from "../workers/open-worker-api.ts";
import { warnOfTeams } from "../config/warn-of-teams.ts";
import { ChildService } from "./child-service.ts";
import type { ServiceOptions } from "./service-options.ts";
import { withService } from "./with-service.ts";
import { openScheduler } from "../scheduler/open-scheduler.ts";

/** Options of {@link runDev}. */
export interface DevOptions extends ServiceOptions {
  /** False: without the API. Default: as `[api] enabled` has it. */
  readonly ui?: boolean;
}

/** Runs until it is stopped; then drains. */
export async function runDev({ ui = true, ...options }: DevOptions): Promise<void> {
  await withService("dev", options, async ({ deployment, live, log, telemetry, stopped }) => {
    requireBundles(deployment.loaded);
    // Checked here once: otherwise the Dag processor would be restarted repeatedly.
    const { checkFolders } = await import("@memodag/config");
    checkFolders(deployment.loaded);
    await deployment.requireWritable();
    await warnOfTeams(deployment.loaded, log);
    const workerApi = await openConfiguredWorkerApi(deployment, live, log);
    const children = [new ChildService("the Dag processor", ["dag-processor"], options, log)];
    // Its own process: a slow read of SQLite would hold up the scheduler.
    if (ui && deployment.config.api.enabled)
      children.push(new ChildService("the API", ["api-server", "--next-port", "--link"], options, log));
    const stopChildren = async () => void (await Promise.all(children.map((child) => child.stop())));
    const scheduler = await openScheduler(deployment, {
      live,
      log,
      listener: telemetry?.join(runLogger(log, options.json)) ?? runLogger(log, options.json),
      probe: telemetry?.probe,
    }).catch(async (error: unknown) => {
      // Their processes would keep this one running, without a scheduler.
      await stopChildren();
      throw error;
    });
    scheduler.start();
    log.info("dev started: `memodag dags trigger ID` makes a run", { config: deployment.loaded.file });
    await stopped;
    log.info("dev stops when what runs has ended");
    await Promise.all([stopChildren(), scheduler.stop()]);
    await workerApi?.close();
  });
}
