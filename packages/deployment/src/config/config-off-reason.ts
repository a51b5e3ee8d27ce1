// The switch in the config file that turns caching off: `core.task_caching_enabled`.

import type { LoadedConfig } from "@memodag/config";

const KEY = "core.task_caching_enabled";

/** Why a config turns caching off; `null` when it does not. */
export function configOffReason({ config, file, variables }: LoadedConfig): string | null {
  if (config.core.taskCachingEnabled) return null;
  return `${KEY} is false in ${variables.get(KEY) ?? file ?? "the config"}`;
}
