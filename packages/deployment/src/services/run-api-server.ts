// The REST API as a service; any number of them may run.

import { systemClock } from "@memodag/core";
import { openConfiguredApi, type ConfiguredApiOptions } from "../api/open-api.ts";
import { currentActor } from "../config/current-actor.ts";
import type { ServiceOptions } from "./service-options.ts";
import { withService } from "./with-service.ts";

/** Options of {@link runApiServer}. */
export interface ApiServiceOptions
  extends ServiceOptions, Omit<ConfiguredApiOptions, "current" | "log" | "version"> {
  /** Logs a link that signs the user of this process in, once. */
  readonly link?: boolean;
}

/** Answers people and programs until it is stopped. */
export async function runApiServer({ link = false, ...options }: ApiServiceOptions): Promise<void> {
  await withService("api-server", options, async ({ deployment, live, log, telemetry, stopped }) => {
    deployment.logBrokenConnections(log);
    const api = await openConfiguredApi(deployment, {
      ...options,
      telemetry,
      current: () => live.loaded,
      log,
    });
    if (link)
      log.info("look at it: the link signs you in, once; `memodag ui` prints another", {
        url: api.signInLink(currentActor().name),
      });
    await live.follow({ clock: systemClock, log });
    await stopped;
    live.close();
    await api.close();
  });
}
