// Accounts for the pool slots and Dag limits that this scheduler's attempts use. The database decides, since
// other schedulers use the same limits; this ledger avoids asking it for what it would refuse.

import type { ActiveLimits } from "@memodag/core";

/** The capacity that one attempt uses. */
export interface LimitClaim {
  /** Identifies the Dag across teams. */
  readonly dag: string;
  /** Instances of the Dag that may be queued or running at once. */
  readonly maxActiveTasks: number;
  readonly pool: string;
  /** At most the size of the pool. */
  readonly slots: number;
}

/** Whether a claim was granted, and otherwise which limit is exhausted. */
export type TakeResult = "taken" | "dag_full" | "pool_full";

interface Use {
  /** Used by attempts of this scheduler. */
  own: number;
  /** Used by other schedulers, as of the database's last refusal; 0 until there is one. */
  others: number;
}

/**
 * Which of the claims of one Dag fit into the free capacity, first come first served; one answer for each
 * claim.
 */
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

/** Counts the usage of every limit. */
export class LimitLedger {
  /** Slots by pool. */
  readonly poolSlots: ReadonlyMap<string, number>;
  readonly #pools = new Map<string, Use>();
  readonly #dags = new Map<string, Use>();
  readonly #onRoom: () => void;
  readonly #onRefused: () => void;
  #hasRefused = false;

  /**
   * `onRoom`: capacity was released that a claim was waiting for. `onRefused`: other schedulers use more than
   * was recorded here.
   */
  constructor(poolSlots: ReadonlyMap<string, number>, onRoom: () => void, onRefused: () => void) {
    this.poolSlots = poolSlots;
    this.#onRoom = onRoom;
    this.#onRefused = onRefused;
  }

  /** Reserves the claim if all of it fits. */
  tryTake(claim: LimitClaim): TakeResult {
    const result = this.#check(claim);
    if (result === "taken") this.take(claim);
    else this.#hasRefused = true;
    return result;
  }

  /** Reserves the claim without a check: for an attempt that is already running. */
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

  /** Releases the capacity of these claims. */
  release(claims: readonly LimitClaim[]): void {
    for (const { pool, dag, slots } of claims) {
      useOf(this.#pools, pool).own -= slots;
      useOf(this.#dags, dag).own -= 1;
    }
    if (claims.length === 0 || !this.#hasRefused) return;
    this.#hasRefused = false;
    this.#onRoom();
  }

  /**
   * The database refused `claims`, which were reserved here: our view of other schedulers' usage was stale.
   */
  observe(claims: readonly LimitClaim[], free: ActiveLimits): void {
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

  /** Resets the usage of other schedulers, which may have released capacity since. */
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
