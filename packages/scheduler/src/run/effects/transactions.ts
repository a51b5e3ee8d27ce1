// The transactions of one run: stages the results of their tasks, and decides how they end.

import { messageOf, type SerializedTransaction } from "@memodag/core";
import { fixedExpiry, validForMs } from "../../cache/result-validity.ts";
import { putMode, statusAfterStore, storeFailed } from "../../cache/store-status.ts";
import { transactionCallbacks, type InstanceView } from "../../callbacks/transaction-callbacks.ts";
import type { RunContext } from "../../context/run-context.ts";
import type { CachedGroup } from "../../graph/cached-groups.ts";
import type { TransactionUnit } from "../../graph/transaction-units.ts";
import { judgeUnit, type UnitView } from "../phases/judge-unit.ts";
import type { CommittedEvent, EndedMember, RunState, StoreJob } from "../state/run-state.ts";
import type { EntryLocks } from "./entry-locks.ts";
import type { HeldLocks } from "./held-locks.ts";
import type { GroupKeys } from "./group-keys.ts";
import { preparePart } from "./prepare-part.ts";
import { prepareRecord, type KeyConfirmation } from "./prepare-record.ts";
import { bodyOf, stagedXComs, type StagedPart, type StagedRecord } from "./staged-body.ts";
import { StagedResults } from "./staged-results.ts";

/** How long results are tried to be stored, in milliseconds. */
const LONGEST_COMMIT_MS = 86_400_000;

/** The parts of an execution that transactions use. */
export interface TransactionUse {
  readonly entries: Pick<EntryLocks, "areSure">;
  readonly locks: Pick<HeldLocks, "release" | "fenceOf">;
  readonly keyQuestions: KeyConfirmation;
  readonly groupKeys: GroupKeys;
}

/** The transactions of one run. */
export class Transactions {
  readonly #context: RunContext;
  readonly #state: RunState;
  readonly #locks: TransactionUse["locks"];
  readonly #keyQuestions: KeyConfirmation;
  readonly #groupKeys: GroupKeys;
  /** Transactions with one record of which a staged member has all but the values. */
  readonly #recorded = new Set<CachedGroup>();
  readonly #staged: StagedResults;
  /** Ids of units whose results are being stored. */
  readonly #storing = new Map<string, Promise<void>>();
  /** Ids of units whose results could not be stored: they are left to a later execution, or to a sweep. */
  readonly #failed = new Set<string>();

  constructor(
    context: RunContext,
    state: RunState,
    { entries, locks, keyQuestions, groupKeys }: TransactionUse,
  ) {
    this.#context = context;
    this.#state = state;
    this.#locks = locks;
    this.#keyQuestions = keyQuestions;
    this.#groupKeys = groupKeys;
    this.#staged = new StagedResults(context, state, { entries, locks });
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
    const { units, transactions, table, groups, results } = this.#state;
    transactions.index((member) => {
      const body = bodyOf(member);
      const group =
        body?.kind === "part" && body.record ? groups.of(results.nodeOf(member.taskId)) : undefined;
      if (group) this.#recorded.add(group);
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
      const key = body?.kind === "record" ? body.record.key : undefined;
      this.#state.transactions.stage(unit, instance, body ? JSON.stringify(body) : null, key);
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
      const storing = this.#staged.store(unit).then((stored) => {
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
      const stored = await this.#staged.store(unit);
      const isGivenUp = this.#context.clock.now() - (decidedAt ?? 0) > LONGEST_COMMIT_MS;
      if (stored || isGivenUp)
        this.take({ kind: "committed", unit, stored: stored ?? this.#staged.notStored(unit) });
    }
  }

  /** Returns the staged record of an ended member; undefined if it must not be stored, which its row then says. */
  async #prepare({ node, mapIndex, job, unit }: EndedMember): Promise<StagedRecord | StagedPart | undefined> {
    if (!job || unit.isEager) return undefined;
    const { table, keys, groups } = this.#state;
    const group = groups.of(node);
    if (group) return await this.#prepareInGroup(group, unit, job);
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
      xcoms: stagedXComs(xcoms),
      endedAt,
      ...(validMs !== undefined && { validForMs: validMs }),
      ...(expiresAt !== undefined && { expiresAt }),
    };
  }

  async #prepareInGroup(
    group: CachedGroup,
    unit: TransactionUnit,
    job: StoreJob,
  ): Promise<StagedPart | undefined> {
    const { table } = this.#state;
    const { node, mapIndex } = job;
    const isFirst = !this.#recorded.has(group);
    this.#recorded.add(group);
    let prepared;
    try {
      prepared = await preparePart(this.#context, this.#state, this.#groupKeys, group, job, isFirst);
    } catch (fault) {
      prepared = { reason: storeFailed(messageOf(fault)) };
    }
    if (isFirst && "reason" in prepared) this.#recorded.delete(group);
    if ("reason" in prepared) {
      table.change(node, mapIndex, { cacheStatus: "uncacheable", cacheReason: prepared.reason });
      return undefined;
    }
    const cacheReason = { code: "in_transaction", detail: { transaction: unit.id } } as const;
    table.change(node, mapIndex, { cacheStatus: "staged", cacheReason });
    return prepared.part;
  }

  #commit(unit: TransactionUnit, isWhole: boolean): void {
    const staged = this.#staged.of(unit);
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
    await this.#staged.forgetReplaced(unit);
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
