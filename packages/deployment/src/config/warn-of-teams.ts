// Warns at the start of a service if teams of the config are not isolated from each other.

import type { LoadedConfig } from "@memodag/config";
import type { Logger } from "@memodag/core";

/** Logs what `memodag config check` warns of about teams, if anything. */
export async function warnOfTeams(loaded: LoadedConfig, log: Logger): Promise<void> {
  const { listWarnings } = await import("@memodag/config");
  for (const { path, message } of listWarnings(loaded)) {
    if (path === "core.multi_team") log.warn(`${path} ${message}`);
  }
}
