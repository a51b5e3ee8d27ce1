// The attempts of one run: waiting for a slot, chosen, and submitted.

import {
  storedError,
  isOwnFault,
  MemodagError,
  queueOf,
  type ActiveLimits,
  type Attempt,
  type ExecutorEvent,
  type KeyedSurroundings,
  type SerializedTask,
  type StoredError,
} from "@memodag/core";
import { buildAttempt } from "../../attempts/attempt-builder.ts";
import type { LimitClaim, TakeResult } from "../../attempts/limit-ledger.ts";
import { WaitingLines } from "../../attempts/waiting-lines.ts";
import { isMeantForCache } from "../../cache/store-status.ts";
import type { RunContext } from "../../context/run-context.ts";
import type { ReadyInstance } from "../../graph/ready-instance.ts";
import type { GroupKeys } from "./group-keys.ts";
import type { HeldLocks } from "./held-locks.ts";
import { choose, queuedChange, retreat, type ChosenAttempt, type Room } from "../phases/choose.ts";
import type { RunState } from "../state/run-state.ts";

/**
 * Chooses attempts before a pass is written and submits them after it, so that no unrecorded attempt is
 * submitted.
 */
export class Dispatcher {
  readonly #context: RunContext;
  readonly #state: RunState;
  readonly #waiting: WaitingLines;
  readonly #room: Room;
  readonly #groupKeys: Pick<GroupKeys, "surroundingsOf">;
  /** Instances whose earlier attempt still has a process that is being ended. */
  #held: readonly ReadyInstance[] = [];
  #chosen: ChosenAttempt[] = [];
  /** Capacity of settled attempts, held until the database has recorded that they are settled. */
  #settled: LimitClaim[] = [];
  #isGivenUp = false;

  constructor(
    context: RunContext,
    state: RunState,
    {
      locks,
      groupKeys,
    }: {
      readonly locks: Pick<HeldLocks, "takeLost">;
      readonly groupKeys: Pick<GroupKeys, "surroundingsOf">;
    },
  ) {
    this.#groupKeys = groupKeys;
    this.#context = context;
    this.#state = state;
    this.#waiting = new WaitingLines(state.paths);
    const { attempts } = context;
    const { team, dagId, runId } = state.run;
    this.#room = {
      hasSlot: (queue) => attempts.hasSlot(queue),
      isRunning: ({ node, mapIndex }) =>
        attempts.isRunning({ team, dagId, runId, taskId: node.task.taskId, mapIndex }),
      hasLostLock: (instance) => locks.takeLost(instance),
      tryTake: (instance) => this.#tryTake(instance),
    };
  }

  /** True when instances wait only for a free slot. */
  get wantsSlots(): boolean {
    return this.#waiting.size > 0 || this.#held.length > 0;
  }

  /** True when attempts are recorded, or about to be, and not yet submitted. */
  get wantsToSubmit(): boolean {
    return this.#chosen.length > 0;
  }

  /** Queues an instance for the next free slot. */
  enqueue(instance: ReadyInstance): void {
    this.#waiting.add(instance);
  }

  /** Takes over an attempt that this process already runs, from an earlier execution of the run. */
  adopt(attemptId: string, instance: ReadyInstance): void {
    const { attempts, limits } = this.#context;
    this.#state.underWay.set(attemptId, instance);
    limits.take(this.#claimOf(instance));
    attempts.listen(attemptId, (event) => this.#state.hear(event));
  }

  /** Ends an attempt whose instance no longer exists. */
  abandon(attemptId: string): void {
    this.#context.attempts.cancel(attemptId, {
      code: "attempt_lost",
      message: "cancelled: an upstream task was cleared",
    });
    this.settle(attemptId);
  }

  /** Stops waiting for this attempt. */
  settle(attemptId: string): void {
    const instance = this.#state.underWay.get(attemptId);
    if (!instance) return;
    this.#state.underWay.delete(attemptId);
    this.#settled.push(this.#claimOf(instance));
  }

  /** Releases the capacity of settled attempts; call once the pass that settled them is written. */
  giveRoom(): void {
    this.#context.limits.release(this.#settled.splice(0));
  }

  /** Ends every attempt of the run. */
  cancelAll(error: StoredError): void {
    this.#giveUp();
    for (const attemptId of this.#state.underWay.keys()) this.#context.attempts.cancel(attemptId, error);
  }

  /** Leaves the attempts running, for the execution that replaces this one. */
  forgetAll(): void {
    this.#giveUp();
    this.#context.attempts.forget(this.#state.underWay.keys());
  }

  /** Assigns the free slots to waiting instances. Returns those that have to ask for the lock of their key again. */
  choose(): readonly ReadyInstance[] {
    for (const instance of this.#held) this.enqueue(instance);
    const { chosen, held, unlocked } = choose(this.#waiting, this.#room);
    this.#held = held;
    const { table, underWay } = this.#state;
    for (const { node, mapIndex } of chosen) {
      const attemptId = this.#context.newAttemptId();
      const before = table.get(node, mapIndex);
      table.change(node, mapIndex, queuedChange(before, attemptId));
      underWay.set(attemptId, { node, mapIndex });
      this.#chosen.push({ node, mapIndex, attemptId, before });
    }
    return unlocked;
  }

  /** The database had less capacity than was chosen: what does not fit waits again. */
  retreat(free: ActiveLimits): void {
    const { limits, attempts } = this.#context;
    const claims = this.#chosen.map((instance) => this.#claimOf(instance));
    limits.observe(claims, free);
    const { kept, back } = retreat(this.#chosen, claims, free);
    for (const { node, mapIndex, attemptId, before } of back) {
      this.#state.table.change(node, mapIndex, before);
      this.#state.underWay.delete(attemptId);
      this.enqueue({ node, mapIndex });
      attempts.releaseSlot(queueOf(node.task));
    }
    this.#chosen = kept;
    limits.release(back.map((instance) => this.#claimOf(instance)));
  }

  /**
   * Submits what was chosen; call once it is written. Call again after a failure, or after the lease was in
   * doubt.
   */
  submit(): void {
    const { attempts, areLeasesSure } = this.#context;
    const { inbox } = this.#state;
    for (let next = this.#chosen[0]; next; next = this.#chosen[0]) {
      const attempt = this.#make(next);
      // While the pass was written, the run may have been released with everything that was chosen.
      if (this.#isGivenUp || !areLeasesSure()) return;
      this.#chosen.shift();
      if ("kind" in attempt) {
        inbox.put(attempt);
        attempts.releaseSlot(queueOf(next.node.task));
      } else attempts.submit(attempt, (event) => this.#state.hear(event));
    }
  }

  /** The attempt, or its end if it cannot be built for a reason that the user has to fix. */
  #make({ node, mapIndex, attemptId }: ChosenAttempt): Attempt | ExecutorEvent {
    const { attempts, clock, limits, surroundings } = this.#context;
    const { run, version, table, results, work } = this.#state;
    const instance = table.get(node, mapIndex);
    const config = isMeantForCache(instance) ? node.task.cache : null;
    const parts = {
      run,
      version,
      node,
      instance,
      attemptId,
      args: work.argsOf(node, mapIndex),
      declaredContext: config?.includeInputs ?? null,
      isShared: config?.share !== undefined,
      declaredEnv: config?.env ?? null,
      declaredFiles: config?.files,
      entries: config?.reads && this.#state.keys.get(node, mapIndex)?.entries,
      trust: config?.trust,
      runtime: config && runsCode(node.task) ? surroundings.runtime : undefined,
      keyed: config && attempts.areRemote ? this.#keyed({ node, mapIndex }) : undefined,
      now: clock.now(),
    };
    try {
      requirePool(limits.poolSlots, node.task);
      return buildAttempt(parts, results);
    } catch (error) {
      if (!isOwnFault(error)) throw error;
      const outcome = { kind: "failed" as const, error: storedError(error), durationMs: 0, retryable: false };
      return { kind: "finished", attemptId, outcome };
    }
  }

  /** Without the key at hand, no machine can match: the result is not stored. */
  #keyed({ node, mapIndex }: ReadyInstance): KeyedSurroundings {
    const { keys, version } = this.#state;
    const known = keys.get(node, mapIndex)?.surroundings ?? this.#groupKeys.surroundingsOf(node);
    const { runtime = {}, files = null } = known ?? {};
    const { installed: packages = { sealed: [], named: [] } } = version.dag;
    return { task: node.task, packages, runtime, files: files && files.digests };
  }

  #tryTake(instance: ReadyInstance): TakeResult {
    const claim = this.#claimOf(instance);
    // Capacity that this pass settles is available to what it dispatches: both are written together.
    const same = this.#settled.findIndex(({ pool, slots }) => pool === claim.pool && slots === claim.slots);
    const answer = same < 0 ? this.#context.limits.tryTake(claim) : "taken";
    if (same >= 0) this.#settled.splice(same, 1);
    if (answer === "taken") this.#context.attempts.reserveSlot(queueOf(instance.node.task));
    return answer;
  }

  #claimOf({ node }: ReadyInstance): LimitClaim {
    const { limits } = this.#context;
    const { version } = this.#state;
    const { pool, poolSlots } = node.task;
    return {
      dag: `${version.team}/${version.dag.dagId}`,
      maxActiveTasks: version.dag.maxActiveTasks,
      pool,
      slots: Math.min(poolSlots, limits.poolSlots.get(pool) ?? poolSlots),
    };
  }

  /** The next holder of the run decides again about what is not submitted. */
  #giveUp(): void {
    if (this.#isGivenUp) return;
    this.#isGivenUp = true;
    const { attempts, limits } = this.#context;
    for (const { node } of this.#chosen.splice(0)) attempts.releaseSlot(queueOf(node.task));
    limits.release(Array.from(this.#state.underWay.values(), (instance) => this.#claimOf(instance)));
    this.giveRoom();
  }
}

function requirePool(poolSlots: ReadonlyMap<string, number>, { taskId, pool }: SerializedTask): void {
  if (poolSlots.has(pool)) return;
  throw new MemodagError(
    "pool_not_found",
    `Task "${taskId}" uses pool "${pool}", which is not configured for this scheduler: ` +
      `add a [[pools]] entry with name = "${pool}", or use one of ${[...poolSlots.keys()].join(", ")}`,
    { fields: { taskId, pool } },
  );
}

/** True if code of the Dag file runs: a handler, or the validator of a command's result. */
function runsCode({ command }: SerializedTask): boolean {
  return command === undefined || command.checksResult === true;
}
