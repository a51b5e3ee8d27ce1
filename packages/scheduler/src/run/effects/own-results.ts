// Lets the tasks of a transaction see each other's results, which are not stored yet: of those with one key, one runs.

import { instanceName, isTerminal, RETURN_VALUE, type Digest } from "@memodag/core";
import type { AnsweredInstance } from "../../cache/cache-answer.ts";
import { bodyOf, isTooOld } from "./staged-body.ts";
import type { RunContext } from "../../context/run-context.ts";
import type { ReadyInstance } from "../../graph/ready-instance.ts";
import type { TransactionUnit } from "../../graph/transaction-units.ts";
import type { RunState } from "../state/run-state.ts";

/** Instances of one unit with one key. */
interface SameKey {
  /** The one that runs, or has to. */
  readonly runs: ReadyInstance;
  readonly waiting: AnsweredInstance[];
}

/** The results of one run's transactions, for their own tasks. */
export class OwnResults {
  readonly #context: RunContext;
  readonly #state: RunState;
  readonly #byKey = new Map<string, SameKey>();

  constructor(context: RunContext, state: RunState) {
    this.#context = context;
    this.#state = state;
  }

  /** Takes over the instances that an earlier execution of the run has let run. */
  load(): void {
    const { units, table } = this.#state;
    for (const unit of units.list) {
      if (unit.isEager) continue;
      for (const node of unit.nodes) {
        for (const { mapIndex, state, cacheStatus, cacheKey } of table.listOf(node)) {
          const isRunning = state === "queued" || state === "running" || state === "up_for_retry";
          if (!isRunning || cacheStatus !== "miss" || cacheKey === null) continue;
          this.#byKey.set(`${cacheKey} ${unit.id}`, { runs: { node, mapIndex }, waiting: [] });
        }
      }
    }
  }

  /**
   * Takes what the cache answered. A miss whose result another member has staged becomes a hit; one whose result another
   * member is making waits, and is left out.
   */
  async take(answered: readonly AnsweredInstance[]): Promise<AnsweredInstance[]> {
    const taken: AnsweredInstance[] = [];
    for (const instance of answered) {
      const unit = this.#state.units.of(instance.node);
      const { cacheStatus, cacheKey } = instance.change;
      if (!unit || unit.isEager || cacheStatus !== "miss" || typeof cacheKey !== "string") {
        taken.push(instance);
        continue;
      }
      const hit = await this.#hitOf(unit, instance, cacheKey);
      if (hit) taken.push(hit);
      else if (!this.#mustWait(unit, instance, cacheKey)) taken.push(instance);
    }
    return taken;
  }

  /** Answers those that waited for an instance that has ended. */
  async release(): Promise<AnsweredInstance[]> {
    const released: AnsweredInstance[] = [];
    for (const [name, same] of this.#byKey) {
      const { runs, waiting } = same;
      if (!this.#hasEnded(runs)) continue;
      this.#byKey.delete(name);
      // The first of them runs if there is no result, and the others wait for it.
      for (const instance of await this.take(waiting)) released.push(instance);
    }
    return released;
  }

  #hasEnded({ node, mapIndex }: ReadyInstance): boolean {
    const row = this.#state.table.find(node, mapIndex);
    return row === undefined || isTerminal(row.state);
  }

  #mustWait(unit: TransactionUnit, instance: AnsweredInstance, key: Digest): boolean {
    const name = `${key} ${unit.id}`;
    const same = this.#byKey.get(name);
    const { node, mapIndex, change } = instance;
    // It asks again after its attempt was lost.
    if (same && same.runs.node === node && same.runs.mapIndex === mapIndex) return false;
    if (!same) {
      this.#byKey.set(name, { runs: { node, mapIndex }, waiting: [] });
      return false;
    }
    same.waiting.push(instance);
    const what = instanceName(same.runs.node.task.taskId, same.runs.mapIndex);
    const cacheReason = { code: "waiting", detail: { what } } as const;
    this.#state.table.change(node, mapIndex, { ...change, cacheReason });
    return true;
  }

  /** The staged result under a key as a hit; undefined if there is none that can be taken. */
  async #hitOf(
    unit: TransactionUnit,
    { node, mapIndex, made }: AnsweredInstance,
    key: Digest,
  ): Promise<AnsweredInstance | undefined> {
    const { transactions, run } = this.#state;
    const { clock, defaultTtlMs } = this.#context;
    const config = node.task.cache;
    const found = transactions.findStaged(unit, key);
    const body = found && bodyOf(found);
    // Entries would have to be restored from a record, and there is none yet.
    if (!config || !found || body?.kind !== "record" || body.record.key !== key || found.saved)
      return undefined;
    const now = clock.now();
    if (isTooOld(body, { config, defaultTtlMs: defaultTtlMs(), limits: run.cacheLimits }, now))
      return undefined;
    let bytes: ReadonlyMap<Digest, Uint8Array>;
    try {
      bytes = await this.#context.xcomValues.read(run.team, body.xcoms);
    } catch {
      // It runs, as after any lookup that fails.
      return undefined;
    }
    const xcoms = body.xcoms.flatMap((xcom) => {
      const own = bytes.get(xcom.digest);
      return own ? [{ ...xcom, bytes: own }] : [];
    });
    const returned = xcoms.find((xcom) => xcom.key === RETURN_VALUE);
    if (xcoms.length < body.xcoms.length || !returned) return undefined;
    transactions.stage(unit, { taskId: node.task.taskId, mapIndex }, JSON.stringify({ kind: "own" }));
    return {
      node,
      mapIndex,
      change: {
        cacheStatus: "hit",
        cacheKey: key,
        cacheReason: null,
        error: null,
        state: "success",
        producer: body.record.producer,
        startedAt: now,
        endedAt: now,
        durationMs: 0,
        savedMs: body.record.durationMs,
      },
      xcoms,
      returned,
      made,
    };
  }
}
