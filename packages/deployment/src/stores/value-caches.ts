// The value caches of a config, each opened when a task first asks for it.

import type { CacheConfig, ValueCacheConfig } from "@memodag/config";
import { MemodagError } from "@memodag/core";
import { MemoryValueAdapter, openRedisAdapter, type ValueAdapter } from "@memodag/value-cache";
import type { NamedValueCache, ValueCacheSource } from "@memodag/scheduler";
import { findNamedCache } from "./named-caches.ts";

/** The parts of {@link ConfiguredValueCaches}. */
export interface ConfiguredValueCachesParts {
  readonly caches: readonly CacheConfig[];
  readonly metadata: ValueAdapter;
  /** Whose `node_modules` may have the package for Redis. */
  readonly projectDir: string;
}

/** Opens each adapter when it is first used, and only once. */
export class ConfiguredValueCaches implements ValueCacheSource {
  readonly #parts: ConfiguredValueCachesParts;
  readonly #opened = new Map<string, Promise<ValueAdapter>>();

  constructor(parts: ConfiguredValueCachesParts) {
    this.#parts = parts;
  }

  async find(team: string, name: string): Promise<NamedValueCache | "entries" | undefined> {
    const found = findNamedCache(this.#parts.caches, team, name);
    if (found?.kind !== "values") return found?.kind;
    const { enabled: isEnabled, defaultTtl: ttlMs, lease: leaseMs, maxValueSize: maxValueBytes } = found;
    return { adapter: await this.#adapterOf(found), isEnabled, ttlMs, leaseMs, maxValueBytes };
  }

  /** @throws MemodagError `cache_not_configured` */
  async open(team: string, name: string): Promise<ValueAdapter> {
    const found = await this.find(team, name);
    if (found && found !== "entries") return found.adapter;
    throw new MemodagError("cache_not_configured", `There is no value cache "${name}" for team "${team}"`, {
      fault: "user",
      fields: { name, team },
    });
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#opened.values());
    for (const each of opened) if (each.status === "fulfilled") await each.value.close();
    this.#opened.clear();
  }

  async #adapterOf(cache: ValueCacheConfig): Promise<ValueAdapter> {
    if (cache.adapter === "metadata-db") return this.#parts.metadata;
    const name = JSON.stringify([cache.name, cache.team ?? null]);
    const present = this.#opened.get(name);
    if (present) return await present;
    const opening = this.#open(cache);
    this.#opened.set(name, opening);
    try {
      return await opening;
    } catch (error) {
      // The package may be installed meanwhile.
      this.#opened.delete(name);
      throw error;
    }
  }

  async #open({ adapter, url, maxEntries }: ValueCacheConfig): Promise<ValueAdapter> {
    if (adapter === "redis") return await openRedisAdapter({ url: url ?? "" }, this.#parts.projectDir);
    return new MemoryValueAdapter({ maxEntries });
  }
}
