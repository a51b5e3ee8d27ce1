// The transactions of one run in memory, and which of their changes the database does not have yet.

import {
  instanceKey,
  type RunTransaction,
  type RunTransactions,
  type StagedMember,
  type TaskInstanceId,
  type TransactionWrites,
} from "@memodag/core";
import type { TransactionUnit } from "../../graph/transaction-units.ts";

/** Changes on their way to the database. */
export interface PendingTransactions {
  /** Undefined: there are none. */
  readonly writes: TransactionWrites | undefined;
  /** Call once the database has them. */
  confirm(): void;
}

/** States of transactions, and their staged members. */
export class TransactionTable {
  readonly #states = new Map<string, RunTransaction>();
  readonly #members = new Map<string, StagedMember>();
  /** Members by the key of their staged result and their unit. */
  readonly #byKey = new Map<string, string>();
  /** Keys of the members that the database has. */
  readonly #stored = new Set<string>();
  /** Units with rollback callbacks that had not been called when the run was loaded, or that others called since. */
  readonly rollingBack: Set<string>;
  #changedStates = new Set<string>();
  /** By key; a member that is gone is to be removed. */
  #changedMembers = new Map<string, TaskInstanceId>();
  #nextPlace = 0;

  constructor({ states, staged, rollingBack }: RunTransactions) {
    for (const state of states) this.#states.set(state.transactionId, state);
    for (const member of staged) {
      this.#members.set(instanceKey(member), member);
      this.#stored.add(instanceKey(member));
      this.#nextPlace = Math.max(this.#nextPlace, member.place + 1);
    }
    this.rollingBack = new Set(rollingBack);
  }

  stateOf({ id }: TransactionUnit): RunTransaction {
    return this.#states.get(id) ?? { transactionId: id, state: "open", reason: null, decidedAt: null };
  }

  /** Sets the state of a unit. */
  decide(
    { id }: TransactionUnit,
    state: RunTransaction["state"],
    reason: string | null,
    decidedAt: number | null,
  ): void {
    this.#states.set(id, { transactionId: id, state, reason, decidedAt });
    this.#changedStates.add(id);
  }

  /** The members of a unit in the order in which they succeeded. */
  membersOf({ id }: TransactionUnit): StagedMember[] {
    const members = [...this.#members.values()].filter(({ transactionId }) => transactionId === id);
    return members.toSorted((a, b) => a.place - b.place);
  }

  /** Makes loaded members known by the keys of their staged results. */
  index(keyOf: (member: StagedMember) => string | undefined): void {
    for (const [name, member] of this.#members) {
      const key = keyOf(member);
      if (key !== undefined) this.#byKey.set(`${key} ${member.transactionId}`, name);
    }
  }

  /** The member of a unit whose result is staged under a key. */
  findStaged({ id }: TransactionUnit, key: string): StagedMember | undefined {
    return this.#members.get(this.#byKey.get(`${key} ${id}`) ?? "");
  }

  /**
   * Adds a member that has succeeded.
   * @param key of the result that is staged; absent: none is
   */
  stage(
    { id }: TransactionUnit,
    { taskId, mapIndex }: TaskInstanceId,
    body: string | null,
    key?: string,
  ): void {
    const member = { taskId, mapIndex, transactionId: id, place: this.#nextPlace, body };
    this.#nextPlace += 1;
    this.#members.set(instanceKey(member), member);
    this.#changedMembers.set(instanceKey(member), member);
    if (key !== undefined) this.#byKey.set(`${key} ${id}`, instanceKey(member));
  }

  /** Removes a member: its unit is settled, or the instance no longer exists. */
  unstage(instance: TaskInstanceId): void {
    const key = instanceKey(instance);
    if (this.#members.delete(key)) this.#changedMembers.set(key, instance);
  }

  /** Takes the entries that its attempt saved or removed, which the database has written with the member. */
  tellSaved(instance: TaskInstanceId, saved: StagedMember["saved"]): void {
    const member = this.#members.get(instanceKey(instance));
    if (member && saved) this.#members.set(instanceKey(instance), { ...member, saved });
  }

  /** Until they are confirmed, each call returns the changes again. */
  pending(): PendingTransactions {
    const states = this.#changedStates;
    const members = this.#changedMembers;
    if (states.size + members.size === 0) return { writes: undefined, confirm: () => undefined };
    const staged: StagedMember[] = [];
    const unstaged: TaskInstanceId[] = [];
    for (const [key, { taskId, mapIndex }] of members) {
      const member = this.#members.get(key);
      if (member) staged.push(member);
      // That they are still there shows that no other process has settled them.
      else if (this.#stored.has(key)) unstaged.push({ taskId, mapIndex });
    }
    const writes = {
      states: [...states].flatMap((id) => this.#states.get(id) ?? []),
      staged,
      unstaged,
    };
    const confirm = (): void => {
      this.#changedStates = new Set();
      for (const key of members.keys())
        if (this.#members.has(key)) this.#stored.add(key);
        else this.#stored.delete(key);
      this.#changedMembers = new Map();
    };
    return { writes, confirm };
  }
}
