// Whether what is to be queued fits under the limits, given what counts against them already.

import type { ActiveLimits } from "@memodag/core";
import type { EnteringTask } from "./active-states.ts";

/** The usage of one pool. */
export interface PoolUse {
  readonly pool: string;
  readonly slots: number;
  /** How many of the pool's instances are of the pass's Dag. */
  readonly of_dag: number;
}

/** The free capacity for a pass that does not fit; `null`: it fits. */
export function findShortage(
  limits: ActiveLimits,
  entering: readonly EnteringTask[],
  used: readonly PoolUse[],
): ActiveLimits | null {
  let ofDag = 0;
  const poolSlots = new Map(limits.poolSlots);
  for (const use of used) {
    ofDag += use.of_dag;
    const size = poolSlots.get(use.pool);
    if (size !== undefined) poolSlots.set(use.pool, Math.max(0, size - use.slots));
  }
  const maxActiveTasks = Math.max(0, limits.maxActiveTasks - ofDag);
  const wanted = new Map<string, number>();
  for (const { pool, slots } of entering) wanted.set(pool, (wanted.get(pool) ?? 0) + slots);
  const fits =
    entering.length <= maxActiveTasks &&
    [...wanted].every(([pool, slots]) => slots <= (poolSlots.get(pool) ?? Infinity));
  return fits ? null : { maxActiveTasks, poolSlots };
}
