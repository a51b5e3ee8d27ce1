// Instances that the graph lets run, on their way to the cache and to a worker.

import type { Digest } from "@memodag/core";
import type { DagNode } from "../graph/dag-graph.ts";

/** An instance that may run as far as the graph is concerned. */
export interface ReadyInstance {
  readonly node: DagNode;
  readonly mapIndex: number;
}

/** One of which the key is known, and how old an answer to it may be. Milliseconds; `null` as in an ask. */
export interface KeyedInstance extends ReadyInstance {
  readonly key: Digest;
  readonly ttlMs: number | null;
  readonly errorsTtlMs: number | null;
}
