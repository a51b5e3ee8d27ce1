// Instances that the graph lets run, on their way to the cache and to a worker.

import type { DagNode } from "./dag-graph.ts";

/** An instance that may run as far as the graph is concerned. */
export interface ReadyInstance {
  readonly node: DagNode;
  readonly mapIndex: number;
}
