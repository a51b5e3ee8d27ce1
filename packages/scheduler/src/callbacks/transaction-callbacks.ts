// Creates the callbacks that are due when transactions end.

import {
  reportReason,
  UNMAPPED,
  type NewCallback,
  type StagedMember,
  type TaskInstance,
  type TransactionEvent,
  type TransactionMember,
} from "@memodag/core";
import type { DagNode } from "../graph/dag-graph.ts";
import type { TransactionUnit, TransactionUnits } from "../graph/transaction-units.ts";
import type { Returned } from "../values/run-results.ts";
import { newCallback } from "./new-callback.ts";

/** How a unit ended. */
export interface EndedUnit {
  readonly unit: TransactionUnit;
  readonly event: TransactionEvent;
  /** Why it was rolled back; `null`: it was committed. */
  readonly reason: string | null;
  /** Those that ran and succeeded, in the order in which they did. */
  readonly ran: readonly StagedMember[];
}

/** The instances of a run, as callbacks of transactions need them. */
export interface InstanceView {
  readonly units: Pick<TransactionUnits, "innermost">;
  nodeOf(taskId: string): DagNode;
  find(node: DagNode, mapIndex: number): TaskInstance | undefined;
  rowsOf(node: DagNode): readonly TaskInstance[];
  returnedBy(node: DagNode, mapIndex: number): Returned | undefined;
}

/**
 * The callbacks of a unit in the order in which they are called: after a commit those of the transactions first, and
 * after a rollback last, where each waits for the one before. Only transactions in which something ran have any.
 */
export function transactionCallbacks(
  ended: EndedUnit,
  view: InstanceView,
  newId: () => string,
): NewCallback[] {
  const ofTasks = ended.ran.flatMap((member) => taskCallback(ended, member, view, newId) ?? []);
  const ofGroups = ended.unit.transactions.flatMap(
    (_, index) => groupCallback(ended, index, view, newId) ?? [],
  );
  if (ended.event === "commit") return [...ofGroups, ...ofTasks];
  return inTurn([...ofTasks.toReversed(), ...ofGroups.toReversed()], ended.unit.id);
}

function inTurn(callbacks: readonly NewCallback[], rollsBack: string): NewCallback[] {
  return callbacks.map((callback, index) => {
    const before = callbacks[index - 1];
    return { ...callback, rollsBack, ...(before && { after: before.id }) };
  });
}

function taskCallback(
  { event, reason }: EndedUnit,
  { taskId, mapIndex }: StagedMember,
  view: InstanceView,
  newId: () => string,
): NewCallback | undefined {
  const node = view.nodeOf(taskId);
  const row = view.find(node, mapIndex);
  const callback = row && newCallback(event, node.task, row, newId);
  const id = view.units.innermost(node)?.transactionId;
  if (!callback || id === undefined) return undefined;
  const returned = view.returnedBy(node, mapIndex);
  const transaction = { id, outcome: outcomeOf(event), reason };
  return { ...callback, report: { ...callback.report, transaction }, ...(returned && { returned }) };
}

function groupCallback(
  { unit, event, reason, ran }: EndedUnit,
  index: number,
  view: InstanceView,
  newId: () => string,
): NewCallback | undefined {
  const transaction = unit.transactions[index];
  if (!transaction?.callbacks?.includes(event)) return undefined;
  const own = new Set(transaction.taskIds);
  if (!ran.some(({ taskId }) => own.has(taskId))) return undefined;
  const id = transaction.transactionId;
  const members = transaction.taskIds.flatMap((taskId) => view.rowsOf(view.nodeOf(taskId)).map(memberOf));
  return {
    id: newId(),
    instance: { taskId: id, mapIndex: UNMAPPED, tryNumber: 1, maxTries: 1 },
    report: {
      event,
      state: event === "commit" ? "success" : "failed",
      cacheStatus: null,
      ...reportReason(null),
      error: null,
      durationMs: null,
      retryAt: null,
      transaction: { id, outcome: outcomeOf(event), reason, members },
    },
  };
}

function memberOf({ taskId, mapIndex, state, cacheStatus }: TaskInstance): TransactionMember {
  return { taskId, mapIndex, state, cacheStatus };
}

function outcomeOf(event: TransactionEvent): "committed" | "rolled_back" {
  return event === "commit" ? "committed" : "rolled_back";
}
