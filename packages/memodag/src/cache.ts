// Value caches for programs of one's own: get-or-create outside of tasks.

import {
  MemoryValueAdapter,
  openRedisAdapter,
  ValueCache,
  type MemoryValueOptions,
  type RedisOptions,
  type ValueAdapter,
  type ValueCacheOptions,
} from "@memodag/value-cache";

export {
  RememberedError,
  ValueCache,
  type CacheableValue,
  type CreateCall,
  type Creator,
  type Lifetime,
  type RedisOptions,
  type ValueAdapter,
  type ValueCacheStats,
  type ValueOptions,
} from "@memodag/value-cache";

/** A place for values, open. */
export interface OpenStorage {
  readonly adapter: ValueAdapter;
  close(): Promise<void>;
}

/** Where values are kept; opened by {@link openValueCache}. */
export interface ValueStorage {
  open(): Promise<OpenStorage>;
}

/** Options of {@link openValueCache}. */
export interface OpenValueCacheOptions extends Omit<ValueCacheOptions, "adapter" | "clock"> {
  readonly adapter: ValueStorage;
}

/** Options of {@link database}. */
export interface DatabaseOptions {
  /** `sqlite:PATH`, `postgres://…` or `postgresql://…`. A relative path is of the working directory. */
  readonly url: string;
  /** Of PostgreSQL, where the URL has none. */
  readonly password?: string;
}

/**
 * Opens a value cache. Close it at the end, or declare it with `await using`: a connection keeps the process alive.
 *
 * @throws MemodagError `usage`, `database_unreachable`, `database_not_migrated`
 * @example
 * await using rates = await openValueCache({ name: "rates", adapter: redis({ url }), defaultTtl: "1h" });
 * const eur = await rates.getOrCreate("EUR", ({ signal }) => fetchRate("EUR", { signal }));
 */
export async function openValueCache({ adapter, ...options }: OpenValueCacheOptions): Promise<ValueCache> {
  const opened = await adapter.open();
  try {
    return new OwningValueCache({ ...options, adapter: opened.adapter }, opened);
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** Keeps values in this process. */
export function memory(options: Omit<MemoryValueOptions, "clock"> = {}): ValueStorage {
  return { open: async () => owned(new MemoryValueAdapter(options)) };
}

/** Keeps values in a database of memodag's. One that is empty gets its tables. */
export function database({ url, password }: DatabaseOptions): ValueStorage {
  return {
    async open() {
      const { openMetastore } = await import("@memodag/metastore");
      const metastore = await openMetastore(url, password === undefined ? {} : { postgres: { password } });
      try {
        const { applied } = await metastore.migrationStatus();
        // Another one is migrated by who runs its schedulers.
        if (applied.length === 0) await metastore.migrate();
        else await metastore.requireMigrated();
      } catch (error) {
        await metastore.close();
        throw error;
      }
      return { adapter: metastore.valueCaches, close: () => metastore.close() };
    },
  };
}

/** Keeps values on Redis or Valkey, by the package `@memodag/redis`. */
export function redis(options: RedisOptions): ValueStorage {
  return { open: async () => owned(await openRedisAdapter(options)) };
}

function owned(adapter: ValueAdapter): OpenStorage {
  return { adapter, close: () => adapter.close() };
}

/** Closes what it was opened on. */
class OwningValueCache extends ValueCache {
  readonly #storage: OpenStorage;

  constructor(options: ValueCacheOptions, storage: OpenStorage) {
    super(options);
    this.#storage = storage;
  }

  override async close(): Promise<void> {
    await super.close();
    await this.#storage.close();
  }
}
