export * from "./check-folders.ts";
export * from "./compare-configs.ts";
export type {
  BundleConfig,
  CacheConfig,
  Config,
  EntryCacheConfig,
  ScopeConfig,
  StoreConfig,
  ValueCacheConfig,
} from "./config.ts";
export { type ConfigWarning, listWarnings } from "./config-warnings.ts";
export { describeConfig, type ShownKey } from "./describe-config.ts";
export { placesLookedAt, type ConfigLookup } from "./find-config-file.ts";
export { knownSections } from "./known-keys.ts";
export * from "./load-config.ts";
export * from "./redact.ts";
