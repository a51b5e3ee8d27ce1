// Stores, locks and value caches of memodag on Redis: name this package in the config as `kind = "redis"` of a store.

import type { CacheBackend, CacheBackendOptions, LeaseStore } from "@memodag/result-cache";
import { RedisConnection } from "./connection.ts";
import type { RedisOptions } from "./options.ts";
import { RedisLeaseStore } from "./redis-lease-store.ts";
import { RedisRecordStore } from "./redis-record-store.ts";
import { RedisResultStore } from "./redis-result-store.ts";

export { optionsSchema, type RedisOptions } from "./options.ts";
export { openRedisValues, type RedisValueOptions } from "./redis-value-adapter.ts";

/** The server may evict results, or lose them when it is restarted. */
export const keepsValues = false;

/** Records and leases of a scope are below its own prefix. */
export const keepsScopes = true;

function prefixOf(prefix: string, scope: string | undefined): string {
  return scope === undefined ? prefix : `${prefix}/scopes/${scope}`;
}

/** Opens records, without a catalog, and results. A server that is away is connected to as soon as it is there. */
export async function openCacheBackend({
  options: { url, prefix },
  scope,
}: Pick<CacheBackendOptions<RedisOptions>, "options" | "scope">): Promise<CacheBackend> {
  const connection = new RedisConnection({ url });
  await connection.connect();
  return {
    records: new RedisRecordStore(connection, prefixOf(prefix, scope)),
    results: new RedisResultStore(connection, prefix),
    close: async () => connection.close(),
  };
}

/** Opens the leases of cache keys. A server that is away is connected to as soon as it is there. */
export async function openLeaseStore({
  options: { url, prefix },
  scope,
}: Pick<CacheBackendOptions<RedisOptions>, "options" | "scope">): Promise<LeaseStore> {
  const connection = new RedisConnection({ url });
  await connection.connect();
  return new RedisLeaseStore(connection, prefixOf(prefix, scope));
}
