// The transactions of one run: stages the results of their tasks, decides how they end, and stores what was staged.

import { messageOf, type SerializedTransaction, type StagedMember } from "@memodag/core";
import type { RecordFence, StagedEntry } from "@memodag/result-cache";
import { switchedOff } from "../../cache/cache-intent.ts";
import { fixedExpiry, validForMs } from "../../cache/result-validity.ts";
import { bodyOf, type StagedBody } from "./staged-body.ts";
import { putMode, statusAfterStore, storeFailed } from "../../cache/store-status.ts";
import { transactionCallbacks, type InstanceView } from "../../callbacks/transaction-callbacks.ts";
import type { RunContext } from "../../context/run-context.ts";
import type { ReadyInstance } from "../../graph/ready-instance.ts";
import type { TransactionUnit } from "../../graph/transaction-units.ts";
import { judgeUnit, type UnitView } from "../phases/judge-unit.ts";
import type { CommittedEvent, EndedMember, RunState, StoredEvent } from "../state/run-state.ts";
import { prepareRecord, recordedEntries, type KeyConfirmation } from "./prepare-record.ts";
import type { HeldLocks } from "./held-locks.ts";

/** How long results are tried to be stored, in milliseconds. */
const LONGEST_COMMIT_MS = 86_400_000;

type StagedRecord = Extract<StagedBody, { kind: "record" }>;

/** A staged member, and what is to be stored of it. */
interface Staged extends ReadyInstance {
  readonly member: StagedMember;
  readonly body: StagedRecord;
}

/** The parts of an execution that transactions use. */
export interface TransactionUse {
  readonly locks: Pick<HeldLocks, "release" | "fenceOf">;
  readonly keyQuestions: KeyConfirmation;
}

/** The transactions of one run. */
export class Transactions {
  readonly #context: RunContext;
  readonly #state: RunState;
  readonly #locks: TransactionUse["locks"];
  readonly #keyQuestions: KeyConfirmation;
  /** Ids of units whose results are being stored. */
  readonly #storing = new Map<string, Promise<void>>();
  /** Ids of units whose results could not be stored: they are left to a later execution, or to a sweep. */
  readonly #failed = new Set<string>();

  constructor(context: RunContext, state: RunState, { locks, keyQuestions }: TransactionUse) {
    this.#context = context;
    this.#state = state;
    this.#locks = locks;
    this.#keyQuestions = keyQuestions;
  }

  /** Units that are decided, and of which results are yet to be stored. */
  get size(): number {
    const { units, transactions } = this.#state;
    const isOpen = (unit: TransactionUnit) =>
      transactions.stateOf(unit).state === "committing" && !this.#failed.has(unit.id);
    return units.list.filter(isOpen).length;
  }

  /** Resolves when the stores in progress have ended; each has a deadline. */
  async whenStored(): Promise<void> {
    await Promise.all(this.#storing.values());
  }

  /** Takes over what was loaded. A unit that had ended is open again once instances of it were cleared. */
  load(): void {
    const { units, transactions, table } = this.#state;
    transactions.index((member) => {
      const body = bodyOf(member);
      return body?.kind === "record" ? body.record.key : undefined;
    });
    for (const unit of units.list) {
      if (transactions.stateOf(unit).state === "open") continue;
      const isOpen = unit.nodes.some((node) => table.endedOf(node).length === 0);
      if (isOpen) transactions.decide(unit, "open", null, null);
    }
  }

  /** Stages the members that have ended, before the pass that writes their ends. */
  async stage(): Promise<void> {
    const ended = this.#state.endedMembers.splice(0);
    const bodies = await Promise.all(ended.map((member) => this.#prepare(member)));
    for (const [index, { unit, job, node, mapIndex }] of ended.entries()) {
      if (unit.isEager && job) this.#state.storeJobs.push(job);
      const body = bodies[index];
      const instance = { taskId: node.task.taskId, mapIndex };
      this.#state.transactions.stage(unit, instance, body ? JSON.stringify(body) : null, body?.record.key);
    }
  }

  /** Decides the units whose tasks have all ended. */
  async judge(): Promise<void> {
    const { units, transactions } = this.#state;
    for (const unit of units.list) {
      if (transactions.stateOf(unit).state !== "open") continue;
      const outcome = await judgeUnit(unit, this.#view);
      if (outcome.kind === "rolled_back") await this.#rollBack(unit, outcome.reason);
      if (outcome.kind === "committed") this.#commit(unit, outcome.isWhole);
    }
  }

  /** Starts to store the results of units whose commit is written. */
  start(): void {
    const { units, transactions } = this.#state;
    for (const unit of units.list) {
      const isDue = transactions.stateOf(unit).state === "committing" && !this.#failed.has(unit.id);
      if (!isDue || this.#storing.has(unit.id)) continue;
      const storing = this.#store(unit).then((stored) => {
        this.#storing.delete(unit.id);
        this.#state.inbox.put({ kind: "committed", unit, stored });
      });
      this.#storing.set(unit.id, storing);
    }
  }

  /** The results of a unit were stored, or could not be. */
  take({ unit, stored }: CommittedEvent): void {
    if (this.#state.transactions.stateOf(unit).state !== "committing") return;
    if (!stored) {
      this.#failed.add(unit.id);
      return;
    }
    const { table } = this.#state;
    for (const { node, mapIndex, cacheStatus, cacheReason } of stored)
      if (table.find(node, mapIndex)) table.change(node, mapIndex, { cacheStatus, cacheReason });
    this.#end(unit, "committed", null);
  }

  /**
   * Settles what a run has left that ended otherwise than in a pass of its holder: it was cancelled, or results could not
   * be stored.
   */
  async settleEnded(): Promise<void> {
    const { units, transactions } = this.#state;
    for (const unit of units.list) {
      if (transactions.membersOf(unit).length === 0) continue;
      const { state, decidedAt } = transactions.stateOf(unit);
      if (state !== "committing") {
        await this.#rollBack(unit, "its run was cancelled");
        continue;
      }
      const stored = await this.#store(unit);
      const isGivenUp = this.#context.clock.now() - (decidedAt ?? 0) > LONGEST_COMMIT_MS;
      if (stored || isGivenUp)
        this.take({ kind: "committed", unit, stored: stored ?? this.#notStored(unit) });
    }
  }

  #notStored(unit: TransactionUnit): StoredEvent[] {
    const cacheReason = storeFailed("the cache could not store it for a day");
    return this.#stagedOf(unit).map((one) => storedEvent(one, { cacheStatus: "put_failure", cacheReason }));
  }

  /** Returns the staged record of an ended member; undefined if it must not be stored, which its row then says. */
  async #prepare({ node, mapIndex, job, unit }: EndedMember): Promise<StagedRecord | undefined> {
    if (!job || unit.isEager) return undefined;
    const { table, keys } = this.#state;
    const { row, xcoms, code, error } = job;
    let prepared;
    try {
      prepared = await prepareRecord(this.#context, this.#state, this.#keyQuestions, job);
    } catch (fault) {
      const cacheReason = storeFailed(messageOf(fault));
      table.change(node, mapIndex, { cacheStatus: "put_failure", cacheReason });
      this.#locks.release({ node, mapIndex });
      return undefined;
    } finally {
      keys.delete(node, mapIndex);
    }
    if (prepared.kind === "input_changed") {
      table.change(node, mapIndex, statusAfterStore(row, error, prepared));
      this.#locks.release({ node, mapIndex });
      return undefined;
    }
    const { cacheStatus, cacheReason } = row;
    const endedAt = row.endedAt ?? this.#context.clock.now();
    const { timezone } = this.#state.version.dag;
    const expiries = { expires: node.task.cache?.expires, timezone, expiresAt: code.expiresAt };
    const validMs = validForMs(expiries, endedAt);
    const expiresAt = fixedExpiry(expiries, endedAt);
    const staged = { code: "in_transaction", detail: { transaction: unit.id } } as const;
    table.change(node, mapIndex, { cacheStatus: "staged", cacheReason: staged });
    return {
      kind: "record",
      mode: putMode(row, error),
      asked: { cacheStatus, cacheReason },
      record: prepared.record,
      xcoms: xcoms.map(({ key, digest, bytes, store }) => ({ key, digest, store, sizeBytes: bytes.length })),
      endedAt,
      ...(validMs !== undefined && { validForMs: validMs }),
      ...(expiresAt !== undefined && { expiresAt }),
    };
  }

  #commit(unit: TransactionUnit, isWhole: boolean): void {
    const staged = this.#stagedOf(unit);
    if (isWhole && staged.length > 0) {
      this.#state.transactions.decide(unit, "committing", null, this.#context.clock.now());
      return;
    }
    for (const { node, mapIndex } of staged)
      this.#state.table.change(node, mapIndex, {
        cacheStatus: "uncacheable",
        cacheReason: { code: "state_set" },
      });
    this.#end(unit, "committed", null);
  }

  async #rollBack(unit: TransactionUnit, reason: string): Promise<void> {
    if (unit.isEager) {
      for (const member of this.#state.transactions.membersOf(unit)) this.#state.transactions.unstage(member);
      this.#state.transactions.decide(unit, "rolled_back", reason, this.#context.clock.now());
      return;
    }
    await this.#forgetReplaced(unit);
    const { table, transactions, results } = this.#state;
    for (const { taskId, mapIndex } of transactions.membersOf(unit)) {
      const node = results.nodeOf(taskId);
      if (!table.find(node, mapIndex)) continue;
      const detail = { transaction: unit.id, what: reason };
      table.change(node, mapIndex, {
        cacheStatus: "rolled_back",
        cacheReason: { code: "rolled_back", detail },
      });
    }
    this.#end(unit, "rolled_back", reason);
  }

  /** Its callbacks are due, and its members are settled. */
  #end(unit: TransactionUnit, state: "committed" | "rolled_back", reason: string | null): void {
    const { transactions, results } = this.#state;
    const members = transactions.membersOf(unit);
    const ran = members.filter((member) => bodyOf(member)?.kind !== "own");
    const event = state === "committed" ? "commit" : "rollback";
    if (this.#context.callbacks) {
      const ended = { unit, event, reason, ran } as const;
      const owed = transactionCallbacks(ended, this.#instances, this.#context.newAttemptId);
      for (const callback of owed) this.#state.owed.push(callback);
    }
    for (const member of members) {
      this.#locks.release({ node: results.nodeOf(member.taskId), mapIndex: member.mapIndex });
      transactions.unstage(member);
    }
    transactions.decide(unit, state, reason, this.#context.clock.now());
  }

  /** Callbacks may undo what records refer to that the rolled back results were to replace. */
  async #forgetReplaced(unit: TransactionUnit): Promise<void> {
    const { run, results } = this.#state;
    const undoesAll = unit.transactions.some(({ callbacks }) => callbacks?.includes("rollback"));
    const replaced = this.#stagedOf(unit).filter(({ body, member }) => {
      const { callbacks } = results.nodeOf(member.taskId).task;
      return body.mode === "replace" && (undoesAll || callbacks?.includes("rollback"));
    });
    const byTask = Map.groupBy(replaced, ({ node }) => node.task);
    for (const [{ cache }, ofTask] of byTask)
      await this.#context.caches.of(run.team, cache).forget(
        run.team,
        ofTask.map(({ body }) => body.record.key),
        "rolled_back",
      );
  }

  /** Stores what is staged; undefined when that failed. Never rejects. */
  async #store(unit: TransactionUnit): Promise<readonly StoredEvent[] | undefined> {
    const { cachingOffReason, caches, xcomValues } = this.#context;
    const { run } = this.#state;
    const staged = this.#stagedOf(unit);
    const stored: StoredEvent[] = [];
    const offReason = cachingOffReason();
    if (offReason !== null) {
      const status = { cacheStatus: "disabled", cacheReason: switchedOff(offReason) } as const;
      return staged.map(({ node, mapIndex }) => ({ kind: "stored", node, mapIndex, ...status }));
    }
    // Without the strict lock of one, none is stored.
    const fences = await this.#fencesOf(staged);
    if (!fences) {
      return staged.map((one) =>
        storedEvent(one, statusAfterStore(one.body.asked, null, { kind: "lease_lost" })),
      );
    }
    const byCache = Map.groupBy(staged, ({ node }) => caches.of(run.team, node.task.cache));
    for (const [cache, ofCache] of byCache) {
      const due: { readonly one: Staged; readonly entry: StagedEntry }[] = [];
      // Where records become visible one after the other, none does before those that depend on it.
      for (const one of ofCache.toSorted((a, b) => b.node.index - a.node.index)) {
        const entry = this.#entryOf(one, fences.get(one));
        if (entry) due.push({ one, entry });
        else
          stored.push(
            storedEvent(one, { cacheStatus: "uncacheable", cacheReason: { code: "already_expired" } }),
          );
      }
      const outcome = await cache.storeAll(
        due.map(({ entry }) => entry),
        async (refs) => xcomValues.read(run.team, refs),
      );
      if (outcome.kind === "failed") return undefined;
      for (const [index, { one }] of due.entries()) {
        const result = outcome.outcomes[index];
        if (!result) throw new Error("a staged result has no outcome");
        stored.push(storedEvent(one, statusAfterStore(one.body.asked, null, result)));
      }
    }
    return stored;
  }

  /** The strict locks of members, which are confirmed; undefined if one is not held any more. */
  async #fencesOf(staged: readonly Staged[]): Promise<ReadonlyMap<Staged, RecordFence> | undefined> {
    const fences = new Map<Staged, RecordFence>();
    for (const one of staged) {
      const fence = await this.#locks.fenceOf(one);
      if (fence === null || (fence && !(await fence.confirm()))) return undefined;
      if (fence) fences.set(one, fence);
    }
    return fences;
  }

  /** The record to store; undefined if it has expired. */
  #entryOf({ node, member, body }: Staged, lease: RecordFence | undefined): StagedEntry | undefined {
    const { timezone } = this.#state.version.dag;
    const expiries = { expires: node.task.cache?.expires, timezone, expiresAt: body.expiresAt };
    const validMs = validForMs(expiries, this.#context.clock.now());
    if (validMs !== undefined && validMs <= 0) return undefined;
    const record = {
      ...body.record,
      ...(validMs !== undefined && { validForMs: validMs }),
      ...recordedEntries(this.#context, member.saved),
    };
    return { record, xcoms: body.xcoms, mode: body.mode, ...(lease && { lease }) };
  }

  #stagedOf(unit: TransactionUnit): Staged[] {
    return this.#state.transactions.membersOf(unit).flatMap((member): Staged[] => {
      const body = bodyOf(member);
      if (body?.kind !== "record") return [];
      return [{ node: this.#state.results.nodeOf(member.taskId), mapIndex: member.mapIndex, member, body }];
    });
  }

  get #view(): UnitView {
    const { work, table, results } = this.#state;
    return {
      isDone: (node) => work.isDone(node),
      hasFailed: (node) => work.hasFailed(node),
      rowsOf: (node) => table.listOf(node),
      hasValue: (node, mapIndex) => results.findReturned(node, mapIndex) !== undefined,
      answerOf: async ({ commit }: SerializedTransaction) => {
        if (typeof commit === "string") return commit;
        const node = results.nodeOf(commit.taskId);
        if (results.returnedBy(node) === undefined) return "nothing";
        const value = await results.decidingValue(node, commit.path);
        return value.kind === "scalar" ? value.json : value.found;
      },
    };
  }

  get #instances(): InstanceView {
    const { units, table, results } = this.#state;
    return {
      units,
      nodeOf: (taskId) => results.nodeOf(taskId),
      find: (node, mapIndex) => table.find(node, mapIndex),
      rowsOf: (node) => table.listOf(node),
      returnedBy: (node, mapIndex) => results.findReturned(node, mapIndex),
    };
  }
}

function storedEvent(
  { node, mapIndex }: ReadyInstance,
  status: Pick<StoredEvent, "cacheStatus" | "cacheReason">,
): StoredEvent {
  return { kind: "stored", node, mapIndex, ...status };
}
