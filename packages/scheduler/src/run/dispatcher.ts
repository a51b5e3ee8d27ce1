// The attempts of one run: which instances wait for a slot, which attempts are under way.

import type { ActiveLimits, DagRun, ExecutorEvent, StoredError, TaskInstance } from "@memodag/core";
import { fitInto, type LimitClaim, type TakeResult } from "../limit-book.ts";
import { AttemptMaker, type AttemptMakerParts } from "./attempt-maker.ts";
import type { ReadyInstance } from "./ready-instance.ts";
import { WaitingLines } from "./waiting-lines.ts";

/** What a {@link Dispatcher} works with. */
export interface DispatcherParts extends AttemptMakerParts {
  /** The run that they are of. */
  readonly run: Pick<DagRun, "team" | "dagId" | "runId">;
  /** Hears of every attempt of the run. */
  readonly handle: (event: ExecutorEvent) => void;
}

interface ChosenAttempt extends ReadyInstance {
  readonly attemptId: string;
  /** The row as it was, for an attempt that has to wait after all. */
  readonly before: TaskInstance;
}

/** Chooses attempts before a pass is written and submits them after: never one that is not recorded. */
export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #run: DispatcherParts["run"];
  readonly #maker: AttemptMaker;
  readonly #underWay = new Map<string, ReadyInstance>();
  readonly #waiting = new WaitingLines();
  /** Instances with an earlier attempt whose process is still being ended. */
  #held: ReadyInstance[] = [];
  #chosen: ChosenAttempt[] = [];
  /** What settled attempts took, until the database knows that they are settled. */
  #settled: LimitClaim[] = [];
  #isGivenUp = false;

  constructor(parts: DispatcherParts) {
    const { team, dagId, runId } = parts.run;
    this.#run = { team, dagId, runId };
    this.#parts = parts;
    this.#maker = new AttemptMaker(parts);
  }

  /** True when instances wait for nothing but a free slot. */
  get wantsSlots(): boolean {
    return this.#waiting.size > 0 || this.#held.length > 0;
  }

  /** True when attempts are under way, or wait for a slot. */
  get isBusy(): boolean {
    return this.#underWay.size > 0 || this.wantsSlots;
  }

  /** True when attempts are recorded, or about to be, and not submitted yet. */
  get wantsToSubmit(): boolean {
    return this.#chosen.length > 0;
  }

  /** An instance may be dispatched as soon as there is a slot. */
  enqueue(instance: ReadyInstance): void {
    this.#waiting.add(instance);
  }

  /** Takes an attempt that this process runs already, for an earlier execution of the run. */
  adopt(attemptId: string, instance: ReadyInstance): void {
    const { attempts, limits } = this.#parts.context;
    this.#underWay.set(attemptId, instance);
    limits.take(this.#claimOf(instance));
    attempts.listen(attemptId, this.#parts.handle);
  }

  /** The instance of an attempt, as long as its result is waited for. */
  instanceOf(attemptId: string): ReadyInstance | undefined {
    return this.#underWay.get(attemptId);
  }

  /** Ends an attempt whose instance there is no longer. */
  abandon(attemptId: string): void {
    this.#parts.context.attempts.cancel(attemptId, {
      code: "attempt_lost",
      message: "its instance is not wanted any more: an upstream task was cleared",
    });
    this.settle(attemptId);
  }

  /** Nobody waits for this attempt any more. */
  settle(attemptId: string): void {
    const instance = this.#underWay.get(attemptId);
    if (!instance) return;
    this.#underWay.delete(attemptId);
    this.#settled.push(this.#claimOf(instance));
  }

  /** Others may take what settled attempts took; call once the pass that settled them is written. */
  giveRoom(): void {
    this.#parts.context.limits.give(this.#settled.splice(0));
  }

  /** Ends every attempt of the run. */
  cancelAll(error: StoredError): void {
    this.#giveUp();
    for (const attemptId of this.#underWay.keys()) this.#parts.context.attempts.cancel(attemptId, error);
  }

  /** Leaves the attempts to run on, for the execution that takes over from this one. */
  forgetAll(): void {
    this.#giveUp();
    this.#parts.context.attempts.forget(this.#underWay.keys());
  }

  /** Gives the slots there are to what waits, heaviest first; the rest waits on. */
  choose(): void {
    const { attempts } = this.#parts.context;
    const closed = new Set<string>();
    for (const instance of this.#held.splice(0)) this.enqueue(instance);
    while (attempts.hasSlot()) {
      const instance = this.#waiting.next(closed);
      if (!instance) return;
      const { taskId, pool } = instance.node.task;
      if (attempts.isRunning({ ...this.#run, taskId, mapIndex: instance.mapIndex })) {
        this.#waiting.leave(pool);
        this.#held.push(instance);
        continue;
      }
      const answer = this.#tryTakeRoom(instance);
      if (answer === "dag_full") return;
      // What comes after in the same pool waits its turn, even where it would take less.
      if (answer === "pool_full") closed.add(pool);
      else {
        this.#waiting.leave(pool);
        attempts.takeSlot();
        this.#choose(instance);
      }
    }
  }

  /** The database had room for less than was chosen: what does not fit waits on. */
  retreat(free: ActiveLimits): void {
    const { context, table } = this.#parts;
    const claims = this.#chosen.map((instance) => this.#claimOf(instance));
    context.limits.learn(claims, free);
    const fits = fitInto(free, claims);
    const kept: ChosenAttempt[] = [];
    const given: LimitClaim[] = [];
    for (const [index, chosen] of this.#chosen.entries()) {
      if (fits[index]) {
        kept.push(chosen);
        continue;
      }
      const { node, mapIndex, attemptId, before } = chosen;
      table.change(node, mapIndex, before);
      this.#underWay.delete(attemptId);
      this.enqueue({ node, mapIndex });
      context.attempts.giveSlot();
      given.push(this.#claimOf(chosen));
    }
    this.#chosen = kept;
    context.limits.give(given);
  }

  /**
   * Submits what was chosen; call once it is written. After a fault, and when it was not sure of the lease
   * any more, call again.
   */
  async submit(run: DagRun): Promise<void> {
    const { attempts, areLeasesSure } = this.#parts.context;
    for (let next = this.#chosen[0]; next; next = this.#chosen[0]) {
      const attempt = await this.#maker.make(run, next, next.attemptId);
      // While it was built, the run may have been given up, with all that was chosen.
      if (this.#isGivenUp || !areLeasesSure()) return;
      this.#chosen.shift();
      if ("kind" in attempt) {
        this.#parts.handle(attempt);
        attempts.giveSlot();
      } else attempts.submit(attempt, this.#parts.handle);
    }
  }

  #tryTakeRoom(instance: ReadyInstance): TakeResult {
    const claim = this.#claimOf(instance);
    // What this pass settles makes room for what it dispatches: both are written together.
    const same = this.#settled.findIndex(({ pool, slots }) => pool === claim.pool && slots === claim.slots);
    if (same < 0) return this.#parts.context.limits.tryTake(claim);
    this.#settled.splice(same, 1);
    return "taken";
  }

  #choose(instance: ReadyInstance): void {
    const { context, table } = this.#parts;
    const { node, mapIndex } = instance;
    const attemptId = context.newAttemptId();
    const before = table.get(node, mapIndex);
    table.change(node, mapIndex, {
      state: "queued",
      // A sensor that asks again goes on with the try that it began.
      tryNumber: before.waitingSince === null ? before.tryNumber + 1 : before.tryNumber,
      attemptId,
      startedAt: null,
      endedAt: null,
      durationMs: null,
    });
    this.#underWay.set(attemptId, instance);
    this.#chosen.push({ node, mapIndex, attemptId, before });
  }

  #claimOf({ node }: ReadyInstance): LimitClaim {
    const { context, version } = this.#parts;
    const { pool, poolSlots } = node.task;
    return {
      dag: `${version.team}/${version.dag.dagId}`,
      maxActiveTasks: version.dag.maxActiveTasks,
      pool,
      slots: Math.min(poolSlots, context.limits.poolSlots.get(pool) ?? poolSlots),
    };
  }

  /** Whoever goes on with the run decides anew about what is not submitted. */
  #giveUp(): void {
    if (this.#isGivenUp) return;
    this.#isGivenUp = true;
    const { attempts, limits } = this.#parts.context;
    for (const _ of this.#chosen.splice(0)) attempts.giveSlot();
    limits.give(Array.from(this.#underWay.values(), (instance) => this.#claimOf(instance)));
    this.giveRoom();
  }
}
