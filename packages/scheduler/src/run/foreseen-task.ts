// A task of a run that is foretold, as a plan learns of it.

import type { TaskInstance } from "@memodag/core";
import type { CachedGroup } from "../graph/cached-groups.ts";
import type { DagNode } from "../graph/dag-graph.ts";

/** A task as far as a run is decided before anything has run. */
export interface ForeseenTask {
  readonly node: DagNode;
  /** Of the instances about which something was decided. */
  readonly rows: readonly TaskInstance[];
  /** The number of its instances; undefined for a mapped task whose list is not known yet. */
  readonly length: number | undefined;
  /** The transaction with one record that it is in. */
  readonly group: CachedGroup | undefined;
  /** True when all of its instances have ended. */
  readonly isDone: boolean;
  /** True when the graph has allowed it to run. */
  readonly isLetRun: boolean;
}
