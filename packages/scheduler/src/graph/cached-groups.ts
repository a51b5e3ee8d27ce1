// The transactions of a Dag that have one record for all of their tasks, and what comes into them from outside.

import type { Digest, NamedTemplate, SerializedCacheConfig, SerializedDag } from "@memodag/core";
import { groupShape } from "./group-source.ts";
import type { DagGraph, DagNode } from "./dag-graph.ts";

/** A transaction with one record. */
export interface CachedGroup {
  readonly id: string;
  readonly config: SerializedCacheConfig;
  /** Its tasks, in the order of the graph. */
  readonly nodes: readonly DagNode[];
  /** The tasks outside that have to end before its key can be made. */
  readonly outside: readonly DagNode[];
  /** The digest of its tasks' code and of their shape. */
  readonly source: Digest;
  /** The values that come from outside, by the names that they have in its key. */
  readonly inputs: readonly NamedTemplate[];
}

/** The transactions with one record, and the one of each task. */
export class CachedGroups {
  readonly list: readonly CachedGroup[];
  readonly #byTask = new Map<string, CachedGroup>();

  constructor({ transactions = [] }: SerializedDag, { nodes, indexOf }: DagGraph) {
    this.list = transactions.flatMap(({ transactionId, cache, taskIds }) => {
      if (!cache) return [];
      const members = new Set(taskIds.flatMap((taskId) => indexOf.get(taskId) ?? []));
      const own = nodes.filter(({ index }) => members.has(index));
      const deciders = nodes.filter(
        ({ index, branch }) => !members.has(index) && branch?.targets.some((target) => members.has(target)),
      );
      const above = new Set(own.flatMap(({ upstream }) => upstream.filter((index) => !members.has(index))));
      const outside = nodes.filter((node) => above.has(node.index) || deciders.includes(node));
      const within = transactions.filter((inner) =>
        inner.taskIds.every((taskId) => taskIds.includes(taskId)),
      );
      const { source, inputs } = groupShape(
        within,
        own.map(({ task }) => task),
        deciders.map(({ task }) => task),
      );
      const group = { id: transactionId, config: cache, nodes: own, outside, source, inputs };
      for (const taskId of taskIds) this.#byTask.set(taskId, group);
      return [group];
    });
  }

  /** The transaction with one record that a task is in. */
  of({ task }: DagNode): CachedGroup | undefined {
    return this.#byTask.get(task.taskId);
  }
}
