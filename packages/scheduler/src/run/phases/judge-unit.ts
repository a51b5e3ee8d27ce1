// Decides how transactions end, once all of their tasks have. A function of values.

import { UNMAPPED, type SerializedTransaction, type TaskInstance } from "@memodag/core";
import type { DagNode } from "../../graph/dag-graph.ts";
import type { TransactionUnit } from "../../graph/transaction-units.ts";

/** The tasks of a unit, as far as they decide its end. */
export interface UnitView {
  isDone(node: DagNode): boolean;
  hasFailed(node: DagNode): boolean;
  rowsOf(node: DagNode): readonly TaskInstance[];
  hasValue(node: DagNode, mapIndex: number): boolean;
  /** The value at the path in the result of a task that decides, as JSON. */
  answerOf(transaction: SerializedTransaction): Promise<string>;
}

/**
 * How a unit ends. `open`: not all of its tasks have ended. `isWhole`: false if a task has a state that was set manually
 * in place of a value, so that nothing is stored.
 */
export type UnitOutcome =
  | { readonly kind: "open" }
  | { readonly kind: "committed"; readonly isWhole: boolean }
  | { readonly kind: "rolled_back"; readonly reason: string };

const OPEN: UnitOutcome = { kind: "open" };

/** Decides how a unit ends. */
export async function judgeUnit(unit: TransactionUnit, view: UnitView): Promise<UnitOutcome> {
  // Also when one has failed: its callbacks must not undo what another one is still using.
  if (!unit.nodes.every((node) => view.isDone(node))) return OPEN;
  for (const transaction of unit.transactions) {
    const reason = failureIn(transaction, unit, view);
    if (reason !== undefined) return { kind: "rolled_back", reason };
  }
  if (unit.isEager) return { kind: "committed", isWhole: true };
  let isWhole = true;
  for (const node of unit.nodes) {
    const { taskId } = node.task;
    for (const { mapIndex, state, cacheStatus } of view.rowsOf(node)) {
      // It stays rolled back, although the state of the task that had failed was set since.
      if (cacheStatus === "rolled_back") return { kind: "rolled_back", reason: `${taskId} was rolled back` };
      if (state === "success" && !view.hasValue(node, mapIndex)) isWhole = false;
    }
  }
  for (const transaction of unit.transactions) {
    if (typeof transaction.commit === "string") continue;
    const answer = await view.answerOf(transaction);
    if (answer !== "true")
      return { kind: "rolled_back", reason: `${transaction.commit.taskId} returned ${answer}` };
  }
  return { kind: "committed", isWhole };
}

/** The failure that rolls a transaction back, preferring one that caused others. */
function failureIn(
  { taskIds, failOn }: SerializedTransaction,
  { nodes }: TransactionUnit,
  view: UnitView,
): string | undefined {
  const own = new Set(taskIds);
  const indexes = new Set(nodes.flatMap(({ index, task }) => (own.has(task.taskId) ? [index] : [])));
  let consequence: string | undefined;
  for (const node of nodes) {
    const { index, task, downstream } = node;
    if (!indexes.has(index) || !view.hasFailed(node)) continue;
    if (failOn === "leaves" && downstream.some((below) => indexes.has(below))) continue;
    const failed = view.rowsOf(node).find(({ state }) => state === "failed");
    if (failed) return `${nameOf(task.taskId, failed.mapIndex)} failed`;
    consequence ??= `${task.taskId} could not run, because a task before it failed`;
  }
  return consequence;
}

function nameOf(taskId: string, mapIndex: number): string {
  return mapIndex === UNMAPPED ? taskId : `${taskId}[${mapIndex}]`;
}
