// Which instances a pass makes count against limits, and which it lets go.

import type { PassWrite, TaskInstanceId, TaskInstanceState, TaskInstanceWrite } from "@memodag/core";

/** States in which an instance counts against its pool and its Dag; spelled out for SQL. */
export const ACTIVE_STATES = "('queued', 'running')";

/** An instance that begins to count. */
export interface EnteringTask extends TaskInstanceId {
  readonly pool: string;
  /** No more than the pool has. */
  readonly slots: number;
}

/** The instances that begin to count with a pass, and those that stop. */
export interface ActiveChanges {
  readonly entering: readonly EnteringTask[];
  readonly leaving: readonly TaskInstanceId[];
}

/** Compares what a pass writes with what it leaves. */
export function activeChanges({ instances, limits }: PassWrite): ActiveChanges {
  const entering: EnteringTask[] = [];
  const leaving: TaskInstanceId[] = [];
  for (const { instance, leaves, takes } of instances) {
    const wasActive = isActive(leaves);
    if (wasActive === isActive(instance)) continue;
    const { taskId, mapIndex } = instance;
    if (wasActive) leaving.push({ taskId, mapIndex });
    else if (takes) {
      const size = limits?.poolSlots.get(takes.pool) ?? takes.slots;
      entering.push({ taskId, mapIndex, pool: takes.pool, slots: Math.min(takes.slots, size) });
    }
  }
  return { entering, leaving };
}

function isActive(row: { readonly state: TaskInstanceState } | TaskInstanceWrite["leaves"]): boolean {
  return row?.state === "queued" || row?.state === "running";
}
