// Assembles the locks of a scheduler: in the lock store of the deployment, and in those that tasks name.

import { MemodagError, systemClock, type Logger } from "@memodag/core";
import { CacheLeases, KeyLocks, type LeaseStore } from "@memodag/result-cache";
import type { LiveConfig } from "../config/live-config.ts";
import type { Deployment } from "../stores/deployment.ts";
import { listNameableStores, lockStoreFault } from "../stores/store-roles.ts";
import { keyLeaseSettings } from "./live-settings.ts";

/** @throws MemodagError `config_invalid` for a `lock_store` that is no lock store */
export async function openLocks(
  { lockStores, loaded, config }: Deployment,
  live: LiveConfig,
  log: Logger,
): Promise<KeyLocks> {
  const stores = await listNameableStores(loaded);
  const { lockStore } = config.taskCache;
  const fault = lockStoreFault(stores, undefined, lockStore);
  if (fault !== undefined) throw new MemodagError("config_invalid", `[task_cache] lock_${fault}`);
  const open = (store: LeaseStore, name: string, opened?: () => Promise<void>): CacheLeases =>
    new CacheLeases({
      store,
      name: `the lock store "${name}"`,
      ...(opened && { opened }),
      clock: systemClock,
      log,
      options: keyLeaseSettings(live),
    });
  const named = (name: string): CacheLeases => open(lockStores.named(name), name, lockStores.opening(name));
  const common = named(lockStore);
  // Before the first task needs it.
  void common.whenOpen();
  return new KeyLocks(common, (team, name) => {
    const refusal = lockStoreFault(stores, team, name);
    if (refusal === undefined && name === lockStore) return common;
    return refusal === undefined ? named(name) : open(refused(`cache.lock.${refusal}`), name);
  });
}

/** The locks of a task that names a store which it cannot have. */
function refused(reason: string): LeaseStore {
  const refuse = async (): Promise<never> => {
    throw new MemodagError("config_invalid", reason);
  };
  return { tryAcquire: refuse, tryRenew: refuse, release: refuse, list: refuse, tryRevoke: refuse };
}
