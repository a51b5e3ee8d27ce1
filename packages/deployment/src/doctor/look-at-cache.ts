// Checks whether the cache answers and is in use.

import type { LoadedConfig } from "@memodag/config";
import { DEFAULT_TEAM, MemodagError, sha256, systemClock, type Logger } from "@memodag/core";
import type { Metastore } from "@memodag/metastore";
import { readCacheHealth } from "@memodag/operations/cache";
import { configOffReason } from "../config/config-off-reason.ts";
import { openCacheStores } from "../stores/cache-stores.ts";
import type { Finding } from "./finding.ts";

/** Sends a query to the stores, as a scheduler would. */
export async function lookAtCacheStores(
  loaded: LoadedConfig,
  database: Metastore,
  log: Logger,
): Promise<Finding[]> {
  const { core, taskCache } = loaded.config;
  const cache = await openCacheStores(loaded, database, log);
  try {
    const { records, results } = cache.stores;
    const asked = [
      // Every store has it; a catalog may be missing.
      records.find(DEFAULT_TEAM, [sha256("a record that was never stored")]),
      results.read(DEFAULT_TEAM, [sha256("a result that was never stored")]),
    ];
    await within(taskCache.storeTimeout, Promise.all(asked));
    return [{ check: "cache", status: "ok", message: `${core.taskCacheBackend} answers` }];
  } finally {
    await cache.close();
  }
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<never>();
  const cancel = systemClock.after(ms, () =>
    late.reject(new MemodagError("cache_backend_failed", "the cache does not answer: check its backend")),
  );
  // Keeps the process alive while waiting: the clock's timers do not.
  const alive = setInterval(() => undefined, ms);
  try {
    await Promise.race([work, late.promise]);
  } finally {
    cancel();
    clearInterval(alive);
  }
}

/** Checks the switches and the circuit breakers that schedulers report. */
export async function lookAtSwitches(loaded: LoadedConfig, database: Metastore): Promise<Finding[]> {
  const { offReason, breakers } = await readCacheHealth({
    configOffReason: configOffReason(loaded),
    ...database,
  });
  const caching: Finding =
    offReason === null
      ? { check: "switch", status: "ok", message: "caching is on" }
      : {
          check: "switch",
          status: "warn",
          message: `caching is off: ${offReason}; \`memodag cache enable\` or the config turns it on`,
        };
  if (breakers.length === 0) {
    return [caching, { check: "breaker", status: "ok", message: "no scheduler leaves the cache alone" }];
  }
  const open = breakers.map(({ scheduler, state, since, error }): Finding => {
    const why = error === null ? "" : ` (${error})`;
    const message = `scheduler ${scheduler} leaves the cache alone, ${state} since ${since}${why}: look at its backend`;
    return { check: "breaker", status: "warn", message };
  });
  return [caching, ...open];
}
