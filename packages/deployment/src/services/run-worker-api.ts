// The worker API as a service, apart from schedulers; any number of them may run.

import { MemodagError, systemClock } from "@memodag/core";
import { openConfiguredWorkerApi } from "../workers/open-worker-api.ts";
import type { ServiceOptions } from "./service-options.ts";
import { withService } from "./with-service.ts";

/** Answers workers until it is stopped. */
export async function runWorkerApi(options: ServiceOptions): Promise<void> {
  await withService("worker-api", options, async ({ deployment, live, log, stopped }) => {
    await deployment.requireWritable();
    deployment.logBrokenConnections(log);
    const api = await openConfiguredWorkerApi(deployment, live, log);
    if (!api) {
      throw new MemodagError(
        "config_invalid",
        '[worker_api] listen is not set: set it to the address and port to listen on, such as "127.0.0.1:7433"',
      );
    }
    await live.follow({ clock: systemClock, log });
    await stopped;
    live.close();
    await api.close();
  });
}
