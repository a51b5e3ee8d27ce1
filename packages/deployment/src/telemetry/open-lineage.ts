// Opens the sending of OpenLineage events.

import type { LoadedConfig } from "@memodag/config";
import { systemClock, type Logger } from "@memodag/core";
import type { SchedulerListener } from "@memodag/scheduler";
import { readSecretKey } from "../config/secret-key.ts";

type TelemetryModule = typeof import("@memodag/telemetry");

/** Hears a scheduler, and sends events. */
export interface Lineage {
  readonly listener: SchedulerListener;
  close(): Promise<void>;
}

/** Opens it; undefined, with a warning, if there is no URL. */
export function openLineage(
  { LineageEvents, lineageListener, LineageSender, TraceIds }: TelemetryModule,
  { config }: LoadedConfig,
  log: Logger,
  onDropped: () => void,
): Lineage | undefined {
  const { openlineageUrl, openlineageNamespace } = config.telemetry;
  const url = openlineageUrl ?? process.env["OPENLINEAGE_URL"];
  if (url === undefined || !URL.canParse(url)) {
    log.warn(
      "[telemetry] asks for OpenLineage events, and there is no URL to send them to: set openlineage_url or OPENLINEAGE_URL",
    );
    return undefined;
  }
  const apiKey = process.env["OPENLINEAGE_API_KEY"];
  const sender = new LineageSender({ url, apiKey, onDropped, clock: systemClock, log });
  const events = new LineageEvents(new TraceIds(readSecretKey(config.core.stateDir)), openlineageNamespace);
  return {
    listener: lineageListener(events, (event) => sender.send(event)),
    close: async () => await sender.close(),
  };
}
