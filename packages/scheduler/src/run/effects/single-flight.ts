// Single flight: of the instances with one key, in all runs and schedulers, one runs and the others wait.

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
import type { CacheLeases, KeyLease, PassLookup } from "@memodag/result-cache";
import type { AnsweredInstance } from "../../cache/cache-answer.ts";
import { switchedOff } from "../../cache/cache-intent.ts";
import type { RunState } from "../state/run-state.ts";
import type { AskCache } from "./ask-cache.ts";
import type { ReadyInstance } from "../../graph/ready-instance.ts";
import type { RunContext } from "../../context/run-context.ts";

/** How often, in milliseconds, the lease of another process is asked for. */
const POLL_MS = 500;

type Asked = Pick<TaskInstance, "cacheStatus" | "cacheReason">;

interface Waiter extends ReadyInstance {
  readonly key: Digest;
  /** What the cache said before it waited. */
  readonly asked: Asked;
  /** `new`: the lease has not been asked for; `waiting`: it is another's; `due`: it may be free by now. */
  phase: "new" | "waiting" | "due";
  readonly onFreed: () => void;
}

/** What came of asking for leases. */
export interface Admitted {
  readonly hits: readonly AnsweredInstance[];
  /** Those that are to run. */
  readonly free: readonly ReadyInstance[];
}

/**
 * Stands before the dispatcher. An instance of a task that says `serialize`, and that missed, needs the
 * lease of its key to pass; without it, it takes no slot and stays `scheduled`. The lease is held until
 * the attempt's result is stored, is given back between attempts, and is done without where the lease
 * store fails: the worst that comes of that is a task that runs twice.
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

  /** @param clock whose timers end with the execution */
  constructor(context: RunContext, clock: Clock, state: RunState, cache: AskCache) {
    this.#context = context;
    this.#clock = clock;
    this.#state = state;
    this.#cache = cache;
  }

  /** True when instances have not asked for their lease since no slot was free. */
  get wantsSlots(): boolean {
    for (const { phase } of this.#waiting.values()) if (phase === "new") return true;
    return false;
  }

  /** Has an instance that did not hit wait for {@link admit}; false when it may be dispatched at once. */
  tryEnqueue({ node, mapIndex }: ReadyInstance): boolean {
    const { cacheKey, cacheStatus, cacheReason } = this.#state.table.get(node, mapIndex);
    const isFree = cacheKey === null || !needsLease(node.task.cache, cacheStatus);
    if (isFree || !this.#context.keyLeases || this.#held.has(nameOf({ node, mapIndex }))) return false;
    const waiter: Waiter = {
      node,
      mapIndex,
      key: cacheKey,
      // Whom an earlier holder of the run saw it wait for is over.
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
   * Asks for the leases that are due, and reads the cache again for the keys that were got: what their
   * last holder stored is a hit for all that waited. Never rejects.
   */
  async admit(lookup: PassLookup): Promise<Admitted> {
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
    // A hit takes no slot, and no one wakes this run on account of it: the next in line ask at once.
    let slots = attempts.freeSlots;
    for (let due = this.#due(slots); due.length > 0; due = this.#due(slots)) {
      const round = await this.#admitRound(keyLeases, lookup, due);
      for (const hit of round.hits) hits.push(hit);
      for (const instance of round.free) free.push(instance);
      slots -= round.free.length;
    }
    return { hits, free };
  }

  /** Asks for the leases of those that are due; each of them has hit, may run, or waits afterwards. */
  async #admitRound(keyLeases: CacheLeases, lookup: PassLookup, due: readonly Waiter[]): Promise<Admitted> {
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
    const again = await this.#readAgain(lookup, admitted);
    return { hits: again.hits, free: [...free, ...again.free] };
  }

  /** The attempt of an instance is over and its result is where it belongs. */
  release(instance: ReadyInstance): void {
    const name = nameOf(instance);
    const lease = this.#held.get(name);
    if (!lease) return;
    this.#held.delete(name);
    void this.#context.keyLeases?.release(lease);
  }

  /** The run is in other hands: gives back what it holds, and waits for nothing. */
  leave(): void {
    this.#hasLeft = true;
    this.#cancelPoll?.();
    this.#waiting.clear();
    for (const lease of this.#held.values()) void this.#context.keyLeases?.release(lease);
    this.#held.clear();
  }

  /** Who asks now: at first, as many keys as there are slots, heaviest first; then by poll or when freed. */
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

  async #readAgain(lookup: PassLookup, admitted: readonly Waiter[]): Promise<Admitted> {
    // Whoever asked for a refresh does not read, whatever has been stored meanwhile.
    const keys = new Set(admitted.filter(isReader).map(({ key }) => key));
    const readers = [...this.#waiting.values()].filter((waiter) => isReader(waiter) && keys.has(waiter.key));
    const answers = readers.length === 0 ? [] : await this.#cache.askAgain(lookup, readers);
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
      // An answer that did not come changes nothing about the one that did.
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

/** A lookup that was late or failed asks for no lease: the cache is in trouble, and the task runs. */
function needsLease(config: SerializedCacheConfig | null, status: CacheStatus | null): boolean {
  return config?.serialize === true && (status === "miss" || status === "skipped");
}

function isReader({ asked }: Waiter): boolean {
  return asked.cacheStatus === "miss";
}

/** What others are shown while they wait for this instance; no other instance of its key has this name. */
function holderName({ runId }: DagRun, { node, mapIndex }: ReadyInstance): string {
  const { taskId } = node.task;
  return `${mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`} of run ${runId}`;
}

function nameOf({ node, mapIndex }: ReadyInstance): string {
  return `${node.index}:${mapIndex}`;
}
