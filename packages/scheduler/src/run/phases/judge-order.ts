// Decides whether the tasks of a transaction took each other's results as they are now. A function of values.

import type { TaskInstance } from "@memodag/core";
import type { CachedGroup } from "../../graph/cached-groups.ts";
import type { DagNode } from "../../graph/dag-graph.ts";

/** An instance, and its position in the order in which those succeeded whose results are to be stored. */
export interface OrderedInstance {
  readonly row: TaskInstance;
  /** Undefined: its result was stored before, or it was skipped. */
  readonly place: number | undefined;
}

/**
 * Returns a task that ended without the present result of another one, which ran again since; undefined if there is
 * none. Without a clear there is none: a task begins when those before it have ended.
 */
export function findStale(
  { nodes }: CachedGroup,
  instancesOf: (node: DagNode) => readonly OrderedInstance[],
): { readonly stale: DagNode; readonly since: DagNode } | undefined {
  for (const node of nodes) {
    const instances = instancesOf(node);
    for (const before of nodes) {
      const decides = before.branch?.targets.includes(node.index) === true;
      if (!decides && !node.upstream.includes(before.index)) continue;
      const again = instancesOf(before).filter(({ place }) => place !== undefined);
      const place = maximumOf(again.map(({ place: own }) => own ?? 0));
      const endedAt = maximumOf(again.map(({ row }) => row.endedAt ?? 0));
      if (again.length > 0 && instances.some((instance) => isBefore(instance, place, endedAt)))
        return { stale: node, since: before };
    }
  }
  return undefined;
}

/** An attempt may have begun before the other task was cleared, and have ended after that ran again. */
function isBefore({ row, place: own }: OrderedInstance, place: number, endedAt: number): boolean {
  if (row.state === "skipped") return (row.endedAt ?? 0) < endedAt;
  return own === undefined || own < place || (row.startedAt ?? 0) < endedAt;
}

/** A call may not take as many arguments as there are instances. */
function maximumOf(numbers: readonly number[]): number {
  return numbers.reduce((most, number) => Math.max(most, number), 0);
}
