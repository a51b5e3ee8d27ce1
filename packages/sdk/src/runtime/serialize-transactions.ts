// Serializes the transactions of a Dag, and checks what is known only once the whole file has been read.

import type { SerializedBranch, SerializedTransaction } from "@memodag/core";
import { dagInvalid } from "../authoring/dag-fault.ts";
import type { DagState, GroupDeclaration, TaskDeclaration } from "../authoring/dag-state.ts";
import { findTransaction } from "../authoring/task-group.ts";
import { TRANSACTION_OPTIONS } from "../context/callback-context.ts";
import { checkCachedTransaction } from "./cached-transactions.ts";
import type { Upstreams } from "./resolve-edges.ts";

/**
 * Returns the transactions that have tasks, each after the one around it.
 * @throws MemodagError `dag_invalid` for options that contradict each other
 */
export function serializeTransactions(
  state: DagState,
  upstreams: Upstreams,
  branches: ReadonlyMap<string, SerializedBranch>,
): SerializedTransaction[] {
  for (const task of state.tasks.values()) requireTransaction(state, task);
  return [...state.groups.values()]
    .filter(({ transaction, taskIds }) => transaction !== undefined && taskIds.size > 0)
    .toSorted((a, b) => (a.groupId < b.groupId ? -1 : 1))
    .map((group) => {
      if (group.transaction?.cache) checkCachedTransaction(state, group, upstreams, branches);
      return serializeTransaction(state, group, upstreams);
    });
}

function serializeTransaction(
  state: DagState,
  { groupId, group, taskIds, transaction }: GroupDeclaration,
  upstreams: Upstreams,
): SerializedTransaction {
  if (!transaction) throw new TypeError(`${groupId} is no transaction`);
  const parent = findTransaction(group)?.groupId;
  const { decidedBy, isEager, failOn, callbacks, cache, isolation } = transaction;
  if (decidedBy) requireLast(state, groupId, taskIds, decidedBy.taskId, upstreams);
  return {
    transactionId: groupId,
    ...(parent !== undefined && { parent }),
    taskIds: [...taskIds].sort(),
    commit: decidedBy ?? (isEager ? "eager" : "lazy"),
    ...(failOn === "leaves" && { failOn }),
    ...(cache && { cache }),
    ...(isolation && { isolation }),
    ...(callbacks.size > 0 && { callbacks: [...callbacks.keys()].sort() }),
  };
}

/** Callbacks of a task for events of its transaction need one. */
function requireTransaction({ dagId }: DagState, { taskId, group, settings }: TaskDeclaration): void {
  const around = findTransaction(group);
  for (const event of ["commit", "rollback"] as const) {
    if (!settings.callbacks?.has(event)) continue;
    const name = TRANSACTION_OPTIONS[event];
    if (!around) {
      throw dagInvalid(
        { dagId, taskId },
        {
          problem: `${name} is set, and the task is in no transaction`,
          fix: `declare it with task() of a dag.transaction(), or use ${event === "commit" ? "onSuccess" : "onFailure"}`,
        },
      );
    }
    if (event === "commit" || !around.transaction?.isEager) continue;
    throw dagInvalid(
      { dagId, taskId },
      {
        problem: `onRollback is set, and transaction "${around.groupId}" is eager, which undoes nothing`,
        fix: 'use commit: "lazy" for the transaction, or remove onRollback',
      },
    );
  }
}

function requireLast(
  { dagId }: DagState,
  groupId: string,
  taskIds: ReadonlySet<string>,
  last: string,
  upstreams: Upstreams,
): void {
  const before = new Set<string>();
  const open = [last];
  for (const taskId of open) {
    if (before.has(taskId)) continue;
    before.add(taskId);
    for (const above of upstreams.get(taskId) ?? []) open.push(above);
  }
  const other = [...taskIds].sort().find((taskId) => !before.has(taskId));
  if (other === undefined) return;
  throw dagInvalid(
    { dagId, groupId },
    {
      problem: `"${last}" decides whether it is committed, and does not wait for its task "${other}"`,
      fix: `make "${last}" the last task of the transaction: add ${JSON.stringify(other)} with after()`,
    },
  );
}
