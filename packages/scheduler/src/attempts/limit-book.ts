// What this scheduler's attempts take of pools and of their Dags' limits. The database has the last word,
// since other schedulers take from the same; this keeps from asking it in vain.

import type { ActiveLimits } from "@memodag/core";

/** What one attempt takes. */
export interface LimitClaim {
  /** Names the Dag across teams. */
  readonly dag: string;
  /** Instances of the Dag that may be queued or running at once. */
  readonly maxActiveTasks: number;
  readonly pool: string;
  /** No more than the pool has. */
  readonly slots: number;
}

/** Whether a claim was taken, and else what has no room for it. */
export type TakeResult = "taken" | "dag_full" | "pool_full";

interface Use {
  /** Taken by attempts of this scheduler. */
  own: number;
  /** Taken by others, when the database last refused; 0 until it does. */
  others: number;
}

/** Which of the claims of one Dag fit into what is free, first come first served; one answer a claim. */
export function fitInto(
  { maxActiveTasks, poolSlots }: ActiveLimits,
  claims: readonly LimitClaim[],
): boolean[] {
  let tasks = maxActiveTasks;
  const slotsLeft = new Map(poolSlots);
  return claims.map(({ pool, slots }) => {
    const left = slotsLeft.get(pool) ?? Infinity;
    if (tasks <= 0 || slots > left) return false;
    tasks -= 1;
    slotsLeft.set(pool, left - slots);
    return true;
  });
}

/** Counts what is taken of every limit. */
export class LimitBook {
  /** Slots by pool. */
  readonly poolSlots: ReadonlyMap<string, number>;
  readonly #pools = new Map<string, Use>();
  readonly #dags = new Map<string, Use>();
  readonly #onRoom: () => void;
  readonly #onRefused: () => void;
  #hasRefused = false;

  /** `onRoom`: something was given back that somebody went without. `onRefused`: others were learnt of. */
  constructor(poolSlots: ReadonlyMap<string, number>, onRoom: () => void, onRefused: () => void) {
    this.poolSlots = poolSlots;
    this.#onRoom = onRoom;
    this.#onRefused = onRefused;
  }

  /** Takes, when there is room for all of it. */
  tryTake(claim: LimitClaim): TakeResult {
    const result = this.#check(claim);
    if (result === "taken") this.take(claim);
    else this.#hasRefused = true;
    return result;
  }

  /** Takes, room or not: for an attempt that is under way already. */
  take(claim: LimitClaim): void {
    useOf(this.#pools, claim.pool).own += claim.slots;
    useOf(this.#dags, claim.dag).own += 1;
  }

  #check({ pool, slots, dag, maxActiveTasks }: LimitClaim): TakeResult {
    const ofDag = useOf(this.#dags, dag);
    if (ofDag.own + ofDag.others >= maxActiveTasks) return "dag_full";
    const ofPool = useOf(this.#pools, pool);
    return ofPool.own + ofPool.others + slots > (this.poolSlots.get(pool) ?? Infinity)
      ? "pool_full"
      : "taken";
  }

  /** Gives back what was taken. */
  give(claims: readonly LimitClaim[]): void {
    for (const { pool, dag, slots } of claims) {
      useOf(this.#pools, pool).own -= slots;
      useOf(this.#dags, dag).own -= 1;
    }
    if (claims.length === 0 || !this.#hasRefused) return;
    this.#hasRefused = false;
    this.#onRoom();
  }

  /** The database refused `claims`, which have been taken here: others take more than was known. */
  learn(claims: readonly LimitClaim[], free: ActiveLimits): void {
    for (const [name, freeSlots] of free.poolSlots) {
      const asked = claims.reduce((sum, { pool, slots }) => sum + (pool === name ? slots : 0), 0);
      const size = this.poolSlots.get(name) ?? 0;
      if (asked > 0) learnOthers(useOf(this.#pools, name), size - freeSlots, asked);
    }
    const [first] = claims;
    if (first) {
      const taken = first.maxActiveTasks - free.maxActiveTasks;
      learnOthers(useOf(this.#dags, first.dag), taken, claims.length);
    }
    this.#hasRefused = true;
    this.#onRefused();
  }

  /** Others may have given back what they took. */
  forgetOthers(): void {
    for (const uses of [this.#pools, this.#dags]) {
      for (const [name, use] of uses) {
        use.others = 0;
        if (use.own === 0) uses.delete(name);
      }
    }
  }
}

function learnOthers(use: Use, taken: number, asked: number): void {
  use.others = Math.max(0, taken - (use.own - asked));
}

function useOf(uses: Map<string, Use>, name: string): Use {
  let use = uses.get(name);
  if (!use) uses.set(name, (use = { own: 0, others: 0 }));
  return use;
}
