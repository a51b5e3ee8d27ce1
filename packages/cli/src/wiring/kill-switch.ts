// The switch that turns caching off while a scheduler runs: `core.task_caching_enabled`, read again.

import { unwatchFile, watchFile } from "node:fs";
import { loadConfig, type LoadedConfig } from "@memodag/config";
import { messageOf, type Logger } from "@memodag/core";

/** The switch, as it stands. */
export interface KillSwitch {
  isCachingEnabled(): boolean;
  close(): void;
}

/** How often the file is looked at, in milliseconds: a change counts within a second. */
const LOOK_EVERY_MS = 250;

/** Follows the config file. While the file has faults, what it said last holds. */
export function watchKillSwitch({ config, file }: LoadedConfig, log: Logger): KillSwitch {
  let isEnabled = config.core.taskCachingEnabled;
  if (file === null) return { isCachingEnabled: () => isEnabled, close: () => undefined };
  const read = (): void => {
    try {
      const next = loadConfig({ file, env: process.env, cwd: process.cwd() }).config.core.taskCachingEnabled;
      if (next !== isEnabled)
        log.info(next ? "caching was switched on" : "caching was switched off", { file });
      isEnabled = next;
    } catch (error) {
      log.warn("the config file has faults; what it said before holds", { error: messageOf(error) });
    }
  };
  // Polling sees what notification does not: network folders, files replaced by a rename.
  watchFile(file, { interval: LOOK_EVERY_MS, persistent: false }, read);
  return { isCachingEnabled: () => isEnabled, close: () => unwatchFile(file, read) };
}
