// Assembles the caches of a scheduler: that of the deployment, and those of stores that tasks name.

import { systemClock, type Logger } from "@memodag/core";
import { ResultCache, type CacheRecords } from "@memodag/result-cache";
import type { SchedulerProbe } from "@memodag/telemetry";
import type { LiveConfig } from "../config/live-config.ts";
import { openSigner, openSignatures } from "../config/signing-keys.ts";
import type { Deployment } from "../stores/deployment.ts";
import { listNameableStores } from "../stores/store-roles.ts";
import { COMMON_CACHE, type BreakerReporter } from "./breaker-reporter.ts";
import { ConfiguredCaches } from "./configured-caches.ts";
import { cacheSettings } from "./live-settings.ts";

/** The parts of a scheduler that its caches use. */
export interface CachesParts {
  /** The key of seals. */
  readonly secretKey: Uint8Array;
  /** Absent: the caches only read, and count nothing. */
  readonly reporter?: BreakerReporter;
  readonly probe?: SchedulerProbe | undefined;
  readonly log: Logger;
}

/** Opens the cache of the deployment; those of named stores are opened when a task uses them. */
export async function openCaches(
  deployment: Deployment,
  live: LiveConfig,
  { secretKey, reporter, probe, log }: CachesParts,
): Promise<ConfiguredCaches> {
  const signer = reporter && openSigner(deployment.loaded, systemClock, log);
  const signatures = openSignatures(deployment.config, signer);
  const { records, results, valueStore, keepsEntries, values, counters, named, config } = deployment;
  const recordsName = config.core.taskCacheBackend;
  return new ConfiguredCaches({
    common: { name: COMMON_CACHE, records, recordsName, results, valueStore, keepsEntries },
    named,
    stores: await listNameableStores(deployment.loaded),
    open: (place) => {
      probe?.cacheOpened(place.name);
      const own = reporter ? place.records : readingOnly(place.records);
      return new ResultCache({
        name: place.name,
        records: probe?.records(own) ?? own,
        results: place.results,
        ...(place.valueStore !== undefined && { valueStore: place.valueStore }),
        keepsEntries: place.keepsEntries,
        values,
        ...(reporter && { counters: probe?.counters(counters) ?? counters }),
        sealKey: secretKey,
        ...(signer && { signer }),
        ...(signatures && { signatures }),
        clock: systemClock,
        log,
        onBreakerChange: (change) => {
          reporter?.changed(place.name, change);
          probe?.breakerChanged(place.name, change);
        },
        options: cacheSettings(live),
      });
    },
  });
}

/** A record that turns out damaged stays. */
function readingOnly(records: CacheRecords): CacheRecords {
  const refuse = (): Promise<never> => Promise.reject(new Error("this cache only reads"));
  return { find: (team, keys) => records.find(team, keys), put: refuse, touch: refuse, purge: refuse };
}
