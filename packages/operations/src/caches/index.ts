export { namedCacheStats, type EntryCacheStats, type ValueCacheReport } from "./cache-contents.ts";
export {
  clearCache,
  planClear,
  type ClearCacheInput,
  type ClearedCache,
  type ClearPlan,
} from "./clear-cache.ts";
export { listCaches, type CacheReport } from "./list-caches.ts";
export type { CacheName } from "./get-named-cache.ts";
export type { NamedCache, NamedCaches } from "../named-caches.ts";
