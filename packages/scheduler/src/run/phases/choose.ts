// Chooses which of the waiting instances get the free slots, and the changes to their rows.

import type { ActiveLimits, TaskInstance } from "@memodag/core";
import { fitInto, type LimitClaim, type TakeResult } from "../../attempts/limit-ledger.ts";
import { lineOf, type LineName, type WaitingLines } from "../../attempts/waiting-lines.ts";
import type { ReadyInstance } from "../../graph/ready-instance.ts";

/** The available capacity. */
export interface Room {
  /** Of the workers of a queue. */
  hasSlot(queue: string): boolean;
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

/** Assigns the free slots to waiting instances, heaviest first; the rest waits. A full queue or pool holds up no other. */
export function choose(waiting: WaitingLines, room: Room): Choice {
  const chosen: ReadyInstance[] = [];
  const held: ReadyInstance[] = [];
  const unlocked: ReadyInstance[] = [];
  const closedPools = new Set<string>();
  const closedQueues = new Set<string>();
  const isClosed = ({ pool, queue }: LineName) => closedPools.has(pool) || closedQueues.has(queue);
  for (;;) {
    const instance = waiting.next(isClosed);
    if (!instance) break;
    const { pool, queue } = lineOf(instance);
    if (!room.hasSlot(queue)) {
      closedQueues.add(queue);
      continue;
    }
    if (room.isRunning(instance)) {
      waiting.leave(instance);
      held.push(instance);
      continue;
    }
    if (room.hasLostLock(instance)) {
      waiting.leave(instance);
      unlocked.push(instance);
      continue;
    }
    const answer = room.tryTake(instance);
    if (answer === "dag_full") break;
    // Later instances of the same pool wait, even if they would need less.
    if (answer === "pool_full") closedPools.add(pool);
    else {
      waiting.leave(instance);
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
    worker: null,
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
