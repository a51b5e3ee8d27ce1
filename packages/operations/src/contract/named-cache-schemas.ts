// Schemas of operations on caches that the config names.

import * as z from "zod";
import type { EntryCacheStats, ValueCacheReport } from "../caches/cache-contents.ts";
import type { ClearCacheInput, ClearedCache, ClearPlan } from "../caches/clear-cache.ts";
import type { CacheReport } from "../caches/list-caches.ts";
import type { CacheName } from "../caches/get-named-cache.ts";
import { count, name, text } from "./values.ts";

const scope = z.enum(["run", "dag", "team"]);
const kind = z.enum(["entries", "values"]);
const named = { name, team: name };

export const listInput: z.ZodType<{ readonly team?: string | undefined }> = z.strictObject({
  team: name.optional(),
});
export const nameInput: z.ZodType<CacheName> = z.strictObject({ name, team: name.optional() });
export const clearInput: z.ZodType<ClearCacheInput> = z.strictObject({
  name,
  team: name.optional(),
  under: text.optional(),
});
export const reports: z.ZodType<CacheReport[]> = z.array(
  z.strictObject({
    ...named,
    kind,
    scope: scope.nullable(),
    store: text,
    enabled: z.boolean(),
    size: count.nullable(),
    sizeBytes: count.nullable(),
    problem: text.nullable(),
  }),
);
export const stats: z.ZodType<EntryCacheStats | ValueCacheReport> = z.discriminatedUnion("kind", [
  z.strictObject({
    ...named,
    kind: z.literal("entries"),
    scope,
    store: text,
    enabled: z.boolean(),
    size: count,
    sizeBytes: count,
    maxSizeBytes: count.nullable(),
  }),
  z.strictObject({
    ...named,
    kind: z.literal("values"),
    store: text,
    enabled: z.boolean(),
    hits: count,
    misses: count,
    hitRate: z.number(),
    waits: count,
    stale: count,
    errors: count,
    lostLeases: count,
    size: count,
    keys: z.array(text),
  }),
]);
export const cleared: z.ZodType<ClearedCache> = z.strictObject({ ...named, kind, cleared: count });
export const clearPlan: z.ZodType<ClearPlan> = z.strictObject({
  ...named,
  kind,
  cleared: z.literal(0),
  wouldClear: count,
});
