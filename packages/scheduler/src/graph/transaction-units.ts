// The transactions of a Dag as they end: nested lazy ones end with the one around them.

import { endingWith, type SerializedDag, type SerializedTransaction } from "@memodag/core";
import type { DagGraph, DagNode } from "./dag-graph.ts";

/** Transactions that are committed, or rolled back, together. */
export interface TransactionUnit {
  /** Id of the outermost of them. */
  readonly id: string;
  /** The outermost first. */
  readonly transactions: readonly SerializedTransaction[];
  /** True if its results are stored as their tasks succeed. */
  readonly isEager: boolean;
  /** Its tasks, also those that end with a nested unit. */
  readonly nodes: readonly DagNode[];
}

/** The units of a Dag, and the one of each task. */
export class TransactionUnits {
  /** Nested ones after those around them. */
  readonly list: readonly TransactionUnit[];
  readonly #byTask = new Map<string, TransactionUnit>();
  readonly #innermost = new Map<string, SerializedTransaction>();

  constructor({ transactions = [] }: SerializedDag, { nodes, indexOf }: DagGraph) {
    const units = new Map<string, TransactionUnit & { readonly transactions: SerializedTransaction[] }>();
    const ids = endingWith(transactions);
    for (const transaction of transactions) {
      const { transactionId, taskIds, commit } = transaction;
      const id = ids.get(transactionId) ?? transactionId;
      const unit = units.get(id) ?? {
        id,
        transactions: [],
        isEager: commit === "eager",
        nodes: taskIds.flatMap((taskId) => nodes[indexOf.get(taskId) ?? -1] ?? []),
      };
      unit.transactions.push(transaction);
      units.set(id, unit);
      for (const taskId of taskIds) {
        this.#byTask.set(taskId, unit);
        this.#innermost.set(taskId, transaction);
      }
    }
    this.list = [...units.values()];
  }

  /** The unit of a task; undefined for a task in no transaction. */
  of({ task }: DagNode): TransactionUnit | undefined {
    return this.#byTask.get(task.taskId);
  }

  /** The innermost transaction of a task. */
  innermost({ task }: DagNode): SerializedTransaction | undefined {
    return this.#innermost.get(task.taskId);
  }
}
