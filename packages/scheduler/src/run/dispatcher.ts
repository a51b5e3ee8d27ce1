// The attempts of one run: which instances wait for a slot, which attempts are under way.

import {
  MemodagError,
  type DagRun,
  type DagVersion,
  type ExecutorEvent,
  type StoredError,
} from "@memodag/core";
import { buildAttempt } from "./attempt-builder.ts";
import type { AttemptResults } from "./attempt-results.ts";
import type { ArgsOf, ReadyInstance } from "./cache-step.ts";
import type { InstanceTable } from "./instance-table.ts";
import type { RunContext } from "./run-context.ts";
import type { RunResults } from "./run-results.ts";

/** What a {@link Dispatcher} works with. */
export interface DispatcherParts {
  readonly context: RunContext;
  readonly version: DagVersion;
  readonly table: InstanceTable;
  readonly results: RunResults;
  readonly attemptResults: AttemptResults;
  readonly argsOf: ArgsOf;
  /** Hears of every attempt of the run. */
  readonly handle: (event: ExecutorEvent) => void;
}

/** Chooses attempts before a pass is written and submits them after: never one that is not recorded. */
export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #underWay = new Map<string, ReadyInstance>();
  #waiting: ReadyInstance[] = [];
  #isSorted = true;
  #chosen: (ReadyInstance & { readonly attemptId: string })[] = [];

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  /** True when instances wait for nothing but a free slot. */
  get wantsSlots(): boolean {
    return this.#waiting.length > 0;
  }

  /** An instance may be dispatched as soon as there is a slot. */
  enqueue(instance: ReadyInstance): void {
    this.#waiting.push(instance);
    this.#isSorted = false;
  }

  /** Takes an attempt that this process runs already, for an earlier execution of the run. */
  adopt(attemptId: string, instance: ReadyInstance): void {
    this.#underWay.set(attemptId, instance);
    this.#parts.context.attempts.listen(attemptId, this.#parts.handle);
  }

  /** The instance of an attempt, as long as its result is waited for. */
  instanceOf(attemptId: string): ReadyInstance | undefined {
    return this.#underWay.get(attemptId);
  }

  /** Nobody waits for this attempt any more. */
  settle(attemptId: string): void {
    this.#underWay.delete(attemptId);
  }

  /** Ends every attempt of the run. */
  cancelAll(error: StoredError): void {
    this.#giveSlotsBack();
    for (const attemptId of this.#underWay.keys()) this.#parts.context.attempts.cancel(attemptId, error);
  }

  /** Leaves the attempts to run on, for the execution that takes over from this one. */
  forgetAll(): void {
    this.#giveSlotsBack();
    this.#parts.context.attempts.forget(this.#underWay.keys());
  }

  /** Gives the slots there are to what waits, heaviest first; the rest waits on. */
  choose(): void {
    const { attempts, newAttemptId } = this.#parts.context;
    if (!this.#isSorted) {
      // Stable: what weighs the same goes in the order in which it became ready.
      this.#waiting.sort((a, b) => b.node.task.priorityWeight - a.node.task.priorityWeight);
      this.#isSorted = true;
    }
    const waiting = this.#waiting;
    let taken = 0;
    for (; taken < waiting.length && attempts.tryTakeSlot(); taken += 1) {
      const instance = waiting[taken];
      if (!instance) break;
      const { node, mapIndex } = instance;
      const attemptId = newAttemptId();
      const { tryNumber } = this.#parts.table.get(node, mapIndex);
      this.#parts.table.change(node, mapIndex, {
        state: "queued",
        tryNumber: tryNumber + 1,
        attemptId,
        startedAt: null,
        endedAt: null,
        durationMs: null,
      });
      this.#underWay.set(attemptId, instance);
      this.#chosen.push({ node, mapIndex, attemptId });
    }
    if (taken > 0) this.#waiting = waiting.slice(taken);
  }

  /** Submits what was chosen; call once it is written. After a fault, call again. */
  async submit(run: DagRun): Promise<void> {
    for (let next = this.#chosen[0]; next; next = this.#chosen[0]) {
      await this.#submitOne(run, next, next.attemptId);
      this.#chosen.shift();
      this.#parts.context.attempts.giveSlot();
    }
  }

  async #submitOne(run: DagRun, { node, mapIndex }: ReadyInstance, attemptId: string): Promise<void> {
    const { context, version, table, results, attemptResults, argsOf, handle } = this.#parts;
    const instance = table.get(node, mapIndex);
    const config = attemptResults.willStore(instance) ? node.task.cache : null;
    const parts = {
      run,
      version,
      node,
      instance,
      attemptId,
      args: argsOf(node, mapIndex),
      declaredContext: config?.includeInputs ?? null,
      declaredEnv: config?.env ?? null,
    };
    try {
      context.attempts.submit(await buildAttempt(parts, results), handle);
    } catch (error) {
      if (!(error instanceof MemodagError)) throw error;
      const failure = { code: error.code, message: error.message };
      const outcome = { kind: "failed" as const, error: failure, durationMs: 0, retryable: false };
      handle({ kind: "finished", attemptId, outcome });
    }
  }

  #giveSlotsBack(): void {
    for (const _ of this.#chosen.splice(0)) this.#parts.context.attempts.giveSlot();
  }
}
