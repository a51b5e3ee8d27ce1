export { openRedisValues, type RedisValueOptions } from "./redis-value-adapter.ts";
