// The transactions of a run in the form that `runs show --json` prints.

import {
  endingWith,
  type DagRun,
  type RunStore,
  type RunTransactionState,
  type SerializedTransaction,
} from "@memodag/core";
import { isoTime } from "../iso-time.ts";

/** A transaction of a run. */
export interface TransactionReport {
  readonly transactionId: string;
  readonly state: RunTransactionState;
  /** Why it was rolled back; `null` otherwise. */
  readonly reason: string | null;
  /** ISO 8601; `null` until it has ended. */
  readonly endedAt: string | null;
}

/** Reports the transactions of a run in the Dag's order; a nested one as the one with which it ends. */
export async function reportTransactions(
  runs: Pick<RunStore, "findTransactions">,
  { id }: Pick<DagRun, "id">,
  transactions: readonly SerializedTransaction[] = [],
): Promise<TransactionReport[]> {
  if (transactions.length === 0) return [];
  const { states } = await runs.findTransactions(id);
  const byId = new Map(states.map((state) => [state.transactionId, state]));
  return [...endingWith(transactions)].map(([transactionId, endsWith]) => {
    const { state = "open", reason = null, decidedAt = null } = byId.get(endsWith) ?? {};
    return { transactionId, state, reason, endedAt: state === "committing" ? null : isoTime(decidedAt) };
  });
}
