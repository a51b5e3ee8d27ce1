// The locks of one run's serializable transactions: taken before the first of their tasks is looked up, kept until the
// transaction has ended. Other runs wait meanwhile, and take no slot.
//
// Nested transactions take theirs from outside in. A lock that was lost and is taken again is taken before those within:
// two runs never wait for each other.

import {
  canonicalJson,
  isSameReason,
  isStrictLock,
  sha256,
  type CancelTimer,
  type Clock,
  type Digest,
  type SerializedTransaction,
  type StoredError,
} from "@memodag/core";
import type { CacheLeases, KeyLease } from "@memodag/result-cache";
import { attemptContext } from "../../attempts/attempt-builder.ts";
import { failedInstance, type AnsweredInstance } from "../../cache/cache-answer.ts";
import { contextDigests } from "../../cache/cache-intent.ts";
import { decideWait } from "../../cache/lock-wait.ts";
import type { RunContext } from "../../context/run-context.ts";
import type { DagNode } from "../../graph/dag-graph.ts";
import type { ReadyInstance } from "../../graph/ready-instance.ts";
import type { TransactionUnit } from "../../graph/transaction-units.ts";
import type { RunState } from "../state/run-state.ts";
import { reasonBefore } from "./rollback-gate.ts";

/** Milliseconds between two requests for a lock that another run holds. */
const POLL_MS = 500;

/** A transaction with a lock. */
type Serializable = SerializedTransaction & Required<Pick<SerializedTransaction, "isolation">>;

interface Held {
  readonly leases: CacheLeases;
  readonly lease: KeyLease;
  /** False while callbacks of a rollback in another run would undo what this one does. */
  isEntered: boolean;
}

interface Entry {
  readonly transaction: Serializable;
  readonly unit: TransactionUnit;
  held?: Held | undefined;
  /** A strict lock was not held all the time: what was made meanwhile is not stored. */
  wasLost?: boolean;
  /** The lock is not held, and its tasks run without it. */
  isWaived?: boolean;
  error?: StoredError;
  /** A request is under way. */
  isAsking?: boolean;
  /** Cancels the next request. */
  cancelNext?: CancelTimer | undefined;
  readonly onFreed: () => void;
  /** When it began to wait, by the monotonic clock. */
  since?: number;
  /** The holder or the store that it waits for. */
  what: string;
}

/** Takes the locks of transactions, and holds back the instances that wait for them. */
export class EntryLocks {
  readonly #context: RunContext;
  readonly #clock: Clock;
  readonly #state: RunState;
  /** By id; those around others first. */
  readonly #entries = new Map<string, Entry>();
  readonly #waiting: ReadyInstance[] = [];
  #hasLeft = false;

  /** @param clock its timers end with the execution */
  constructor(context: RunContext, clock: Clock, state: RunState) {
    this.#context = context;
    this.#clock = clock;
    this.#state = state;
    for (const transaction of state.version.dag.transactions ?? []) {
      const unit = state.units.list.find(({ transactions }) => transactions.includes(transaction));
      if (!unit || !isSerializable(transaction) || !context.keyLocks) continue;
      const entry: Entry = { transaction, unit, what: "its lock", onFreed: () => this.#ask(entry) };
      this.#entries.set(transaction.transactionId, entry);
    }
  }

  /** Asks for the locks of transactions that an earlier execution of the run has entered. */
  load(): void {
    const { table, transactions } = this.#state;
    for (const entry of this.#entries.values()) {
      const isUnderWay = (node: DagNode) => table.listOf(node).some(({ attemptId }) => attemptId !== null);
      const isEntered =
        transactions.membersOf(entry.unit).length > 0 || entry.unit.nodes.some((node) => isUnderWay(node));
      if (this.#hasEnded(entry) || !isEntered) continue;
      // Another run may have been in it since the earlier execution lost hold of its lock.
      entry.wasLost = true;
      this.#ask(entry);
    }
  }

  /** Holds a ready instance until {@link release}; false if it need not wait. */
  tryHold({ node, mapIndex }: ReadyInstance): boolean {
    const entry = this.#missingOf(node);
    if (!entry) return false;
    this.#waiting.push({ node, mapIndex });
    this.#show({ node, mapIndex }, entry);
    if (entry.error) this.#state.inbox.wake();
    else this.#ask(entry);
    return true;
  }

  /** Returns the instances that wait no longer, each once: they may enter, or fail. */
  release(): { readonly free: ReadyInstance[]; readonly failed: AnsweredInstance[] } {
    const free: ReadyInstance[] = [];
    const failed: AnsweredInstance[] = [];
    for (const instance of this.#waiting.splice(0)) {
      const row = this.#state.table.find(instance.node, instance.mapIndex);
      if (row?.state !== "scheduled" || row.cacheReason?.code !== "waiting_for_lock") continue;
      const entry = this.#missingOf(instance.node);
      if (entry && !entry.error) {
        this.#waiting.push(instance);
        this.#show(instance, entry);
        if (!entry.cancelNext) this.#ask(entry);
        continue;
      }
      this.#state.table.change(instance.node, instance.mapIndex, reasonBefore(row.cacheStatus));
      if (entry?.error) failed.push(failedInstance(instance, entry.error, this.#context.clock.now()));
      else free.push(instance);
    }
    return { free, failed };
  }

  /** False if a strict lock of a unit that is being committed is not held any more: nothing of it must be stored. */
  async areSure(unit: TransactionUnit): Promise<boolean> {
    for (const entry of this.#entries.values()) {
      if (entry.unit.id !== unit.id || !isStrictLock(entry.transaction.isolation.lock)) continue;
      const { held, wasLost } = entry;
      if (wasLost || !held || !(await held.leases.fenceOf(held.lease).confirm())) return false;
    }
    return true;
  }

  /** Gives back the locks of transactions that have ended; call once that is written. */
  settle(): void {
    for (const entry of this.#entries.values()) if (this.#hasEnded(entry)) this.#giveBack(entry);
  }

  /** Gives all back: another execution holds the run. */
  leave(): void {
    this.#hasLeft = true;
    for (const entry of this.#entries.values()) this.#giveBack(entry);
  }

  /** The outermost transaction of a task that it may not enter yet. */
  #missingOf(node: DagNode): Entry | undefined {
    for (const entry of this.#entries.values())
      if (entry.transaction.taskIds.includes(node.task.taskId) && !entry.held?.isEntered && !entry.isWaived)
        return entry;
    return undefined;
  }

  #show({ node, mapIndex }: ReadyInstance, { transaction: { transactionId }, what }: Entry): void {
    const { table } = this.#state;
    const cacheReason = { code: "waiting_for_lock", detail: { transaction: transactionId, what } } as const;
    const row = table.find(node, mapIndex);
    if (row?.state === "scheduled" && isSameReason(row.cacheReason, cacheReason)) return;
    table.change(node, mapIndex, { state: "scheduled", cacheReason });
  }

  #ask(entry: Entry): void {
    if (entry.isAsking || entry.held?.isEntered || this.#hasLeft) return;
    entry.isAsking = true;
    entry.cancelNext?.();
    entry.cancelNext = undefined;
    void this.#acquire(entry).then(() => {
      entry.isAsking = false;
      if (this.#hasLeft) return;
      if (!entry.held?.isEntered && !entry.isWaived && !entry.error)
        entry.cancelNext = this.#clock.after(POLL_MS, () => this.#ask(entry));
      this.#state.inbox.wake();
    });
  }

  /** Never rejects. */
  async #acquire(entry: Entry): Promise<void> {
    const { team } = this.#state.run;
    const { lock } = entry.transaction.isolation;
    const leases = this.#context.keyLocks?.of(team, lock?.store);
    if (!leases) return;
    if (!entry.held) {
      this.#giveBackWithin(entry);
      const key = this.#keyOf(entry.transaction);
      const onLost = isStrictLock(lock) ? () => lose(entry) : undefined;
      const outcome = await leases.acquire(team, key, this.#holderOf(entry.transaction), onLost);
      if (outcome.kind === "acquired") {
        if (this.#hasLeft) return void leases.release(outcome.lease);
        entry.held = { leases, lease: outcome.lease, isEntered: false };
      } else {
        const now = this.#clock.monotonic();
        entry.since ??= now;
        const decision = decideWait(lock, outcome, now - entry.since);
        if (decision.kind === "wait") entry.what = decision.what;
        else if (decision.kind === "run") entry.isWaived = true;
        else entry.error = decision.error;
        if (outcome.kind === "held") leases.onceFreed(team, key, entry.onFreed);
      }
    }
    if (entry.held) await this.#enter(entry, entry.held);
  }

  /** The rollback of another run has ended when its callbacks have: they would undo what is done here. */
  async #enter(entry: Entry, held: Held): Promise<void> {
    const { id, team, dagId } = this.#state.run;
    try {
      held.isEntered = !(await this.#context.runs.isRollingBack({ team, dagId }, entry.unit.id, id));
      entry.what = "callbacks of a rollback in another run";
    } catch {
      // The database is away, which the next pass says.
    }
  }

  #giveBackWithin({ transaction }: Entry): void {
    for (const inner of this.#entries.values()) {
      if (!inner.held || !inner.transaction.transactionId.startsWith(`${transaction.transactionId}.`))
        continue;
      this.#giveBack(inner);
      inner.wasLost = true;
    }
  }

  #giveBack(entry: Entry): void {
    const { held } = entry;
    entry.held = undefined;
    delete entry.isWaived;
    delete entry.error;
    delete entry.since;
    delete entry.wasLost;
    entry.cancelNext?.();
    entry.cancelNext = undefined;
    if (held) void held.leases.release(held.lease);
  }

  #hasEnded({ unit }: Entry): boolean {
    const { state } = this.#state.transactions.stateOf(unit);
    return state === "committed" || state === "rolled_back";
  }

  #keyOf({ transactionId, isolation }: Serializable): Digest {
    const { run } = this.#state;
    const context = attemptContext(run, { taskId: "", mapIndex: -1, tryNumber: 0, maxTries: 0 }, "");
    const inputs = contextDigests(isolation.includeInputs ?? [], context);
    const parts = canonicalJson([run.team, run.dagId, transactionId, inputs]);
    return sha256(["memodag transaction lock v1", parts].join("\n"));
  }

  #holderOf({ transactionId }: Serializable): string {
    return `transaction ${transactionId} of run ${this.#state.run.runId}`;
  }
}

function lose(entry: Entry): void {
  entry.held = undefined;
  entry.wasLost = true;
}

function isSerializable(transaction: SerializedTransaction): transaction is Serializable {
  return transaction.isolation !== undefined;
}
