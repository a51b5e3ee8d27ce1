// The switch in the config file that turns caching off while a scheduler runs:
// `core.task_caching_enabled`, read again.

import { unwatchFile, watchFile } from "node:fs";
import { loadConfig, type LoadedConfig } from "@memodag/config";
import { messageOf, type Logger } from "@memodag/core";

/** A switch, as it stands. */
export interface CachingSwitch {
  /** Why caching is off by it, in words; `null`: it is on. */
  offReason(): string | null;
  close(): void;
}

/** How often the file is looked at, in milliseconds: a change counts within a second. */
const LOOK_EVERY_MS = 250;

/** Follows the config file. While the file has faults, what it said last holds. */
export function watchKillSwitch(loaded: LoadedConfig, log: Logger): CachingSwitch {
  let offReason = configOffReason(loaded);
  const { file } = loaded;
  if (file === null) return { offReason: () => offReason, close: () => undefined };
  const read = (): void => {
    try {
      const next = configOffReason(loadConfig({ file, env: process.env, cwd: process.cwd() }));
      if (next !== offReason)
        log.info(next === null ? "caching was switched on" : "caching was switched off", { file });
      offReason = next;
    } catch (error) {
      log.warn("the config file has faults; what it said before holds", { error: messageOf(error) });
    }
  };
  // Polling sees what notification does not: network folders, files replaced by a rename.
  watchFile(file, { interval: LOOK_EVERY_MS, persistent: false }, read);
  return { offReason: () => offReason, close: () => unwatchFile(file, read) };
}

const KEY = "core.task_caching_enabled";

/** Why a config turns caching off; `null` when it does not. */
export function configOffReason({ config, file, variables }: LoadedConfig): string | null {
  if (config.core.taskCachingEnabled) return null;
  return `${KEY} is false in ${variables.get(KEY) ?? file ?? "the config"}`;
}
