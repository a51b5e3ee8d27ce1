// Chooses which of the waiting instances get the free slots, and the changes to their rows.

import type { ActiveLimits, TaskInstance } from "@memodag/core";
import { fitInto, type LimitClaim, type TakeResult } from "../../attempts/limit-ledger.ts";
import type { WaitingLines } from "../../attempts/waiting-lines.ts";
import type { ReadyInstance } from "../../graph/ready-instance.ts";

/** The available capacity. */
export interface Room {
  hasSlot(): boolean;
  /** True while a process of an earlier attempt at the instance is being ended. */
  isRunning(instance: ReadyInstance): boolean;
  /** True, once, for an instance that lost a lock which it must hold. */
  hasLostLock(instance: ReadyInstance): boolean;
  /** Reserves a slot and the limits that the instance needs; or nothing. */
  tryTake(instance: ReadyInstance): TakeResult;
}

/** The instances that got a slot. */
export interface Choice {
  readonly chosen: readonly ReadyInstance[];
  /** Instances that were next but have to wait for a process to end. */
  readonly held: readonly ReadyInstance[];
  /** Instances that have to ask for a lock again. */
  readonly unlocked: readonly ReadyInstance[];
}

/** An attempt that is recorded, or about to be, and not yet submitted. */
export interface ChosenAttempt extends ReadyInstance {
  readonly attemptId: string;
  /** The row before, for an attempt that has to wait after all. */
  readonly before: TaskInstance;
}

/** Assigns the free slots to waiting instances, heaviest first; the rest waits. */
export function choose(waiting: WaitingLines, room: Room): Choice {
  const chosen: ReadyInstance[] = [];
  const held: ReadyInstance[] = [];
  const unlocked: ReadyInstance[] = [];
  const closed = new Set<string>();
  while (room.hasSlot()) {
    const instance = waiting.next(closed);
    if (!instance) break;
    const { pool } = instance.node.task;
    if (room.isRunning(instance)) {
      waiting.leave(pool);
      held.push(instance);
      continue;
    }
    if (room.hasLostLock(instance)) {
      waiting.leave(pool);
      unlocked.push(instance);
      continue;
    }
    const answer = room.tryTake(instance);
    if (answer === "dag_full") break;
    // Later instances of the same pool wait, even if they would need less.
    if (answer === "pool_full") closed.add(pool);
    else {
      waiting.leave(pool);
      chosen.push(instance);
    }
  }
  return { chosen, held, unlocked };
}

/** The row of an instance that is dispatched. */
export function queuedChange(before: TaskInstance, attemptId: string): Partial<TaskInstance> {
  return {
    state: "queued",
    // A sensor's next poke continues its current try.
    tryNumber: before.waitingSince === null ? before.tryNumber + 1 : before.tryNumber,
    attemptId,
    startedAt: null,
    endedAt: null,
    durationMs: null,
  };
}

/**
 * The database had less capacity than was chosen: decides which instances keep their slots and which wait.
 */
export function retreat(
  chosen: readonly ChosenAttempt[],
  claims: readonly LimitClaim[],
  free: ActiveLimits,
): { readonly kept: ChosenAttempt[]; readonly back: ChosenAttempt[] } {
  const fits = fitInto(free, claims);
  return {
    kept: chosen.filter((_, index) => fits[index]),
    back: chosen.filter((_, index) => !fits[index]),
  };
}
