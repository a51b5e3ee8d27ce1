// Single flight: of all instances with one key, in all runs and schedulers, one runs and the others wait.

import {
  isSameReason,
  type CacheStatus,
  type CancelTimer,
  type Clock,
  type DagRun,
  type Digest,
  type SerializedCacheConfig,
  type TaskInstance,
} from "@memodag/core";
import type { CacheLeases, KeyLease, PassLookups } from "@memodag/result-cache";
import type { AnsweredInstance } from "../../cache/cache-answer.ts";
import { switchedOff } from "../../cache/cache-intent.ts";
import type { RunState } from "../state/run-state.ts";
import type { AskCache } from "./ask-cache.ts";
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
  readonly onFreed: () => void;
}

/** The result of requesting leases. */
export interface Admitted {
  readonly hits: readonly AnsweredInstance[];
  /** Instances that have to run. */
  readonly free: readonly ReadyInstance[];
}

/**
 * Sits in front of the dispatcher. An instance of a task with `serialize` that missed has to hold the lease
 * of its key to pass; until then it takes no slot and stays `scheduled`. The lease is held until the
 * attempt's result is stored, and is released between attempts. If the lease store fails, the instance passes
 * without a lease: at worst, a task runs twice.
 */
export class SingleFlight {
  readonly #context: RunContext;
  readonly #clock: Clock;
  readonly #state: RunState;
  readonly #cache: AskCache;
  readonly #waiting = new Map<string, Waiter>();
  readonly #held = new Map<string, KeyLease>();
  #cancelPoll: CancelTimer | undefined;
  #hasLeft = false;

  /** @param clock its timers end with the execution */
  constructor(context: RunContext, clock: Clock, state: RunState, cache: AskCache) {
    this.#context = context;
    this.#clock = clock;
    this.#state = state;
    this.#cache = cache;
  }

  /** True when instances have not requested their lease because no slot was free. */
  get wantsSlots(): boolean {
    for (const { phase } of this.#waiting.values()) if (phase === "new") return true;
    return false;
  }

  /** Queues an instance that did not hit for {@link admit}; false when it may be dispatched at once. */
  tryEnqueue({ node, mapIndex }: ReadyInstance): boolean {
    const { cacheKey, cacheStatus, cacheReason } = this.#state.table.get(node, mapIndex);
    const isFree = cacheKey === null || !needsLease(node.task.cache, cacheStatus);
    if (isFree || !this.#context.keyLeases || this.#held.has(nameOf({ node, mapIndex }))) return false;
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
    const { keyLeases, cachingOffReason, attempts } = this.#context;
    const hits: AnsweredInstance[] = [];
    const free: ReadyInstance[] = [];
    if (this.#waiting.size === 0 || !keyLeases) return { hits, free };
    const offReason = cachingOffReason();
    if (offReason !== null) {
      const asked = { cacheStatus: "disabled", cacheReason: switchedOff(offReason) } as const;
      for (const waiter of this.#waiting.values()) free.push(this.#let(waiter, asked));
      return { hits, free };
    }
    // A hit takes no slot, and nothing would wake this run because of it: the next in the queue ask at once.
    let slots = attempts.freeSlots;
    for (let due = this.#due(slots); due.length > 0; due = this.#due(slots)) {
      const round = await this.#admitRound(keyLeases, lookups, due);
      for (const hit of round.hits) hits.push(hit);
      for (const instance of round.free) free.push(instance);
      slots -= round.free.length;
    }
    return { hits, free };
  }

  /**
   * Requests the leases of the instances that are due; each of them has hit, may run, or waits afterwards.
   */
  async #admitRound(keyLeases: CacheLeases, lookups: PassLookups, due: readonly Waiter[]): Promise<Admitted> {
    const { run } = this.#state;
    const outcomes = await Promise.all(
      due.map((waiter) => keyLeases.acquire(run.team, waiter.key, holderName(run, waiter))),
    );
    if (this.#hasLeft) {
      for (const outcome of outcomes) if (outcome.kind === "acquired") void keyLeases.release(outcome.lease);
      return { hits: [], free: [] };
    }
    const free: ReadyInstance[] = [];
    const admitted: Waiter[] = [];
    for (const [index, waiter] of due.entries()) {
      const outcome = outcomes[index];
      if (outcome?.kind === "held") {
        this.#wait(waiter, outcome.holder);
      } else if (outcome?.kind === "acquired") {
        this.#held.set(nameOf(waiter), outcome.lease);
        admitted.push(waiter);
      } else {
        free.push(this.#let(waiter, waiter.asked));
      }
    }
    const again = await this.#readAgain(lookups, admitted);
    return { hits: again.hits, free: [...free, ...again.free] };
  }

  /** The attempt of an instance has ended and its result is stored. */
  release(instance: ReadyInstance): void {
    const name = nameOf(instance);
    const lease = this.#held.get(name);
    if (!lease) return;
    this.#held.delete(name);
    void this.#context.keyLeases?.release(lease);
  }

  /** Releases all leases and stops waiting: another process holds the run. */
  leave(): void {
    this.#hasLeft = true;
    this.#cancelPoll?.();
    this.#waiting.clear();
    for (const lease of this.#held.values()) void this.#context.keyLeases?.release(lease);
    this.#held.clear();
  }

  /**
   * The instances that ask now: first as many keys as there are slots, heaviest first; later, by polling or
   * when a lease is released.
   */
  #due(slots: number): Waiter[] {
    if (this.#hasLeft) return [];
    const tried = new Set<Digest>();
    const roomFor = (key: Digest) => tried.has(key) || tried.size < slots;
    const due: Waiter[] = [];
    const byWeight = [...this.#waiting.values()].toSorted(
      (a, b) => b.node.task.priorityWeight - a.node.task.priorityWeight,
    );
    for (const waiter of byWeight) {
      if (waiter.phase === "waiting" || (waiter.phase === "new" && !roomFor(waiter.key))) continue;
      if (waiter.phase === "new") tried.add(waiter.key);
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
      this.release(hit);
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
    return { hits, free };
  }

  #let(waiter: Waiter, asked: Asked): ReadyInstance {
    this.#waiting.delete(nameOf(waiter));
    this.#change(waiter, asked);
    return { node: waiter.node, mapIndex: waiter.mapIndex };
  }

  #wait(waiter: Waiter, holder: string): void {
    const { inbox, run } = this.#state;
    this.#change(waiter, { ...waiter.asked, cacheReason: { code: "waiting", detail: { what: holder } } });
    waiter.phase = "waiting";
    this.#context.keyLeases?.onceFreed(run.team, waiter.key, waiter.onFreed);
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

/** A late or failed lookup requests no lease: the cache has a problem, and the task runs. */
function needsLease(config: SerializedCacheConfig | null, status: CacheStatus | null): boolean {
  return config?.serialize === true && (status === "miss" || status === "skipped");
}

function isReader({ asked }: Waiter): boolean {
  return asked.cacheStatus === "miss";
}

/** The name that others see while they wait for this instance; unique among the instances of its key. */
function holderName({ runId }: DagRun, { node, mapIndex }: ReadyInstance): string {
  const { taskId } = node.task;
  return `${mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`} of run ${runId}`;
}

function nameOf({ node, mapIndex }: ReadyInstance): string {
  return `${node.index}:${mapIndex}`;
}
