// How caching applies to a transaction with one record.

import type { DagRun, SerializedDag } from "@memodag/core";
import type { CachedGroup } from "../graph/cached-groups.ts";
import { cacheIntent, type CacheIntent } from "./cache-intent.ts";

/** A run may name the transaction or any of its tasks to have it made anew. */
export function groupIntent(
  { id, config, nodes }: Pick<CachedGroup, "id" | "config" | "nodes">,
  dag: SerializedDag,
  run: Pick<DagRun, "cacheMode" | "cacheLimits">,
  offReason: string | null,
): CacheIntent {
  const named = run.cacheLimits?.refresh?.find(
    (taskId) => taskId === id || nodes.some(({ task }) => task.taskId === taskId),
  );
  return cacheIntent(dag, { taskId: named ?? id, cache: config }, run, offReason);
}
