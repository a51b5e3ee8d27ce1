// Says how instances of a task with one key are kept apart.

import { formatDuration, isStrictLock, type SerializedCacheConfig } from "@memodag/core";

/** Returns a sentence on the isolation of a task; none for a task whose instances may run at the same time. */
export function isolationNotes(taskId: string, config: SerializedCacheConfig | null): string[] {
  if (!config?.serialize) return [];
  const { store, waitMs, onTimeout = "run", unavailable = "run" } = config.lock ?? {};
  const strict = isStrictLock(config.lock) ? "strict lock" : "lock";
  return [
    [
      `isolation of ${taskId} is serializable: one instance per key runs, by a ${strict} in ` +
        (store === undefined ? "the lock store of the config" : JSON.stringify(store)),
      ...(waitMs === undefined ? [] : [`after ${formatDuration(waitMs)} of waiting the others ${onTimeout}`]),
      ...(unavailable === "run" ? [] : [`without the lock store they ${unavailable}`]),
    ].join("; "),
  ];
}
