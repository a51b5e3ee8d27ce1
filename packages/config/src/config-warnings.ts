// What a config may say and rarely means.

import { formatDuration } from "@memodag/core";
import { valueAt } from "./faults.ts";
import type { LoadedConfig } from "./load-config.ts";

/** Something that works, and may not be what is wanted. */
export interface ConfigWarning {
  /** Such as `core.task_cache_backend`. */
  readonly path: string;
  /** What comes of it, and the mend. */
  readonly message: string;
}

/** Every warning about a config, in the schema's order. */
export function listWarnings(loaded: LoadedConfig): ConfigWarning[] {
  const { core, taskCache, scheduler, bundles } = loaded.config;
  const warnings: ConfigWarning[] = [];
  const warn = (path: string, message: string): void => void warnings.push({ path, message });
  if (core.taskCacheBackend === "memory") {
    warn("core.task_cache_backend", '"memory" forgets everything with its process: for trials alone');
  }
  const urls = [loaded.config.database.url, taskCache.url];
  if (core.multiTeam && urls.some((url) => url?.startsWith("sqlite:")))
    warn(
      "core.multi_team",
      "is true and the database a SQLite file, which tasks of every team can write to as the user that runs them: " +
        "use PostgreSQL, and see docs/operating.md for what keeps teams apart",
    );
  for (const section of ["database", "task_cache"]) {
    const path = `${section}.url`;
    const isInFile = loaded.file !== null && !loaded.variables.has(path);
    if (isInFile && hasPassword(valueAt(loaded.document, [section, "url"])))
      warn(
        path,
        `holds a password in the config file: put the url in a file of its own, and name it in ${path}_file`,
      );
  }
  if (taskCache.lookupTimeout >= scheduler.lease) {
    const lease = formatDuration(scheduler.lease);
    warn(
      "task_cache.lookup_timeout",
      `is no shorter than scheduler.lease (${lease}): a slow cache may cost leases`,
    );
  }
  if (taskCache.maxSize !== undefined && taskCache.gcInterval === null) {
    warn(
      "task_cache.max_size",
      "is kept by nobody while gc_interval is never: set one, or run `memodag cache gc`",
    );
  }
  if (bundles.length === 0)
    warn("bundles", "names no folder of Dag files, so there are no Dags: add [[bundles]]");
  return warnings;
}

function hasPassword(url: unknown): boolean {
  if (typeof url !== "string" || url.startsWith("sqlite:")) return false;
  const parsed = URL.parse(url);
  return parsed === null || parsed.password !== "" || parsed.searchParams.has("password");
}
