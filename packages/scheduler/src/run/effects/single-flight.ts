// Single flight: of all instances with one key, in all runs and schedulers, one runs and the others wait.

import {
  isSameReason,
  queueOf,
  type CancelTimer,
  type Clock,
  type Digest,
  type TaskInstance,
} from "@memodag/core";
import type { LeaseOutcome, PassLookups } from "@memodag/result-cache";
import { failedInstance, type AnsweredInstance } from "../../cache/cache-answer.ts";
import { switchedOff } from "../../cache/cache-intent.ts";
import { decideWait } from "../../cache/lock-wait.ts";
import type { RunState } from "../state/run-state.ts";
import type { AskCache } from "./ask-cache.ts";
import type { HeldLocks } from "./held-locks.ts";
import type { ReadyInstance } from "../../graph/ready-instance.ts";
import type { RunContext } from "../../context/run-context.ts";

/** Interval in milliseconds at which a lease held by another process is requested again. */
const POLL_MS = 500;

type Asked = Pick<TaskInstance, "cacheStatus" | "cacheReason">;

interface Waiter extends ReadyInstance {
  readonly key: Digest;
  /** The cache's answer before the instance began to wait. */
  readonly asked: Asked;
  /**
   * `new`: the lease has not been requested; `waiting`: another instance holds it; `due`: it may be free now.
   */
  phase: "new" | "waiting" | "due";
  /** When it began to wait, by the monotonic clock. */
  since?: number;
  readonly onFreed: () => void;
}

/** The result of requesting leases. */
export interface Admitted {
  /** Instances that hit, or that fail without the lock of their key. */
  readonly answered: readonly AnsweredInstance[];
  /** Instances that have to run. */
  readonly free: readonly ReadyInstance[];
}

/**
 * Sits in front of the dispatcher. An instance of a task with `serialize` that missed has to hold the lease
 * of its key to pass; until then it takes no slot and stays `scheduled`. It waits for one lock at a time, and holds
 * no other meanwhile: runs cannot wait for each other. If the lock store fails, the instance passes without a lease,
 * unless its task says otherwise: at worst, a task runs twice.
 */
export class SingleFlight {
  readonly #context: RunContext;
  readonly #clock: Clock;
  readonly #state: RunState;
  readonly #cache: AskCache;
  readonly #locks: HeldLocks;
  readonly #waiting = new Map<string, Waiter>();
  #cancelPoll: CancelTimer | undefined;

  /** @param clock its timers end with the execution */
  constructor(context: RunContext, clock: Clock, state: RunState, cache: AskCache, locks: HeldLocks) {
    this.#context = context;
    this.#clock = clock;
    this.#state = state;
    this.#cache = cache;
    this.#locks = locks;
  }

  /** True when instances have not requested their lease because no slot was free. */
  get wantsSlots(): boolean {
    for (const { phase } of this.#waiting.values()) if (phase === "new") return true;
    return false;
  }

  /** Queues an instance that did not hit for {@link admit}; false when it may be dispatched at once. */
  tryEnqueue({ node, mapIndex }: ReadyInstance): boolean {
    const { cacheKey, cacheStatus, cacheReason } = this.#state.table.get(node, mapIndex);
    if (cacheKey === null || !this.#locks.isNeeded({ node, mapIndex })) return false;
    const waiter: Waiter = {
      node,
      mapIndex,
      key: cacheKey,
      // The holder that an earlier execution saw is no longer relevant.
      asked: { cacheStatus, cacheReason: cacheReason?.code === "waiting" ? null : cacheReason },
      phase: "new",
      onFreed: () => {
        waiter.phase = "due";
        this.#state.inbox.wake();
      },
    };
    this.#waiting.set(nameOf(waiter), waiter);
    return true;
  }

  /**
   * Requests the leases that are due, and repeats the lookup for the keys that were acquired: what their last
   * holder stored is a hit for all waiting instances. Never rejects.
   */
  async admit(lookups: PassLookups): Promise<Admitted> {
    const { cachingOffReason, attempts } = this.#context;
    const answered: AnsweredInstance[] = [];
    const free: ReadyInstance[] = [];
    if (this.#waiting.size === 0) return { answered, free };
    const offReason = cachingOffReason();
    if (offReason !== null) {
      const asked = { cacheStatus: "disabled", cacheReason: switchedOff(offReason) } as const;
      for (const waiter of this.#waiting.values()) free.push(this.#let(waiter, asked));
      return { answered, free };
    }
    // A hit takes no slot, and nothing would wake this run because of it: the next in the queue ask at once.
    const given = new Map<string, number>();
    const slotsOf = (queue: string) => attempts.freeSlots(queue) - (given.get(queue) ?? 0);
    for (let due = this.#due(slotsOf); due.length > 0; due = this.#due(slotsOf)) {
      const round = await this.#admitRound(lookups, due);
      for (const answer of round.answered) answered.push(answer);
      for (const instance of round.free) {
        free.push(instance);
        const queue = queueOf(instance.node.task);
        given.set(queue, (given.get(queue) ?? 0) + 1);
      }
    }
    return { answered, free };
  }

  /**
   * Requests the leases of the instances that are due; each of them has hit, may run, has failed, or waits afterwards.
   */
  async #admitRound(lookups: PassLookups, due: readonly Waiter[]): Promise<Admitted> {
    const outcomes = await Promise.all(due.map((waiter) => this.#locks.acquire(waiter, waiter.key)));
    if (this.#locks.hasLeft) return { answered: [], free: [] };
    const free: ReadyInstance[] = [];
    const failed: AnsweredInstance[] = [];
    const admitted: Waiter[] = [];
    for (const [index, waiter] of due.entries()) {
      const outcome = outcomes[index];
      if (outcome?.kind === "acquired") {
        admitted.push(waiter);
        continue;
      }
      const decision = outcome ? this.#decide(waiter, outcome) : ({ kind: "run" } as const);
      if (decision.kind === "wait") this.#wait(waiter, decision.what);
      else if (decision.kind === "run") free.push(this.#let(waiter, waiter.asked));
      else failed.push(failedInstance(this.#let(waiter, waiter.asked), decision.error, this.#clock.now()));
    }
    const again = await this.#readAgain(lookups, admitted);
    return { answered: [...failed, ...again.answered], free: [...free, ...again.free] };
  }

  #decide(waiter: Waiter, outcome: Exclude<LeaseOutcome, { kind: "acquired" }>) {
    const now = this.#clock.monotonic();
    waiter.since ??= now;
    return decideWait(waiter.node.task.cache?.lock, outcome, now - waiter.since);
  }

  /** Stops waiting: another execution holds the run. */
  leave(): void {
    this.#cancelPoll?.();
    this.#waiting.clear();
  }

  /**
   * The instances that ask now: first as many keys as there are slots, heaviest first; later, by polling or
   * when a lease is released.
   */
  #due(slotsOf: (queue: string) => number): Waiter[] {
    if (this.#locks.hasLeft) return [];
    const tried = new Map<string, Set<Digest>>();
    const due: Waiter[] = [];
    const byWeight = [...this.#waiting.values()].toSorted(
      (a, b) => b.node.task.priorityWeight - a.node.task.priorityWeight,
    );
    for (const waiter of byWeight) {
      if (waiter.phase === "waiting") continue;
      if (waiter.phase === "new") {
        const queue = queueOf(waiter.node.task);
        const keys = tried.get(queue) ?? new Set();
        if (!keys.has(waiter.key) && keys.size >= slotsOf(queue)) continue;
        tried.set(queue, keys.add(waiter.key));
      }
      due.push(waiter);
    }
    return due;
  }

  async #readAgain(lookups: PassLookups, admitted: readonly Waiter[]): Promise<Admitted> {
    // An instance with a requested refresh does not read, even if a result was stored meanwhile.
    const keys = new Set(admitted.filter(isReader).map(({ key }) => key));
    const readers = [...this.#waiting.values()].filter((waiter) => isReader(waiter) && keys.has(waiter.key));
    const answers = readers.length === 0 ? [] : await this.#cache.askAgain(lookups, readers);
    const hits = answers.filter(({ change }) => change.state !== "scheduled");
    for (const hit of hits) {
      this.#waiting.delete(nameOf(hit));
      this.#locks.release(hit);
    }
    const misses = new Map(answers.map((answer) => [nameOf(answer), answer.change]));
    const free: ReadyInstance[] = [];
    for (const waiter of admitted) {
      if (!this.#waiting.has(nameOf(waiter))) continue;
      const { cacheStatus, cacheReason } = misses.get(nameOf(waiter)) ?? waiter.asked;
      // A failed lookup does not replace an earlier answer.
      const isMiss = cacheStatus === "miss";
      const asked = isMiss ? { cacheStatus, cacheReason: cacheReason ?? null } : waiter.asked;
      free.push(this.#let(waiter, asked));
    }
    return { answered: hits, free };
  }

  #let(waiter: Waiter, asked: Asked): ReadyInstance {
    this.#waiting.delete(nameOf(waiter));
    this.#change(waiter, asked);
    return { node: waiter.node, mapIndex: waiter.mapIndex };
  }

  /** @param what it waits for: the holder, or the lock store */
  #wait(waiter: Waiter, what: string): void {
    const { inbox, units, transactions, results } = this.#state;
    // Members of a transaction keep their locks until it ends, unless one of them has to wait: two runs that wait for
    // each other would not end.
    const unit = units.of(waiter.node);
    for (const { taskId, mapIndex } of unit ? transactions.membersOf(unit) : [])
      this.#locks.release({ node: results.nodeOf(taskId), mapIndex });
    this.#change(waiter, { ...waiter.asked, cacheReason: { code: "waiting", detail: { what } } });
    waiter.phase = "waiting";
    this.#locks.onceFreed(waiter, waiter.key, waiter.onFreed);
    this.#cancelPoll ??= this.#clock.after(POLL_MS, () => {
      this.#cancelPoll = undefined;
      for (const waiting of this.#waiting.values()) if (waiting.phase === "waiting") waiting.phase = "due";
      inbox.wake();
    });
  }

  #change({ node, mapIndex }: ReadyInstance, asked: Asked): void {
    const { table } = this.#state;
    const row = table.get(node, mapIndex);
    if (row.cacheStatus === asked.cacheStatus && isSameReason(row.cacheReason, asked.cacheReason)) return;
    table.change(node, mapIndex, asked);
  }
}

function isReader({ asked }: Waiter): boolean {
  return asked.cacheStatus === "miss";
}

function nameOf({ node, mapIndex }: ReadyInstance): string {
  return `${node.index}:${mapIndex}`;
}
