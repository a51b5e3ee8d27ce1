// The locks that the instances of one run hold: from before an attempt starts until its result is stored.

import {
  isStrictLock,
  type DagRun,
  type Digest,
  type SerializedCacheConfig,
  type StoredError,
  type TaskInstance,
} from "@memodag/core";
import type { CacheLeases, KeyLease, LeaseOutcome, RecordFence } from "@memodag/result-cache";
import type { RunContext } from "../../context/run-context.ts";
import type { ReadyInstance } from "../../graph/ready-instance.ts";
import type { RunState } from "../state/run-state.ts";

/** The error of an attempt that lost a strict lock. It runs again, which does not use up a retry. */
const LOCK_LOST: StoredError = {
  code: "attempt_lost",
  message: "cancelled: the lock of its cache key was lost, and another instance may run",
};

interface Held {
  readonly leases: CacheLeases;
  readonly lease: KeyLease;
}

/** Takes locks, and gives each back once. */
export class HeldLocks {
  readonly #context: RunContext;
  readonly #state: RunState;
  readonly #held = new Map<string, Held>();
  /** Locks of attempts that an earlier execution of the run started. */
  readonly #adopting = new Map<string, Promise<void>>();
  /** Instances that lost a strict lock before they were dispatched. */
  readonly #lost = new Set<string>();
  #hasLeft = false;

  constructor(context: RunContext, state: RunState) {
    this.#context = context;
    this.#state = state;
  }

  /** True once another execution holds the run. */
  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  /** True if an instance that did not hit has to hold the lock of its key to run. */
  isNeeded({ node, mapIndex }: ReadyInstance): boolean {
    const row = this.#state.table.get(node, mapIndex);
    const isAsked = row.cacheKey !== null && needsLock(node.task.cache, row);
    return isAsked && this.#context.keyLocks !== undefined && !this.#held.has(nameOf({ node, mapIndex }));
  }

  /** Asks for the lock of an instance's key. Never rejects. */
  async acquire(instance: ReadyInstance, key: Digest): Promise<LeaseOutcome> {
    const { run } = this.#state;
    const { lock } = instance.node.task.cache ?? {};
    const leases = this.#leasesOf(instance);
    if (!leases) return { kind: "unavailable", message: "there is no lock store" };
    const onLost = isStrictLock(lock) ? () => this.#lose(instance) : undefined;
    const outcome = await leases.acquire(run.team, key, holderName(run, instance), onLost);
    if (outcome.kind !== "acquired") return outcome;
    if (this.#hasLeft) void leases.release(outcome.lease);
    else this.#held.set(nameOf(instance), { leases, lease: outcome.lease });
    return outcome;
  }

  /** Calls `wake` once when a lock that this process holds is given back. */
  onceFreed(instance: ReadyInstance, key: Digest, wake: () => void): void {
    this.#leasesOf(instance)?.onceFreed(this.#state.run.team, key, wake);
  }

  /** Takes the lock of an attempt that goes on under this execution. */
  adopt(instance: ReadyInstance): void {
    const { node, mapIndex } = instance;
    const { cacheKey } = this.#state.table.get(node, mapIndex);
    if (cacheKey === null || !this.isNeeded(instance)) return;
    const name = nameOf(instance);
    this.#adopting.set(name, this.#adoptLock(instance, cacheKey));
  }

  /** The attempt of an instance has ended and its result is stored. */
  release(instance: ReadyInstance): void {
    const name = nameOf(instance);
    const adopting = this.#adopting.get(name);
    if (adopting) {
      void adopting.then(() => this.release(instance));
      return;
    }
    const held = this.#held.get(name);
    this.#held.delete(name);
    if (held) void held.leases.release(held.lease);
  }

  /**
   * The lease without which a result must not be stored; `undefined` if the lock is not strict, `null` if it is and is
   * not held any more.
   */
  async fenceOf(instance: ReadyInstance): Promise<RecordFence | null | undefined> {
    if (!isStrictLock(instance.node.task.cache?.lock)) return undefined;
    const name = nameOf(instance);
    await this.#adopting.get(name);
    const held = this.#held.get(name);
    return held ? held.leases.fenceOf(held.lease) : null;
  }

  /** True, once, for an instance that lost a strict lock before it was dispatched: it has to ask again. */
  takeLost(instance: ReadyInstance): boolean {
    return this.#lost.delete(nameOf(instance));
  }

  /** Gives all back: another execution holds the run. */
  leave(): void {
    this.#hasLeft = true;
    for (const { leases, lease } of this.#held.values()) void leases.release(lease);
    this.#held.clear();
  }

  async #adoptLock(instance: ReadyInstance, key: Digest): Promise<void> {
    await this.#leasesOf(instance)?.whenOpen();
    const outcome = await this.acquire(instance, key);
    this.#adopting.delete(nameOf(instance));
    if (outcome.kind !== "acquired" && isStrictLock(instance.node.task.cache?.lock)) this.#lose(instance);
  }

  #lose(instance: ReadyInstance): void {
    if (this.#hasLeft) return;
    const { table, underWay, inbox } = this.#state;
    this.#held.delete(nameOf(instance));
    const attemptId = table.find(instance.node, instance.mapIndex)?.attemptId ?? null;
    if (attemptId !== null && underWay.has(attemptId)) {
      this.#context.attempts.cancel(attemptId, LOCK_LOST);
      return;
    }
    this.#lost.add(nameOf(instance));
    inbox.wake();
  }

  #leasesOf({ node }: ReadyInstance): CacheLeases | undefined {
    return this.#context.keyLocks?.of(this.#state.run.team, node.task.cache?.lock?.store);
  }
}

/** A lookup that was late or failed takes no lock that it need not have: the cache has a problem, and the task runs. */
function needsLock(config: SerializedCacheConfig | null, { cacheStatus }: TaskInstance): boolean {
  if (config?.serialize !== true) return false;
  if (cacheStatus === "miss" || cacheStatus === "skipped") return true;
  return isStrictLock(config.lock) && (cacheStatus === "lookup_timeout" || cacheStatus === "lookup_failure");
}

/** The name that others see while they wait for this instance; unique among the instances of its key. */
function holderName({ runId }: DagRun, { node, mapIndex }: ReadyInstance): string {
  const { taskId } = node.task;
  return `${mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`} of run ${runId}`;
}

function nameOf({ node, mapIndex }: ReadyInstance): string {
  return `${node.index}:${mapIndex}`;
}
