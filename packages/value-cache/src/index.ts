export { type CreateCall, type Creator } from "./creation.ts";
export { RememberedError, type CacheableValue } from "./encoded-value.ts";
export { openRedisAdapter, type RedisOptions } from "./load-redis.ts";
export { MemoryValueAdapter, type MemoryValueOptions } from "./memory/memory-value-adapter.ts";
export * from "./value-adapter.ts";
export { ValueCache, type ValueCacheStats } from "./value-cache.ts";
export type { Lifetime, ValueCacheOptions, ValueOptions } from "./value-options.ts";
