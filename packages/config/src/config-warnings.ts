// Warnings about settings that are valid but rarely intended.

import { formatDuration } from "@memodag/core";
import { valueAt } from "./faults.ts";
import type { LoadedConfig } from "./load-config.ts";

/** A setting that works but may not be intended. */
export interface ConfigWarning {
  /** Such as `core.task_cache_backend`. */
  readonly path: string;
  /** The consequence, and how to fix it. */
  readonly message: string;
}

/** Returns all warnings about a config, in the schema's order. */
export function listWarnings(loaded: LoadedConfig): ConfigWarning[] {
  const { core, taskCache, scheduler, bundles } = loaded.config;
  const warnings: ConfigWarning[] = [];
  const warn = (path: string, message: string): void => void warnings.push({ path, message });
  if (core.taskCacheBackend === "memory") {
    warn(
      "core.task_cache_backend",
      '"memory" loses everything when its process ends: use it for trials only',
    );
  }
  const urls = [loaded.config.database.url, taskCache.url];
  if (core.multiTeam && urls.some((url) => url?.startsWith("sqlite:")))
    warn(
      "core.multi_team",
      "is true but the database is a SQLite file, which tasks of every team can write to because they run as the same user: " +
        "use PostgreSQL, and see docs/operating.md for how teams are isolated",
    );
  for (const section of ["database", "task_cache"]) {
    const path = `${section}.url`;
    const isInFile = loaded.file !== null && !loaded.variables.has(path);
    if (isInFile && hasPassword(valueAt(loaded.document, [section, "url"])))
      warn(
        path,
        `holds a password in the config file: put the URL in a separate file and set ${path}_file to its path`,
      );
  }
  if (taskCache.lookupTimeout >= scheduler.lease) {
    const lease = formatDuration(scheduler.lease);
    warn(
      "task_cache.lookup_timeout",
      `is not shorter than scheduler.lease (${lease}): a slow cache may cause leases to expire`,
    );
  }
  if (taskCache.maxSize !== undefined && taskCache.gcInterval === null) {
    warn(
      "task_cache.max_size",
      "is not enforced while gc_interval is never: set an interval, or run `memodag cache gc`",
    );
  }
  if (bundles.length === 0) warn("bundles", "is empty, so there are no Dags: add a [[bundles]] entry");
  return warnings;
}

function hasPassword(url: unknown): boolean {
  if (typeof url !== "string" || url.startsWith("sqlite:")) return false;
  const parsed = URL.parse(url);
  return parsed === null || parsed.password !== "" || parsed.searchParams.has("password");
}
