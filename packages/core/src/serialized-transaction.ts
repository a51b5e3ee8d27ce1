// A transaction of a Dag as data: a group of tasks whose results become visible to other runs together.

import type { LockConfig, SerializedCacheConfig } from "./serialized-cache.ts";

/**
 * When the results of a transaction's tasks are stored.
 *
 * - `lazy`: all together, when all of its tasks have ended well.
 * - `eager`: each when its task succeeds, as outside of transactions.
 * - a task: together, if that task, the last of the transaction, returned `true` at `path`.
 */
export type TransactionCommit =
  | "lazy"
  | "eager"
  | { readonly taskId: string; readonly path: readonly (string | number)[] };

/** An event of a transaction that has callbacks. */
export type TransactionEvent = "commit" | "rollback";

/** How a transaction keeps other runs out while one is in it. */
export interface TransactionIsolation {
  /** Paths of the context that runs which exclude each other have in common, sorted. Absent: none. */
  readonly includeInputs?: readonly string[];
  /** How its lock is taken. Absent: as the deployment says, and waited for without limit. */
  readonly lock?: LockConfig;
}

/** A transaction. */
export interface SerializedTransaction {
  readonly transactionId: string;
  /** The transaction around it. Absent: none. */
  readonly parent?: string;
  /** Ids of its tasks, sorted; those of nested transactions as well. */
  readonly taskIds: readonly string[];
  readonly commit: TransactionCommit;
  /** Only failures of tasks that no other task of the transaction waits for roll it back. Absent: any failure. */
  readonly failOn?: "leaves";
  /**
   * How its tasks' results are stored as one record, which is looked up when the transaction begins. Absent: each task
   * has records of its own. With it, `cache` of its tasks says what they read, and none of them is asked about.
   */
  readonly cache?: SerializedCacheConfig;
  /** One run at a time is in it. Absent: any number. */
  readonly isolation?: TransactionIsolation;
  /** The events for which it has callbacks of its own, sorted. Absent: none. */
  readonly callbacks?: readonly TransactionEvent[];
}

/**
 * The ids of transactions, each with that of the transaction with which it ends: a lazy one in a lazy one ends with
 * that, every other one by itself.
 * @param transactions nested ones after those around them
 */
export function endingWith(transactions: readonly SerializedTransaction[]): Map<string, string> {
  const lazy = new Map<string, string>();
  return new Map(
    transactions.map(({ transactionId, parent = "", commit }) => {
      if (commit === "eager") return [transactionId, transactionId];
      const outermost = lazy.get(parent) ?? transactionId;
      lazy.set(transactionId, outermost);
      return [transactionId, outermost];
    }),
  );
}
