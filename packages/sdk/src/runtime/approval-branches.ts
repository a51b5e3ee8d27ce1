// Branches that the answers of approvals decide: a rejection skips tasks downstream.

import type { SerializedBranch } from "@memodag/core";
import { dagInvalid } from "../authoring/dag-fault.ts";
import type { DagState, TaskDeclaration } from "../authoring/dag-state.ts";
import { APPROVE } from "../authoring/hitl-options.ts";
import type { Upstreams } from "./resolve-edges.ts";

/**
 * Returns a branch for each approval that skips others, by the id of the approval.
 * @throws MemodagError `dag_invalid` for a mapped one, and for one that decides another branch
 */
export function approvalBranches(dag: DagState, upstreams: Upstreams): Map<string, SerializedBranch> {
  const branches = new Map<string, SerializedBranch>();
  for (const task of dag.tasks.values()) {
    const onReject = task.hitl?.onReject ?? null;
    if (onReject === null || onReject === "fail") continue;
    const taskIds = listSkipped(task.taskId, upstreams, onReject === "skip_all");
    if (taskIds.length === 0) continue;
    refuseUnclear(dag, task);
    branches.set(task.taskId, {
      by: "value",
      path: ["chosen_options", 0],
      cases: [{ json: JSON.stringify(APPROVE), taskIds }],
      otherwise: [],
    });
  }
  return branches;
}

/** The tasks directly downstream, or everything downstream. Sorted. */
function listSkipped(taskId: string, upstreams: Upstreams, isAll: boolean): string[] {
  const found = new Set([taskId]);
  for (const from of found) {
    if (from !== taskId && !isAll) continue;
    for (const [below, above] of upstreams) if (above.has(from)) found.add(below);
  }
  found.delete(taskId);
  return [...found].sort();
}

function refuseUnclear({ dagId, branches }: DagState, { taskId, placement }: TaskDeclaration): void {
  if (branches.has(taskId)) {
    throw dagInvalid(
      { dagId, taskId },
      {
        problem: "it is an approval, which skips what follows, and decides a branch",
        fix: 'use hitl({ options: ["Approve", "Reject"], … }) to decide a branch',
      },
    );
  }
  if (placement && placement.expand.length > 0) {
    throw dagInvalid(
      { dagId, taskId },
      {
        problem: "it is a mapped approval, whose answers may differ, and tasks follow it",
        fix: "use hitl() and pass the list of answers to a task that decides, or set failOnReject",
      },
    );
  }
}
