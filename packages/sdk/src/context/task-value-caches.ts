// The value caches that the surroundings of a task offer.

import type { ValueCache } from "@memodag/value-cache";

/** A value cache as tasks see it. */
export type TaskValueCache = Pick<ValueCache, "getOrCreate" | "find" | "set" | "delete" | "clear" | "stats">;

/** The value caches of a running task. */
export interface ValueCaches {
  /** @throws MemodagError `value_cache_not_found` */
  open(name: string): Promise<TaskValueCache>;
  /** Notes that the task depends on a value, or on the cache as a whole. */
  noteRead(cache: string, key?: string): void;
}
