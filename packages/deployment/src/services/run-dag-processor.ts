// The Dag processor as a service.

import { isFileFault, messageOf, silentLogger, systemClock } from "@memodag/core";
import type { BundleSummary } from "@memodag/dag-processor";
import { DagFileLog } from "../logging/dag-file-log.ts";
import { openDagProcessor, requireBundles } from "../dags/dag-files.ts";
import { warnOfTeams } from "../config/warn-of-teams.ts";
import type { ServiceOptions } from "./service-options.ts";
import { withService } from "./with-service.ts";

/** Reads Dag files as they change, until it is stopped. */
export async function runDagProcessor(options: ServiceOptions): Promise<void> {
  await withService("dag-processor", options, async ({ deployment, live, log, telemetry, stopped }) => {
    // If `memodag dev` started this process, it reports config changes itself.
    await live.follow({ clock: systemClock, log: process.connected ? silentLogger : log });
    if (!process.connected) await warnOfTeams(deployment.loaded, log);
    deployment.logBrokenConnections(log);
    requireBundles(deployment.loaded);
    const { bundles, dagProcessor: settings } = deployment.config;
    const { watchBundles } = await import("@memodag/dag-processor");
    const processor = await openDagProcessor(deployment);
    // Deletes bundles that the config no longer contains; the watch handles the others.
    const fileLog = new DagFileLog(log, bundles, process.cwd());
    const tell = (summary: BundleSummary): void => {
      fileLog.tell(summary);
      telemetry?.recordBundle(summary);
    };
    try {
      for (const summary of await processor.processBundles(bundles)) tell(summary);
    } catch (error) {
      // The watch tries again, and succeeds once there is space.
      if (!isFileFault(error)) throw error;
      log.error(messageOf(error));
    }
    for (const file of await deployment.dags.listDagFiles()) fileLog.tellStored(file);
    const watch = await watchBundles(processor, bundles, {
      rescanMs: settings.rescanInterval,
      onProcessed: tell,
      onError: ({ name }, error) => fileLog.tellFailure(name, error),
    });
    log.info("watching Dag files", { bundles: bundles.map(({ name }) => name) });
    await stopped;
    live.close();
    await watch.stop();
  });
}
