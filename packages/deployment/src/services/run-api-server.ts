// The REST API as a service; any number of them may run.

import { systemClock } from "@memodag/core";
import { openConfiguredApi } from "../api/open-api.ts";
import type { ServiceOptions } from "./service-options.ts";
import { withService } from "./with-service.ts";

/** Options of {@link runApiServer}. */
export interface ApiServiceOptions extends ServiceOptions {
  /** Of the program. */
  readonly version: string;
  /** The folder of the web UI's files. Default: there are no pages. */
  readonly webFolder?: string | undefined;
}

/** Answers people and programs until it is stopped. */
export async function runApiServer({ version, webFolder, ...options }: ApiServiceOptions): Promise<void> {
  await withService(options, async ({ deployment, live, log, stopped }) => {
    deployment.logBrokenConnections(log);
    const api = await openConfiguredApi(deployment, { version, webFolder, log });
    await live.follow({ clock: systemClock, log });
    await stopped;
    live.close();
    await api.close();
  });
}
