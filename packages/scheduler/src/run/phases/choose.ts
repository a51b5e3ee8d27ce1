// Which of the waiting instances get the slots that there are, and what becomes of their rows.

import type { ActiveLimits, TaskInstance } from "@memodag/core";
import { fitInto, type LimitClaim, type TakeResult } from "../../attempts/limit-book.ts";
import type { WaitingLines } from "../../attempts/waiting-lines.ts";
import type { ReadyInstance } from "../../graph/ready-instance.ts";

/** What there is to give. */
export interface Room {
  hasSlot(): boolean;
  /** True while a process of an earlier attempt at the instance is being ended. */
  isRunning(instance: ReadyInstance): boolean;
  /** Takes a slot, and of the limits what the instance needs; or nothing. */
  tryTake(instance: ReadyInstance): TakeResult;
}

/** Who got a slot. */
export interface Choice {
  readonly chosen: readonly ReadyInstance[];
  /** Those whose turn it was and that wait for a process to end. */
  readonly held: readonly ReadyInstance[];
}

/** An attempt that is recorded, or about to be, and is not submitted yet. */
export interface ChosenAttempt extends ReadyInstance {
  readonly attemptId: string;
  /** The row as it was, for an attempt that has to wait after all. */
  readonly before: TaskInstance;
}

/** Gives the slots there are to what waits, heaviest first; the rest waits on. */
export function choose(waiting: WaitingLines, room: Room): Choice {
  const chosen: ReadyInstance[] = [];
  const held: ReadyInstance[] = [];
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
    const answer = room.tryTake(instance);
    if (answer === "dag_full") break;
    // What comes after in the same pool waits its turn, even where it would take less.
    if (answer === "pool_full") closed.add(pool);
    else {
      waiting.leave(pool);
      chosen.push(instance);
    }
  }
  return { chosen, held };
}

/** The row of an instance that is dispatched. */
export function queuedChange(before: TaskInstance, attemptId: string): Partial<TaskInstance> {
  return {
    state: "queued",
    // A sensor that asks again goes on with the try that it began.
    tryNumber: before.waitingSince === null ? before.tryNumber + 1 : before.tryNumber,
    attemptId,
    startedAt: null,
    endedAt: null,
    durationMs: null,
  };
}

/** The database had room for less than was chosen: who keeps the slot, and who waits on. */
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
