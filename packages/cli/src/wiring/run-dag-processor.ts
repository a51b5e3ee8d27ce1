// The Dag processor as a process of its own.

import { isFileFault, messageOf, silentLogger, systemClock } from "@memodag/core";
import type { CommonOptions } from "./settings.ts";
import { DagFileLog } from "../output/dag-file-log.ts";
import { serviceLogger } from "../output/log-lines.ts";
import { openDagProcessor, requireBundles } from "./dag-files.ts";
import { LiveConfig } from "./live-config.ts";
import { warnOfTeams } from "./warn-of-teams.ts";
import { withMetadata } from "./metadata.ts";
import { withStopSignal } from "./stop-signal.ts";

/** Reads Dag files as they change, until it is told to stop. */
export async function runDagProcessor(options: CommonOptions): Promise<void> {
  await withMetadata(options, (metadata) =>
    withStopSignal(async (stopped) => {
      const live = new LiveConfig(metadata.loaded);
      const log = await serviceLogger(options.json === true, () => live.config.core.logLevel);
      // Whoever started this process, `memodag dev`, tells of changes itself.
      await live.follow({ clock: systemClock, log: process.connected ? silentLogger : log });
      if (!process.connected) await warnOfTeams(metadata.loaded, log);
      metadata.logBrokenConnections(log);
      requireBundles(metadata.loaded);
      const { bundles, dagProcessor: settings } = metadata.config;
      const { watchBundles } = await import("@memodag/dag-processor");
      const processor = await openDagProcessor(metadata);
      // Forgets bundles that the config no longer names; the watch looks at those that it does.
      const fileLog = new DagFileLog(log, bundles, process.cwd());
      try {
        for (const summary of await processor.processBundles(bundles)) fileLog.tell(summary);
      } catch (error) {
        // The watch tries again, and goes on when there is room.
        if (!isFileFault(error)) throw error;
        log.error(messageOf(error));
      }
      for (const file of await metadata.dags.listDagFiles()) fileLog.tellStored(file);
      const watch = await watchBundles(processor, bundles, {
        rescanMs: settings.rescanInterval,
        onProcessed: (summary) => fileLog.tell(summary),
        onError: ({ name }, error) => log.error(error.message, { bundle: name }),
      });
      log.info("watching Dag files", { bundles: bundles.map(({ name }) => name) });
      await stopped;
      live.close();
      await watch.stop();
    }),
  );
}
