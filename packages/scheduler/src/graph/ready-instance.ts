// Instances that the graph allows to run, on their way to the cache and to a worker.

import type { DagNode } from "./dag-graph.ts";

/** An instance whose upstream allows it to run. */
export interface ReadyInstance {
  readonly node: DagNode;
  readonly mapIndex: number;
}
