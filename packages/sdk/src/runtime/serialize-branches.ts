// Serializes declared branches: which tasks each value selects.

import type { BranchChoice, SerializedBranch } from "@memodag/core";
import { dagInvalid } from "../authoring/dag-fault.ts";
import {
  nodeIdOf,
  type BranchDeclaration,
  type DagState,
  type NodeDeclaration,
} from "../authoring/dag-state.ts";

/**
 * Returns the Dag's branches by the id of the deciding task.
 * @throws MemodagError `dag_invalid` for a branch without a target, an empty group as a target, a
 * task
 *   that selects itself, and a task on two sides of one branch.
 */
export function serializeBranches(dag: DagState): Map<string, SerializedBranch> {
  return new Map(
    Array.from(dag.branches, ([taskId, branch]) => [taskId, serializeBranch(dag, taskId, branch)]),
  );
}

function serializeBranch(
  { dagId }: DagState,
  taskId: string,
  { by, path, cases, otherwise }: BranchDeclaration,
): SerializedBranch {
  const place = { dagId, taskId };
  if (by === null || cases.length === 0) {
    throw dagInvalid(place, {
      problem: "its branch has no target",
      fix: "add .then(…) after dag.if(…), and .case(…) after dag.switch(…)",
    });
  }
  const tasksOf = (target: NodeDeclaration): string[] => {
    const taskIds = "taskId" in target ? [target.taskId] : [...target.taskIds].toSorted();
    if (taskIds.length === 0) {
      throw dagInvalid(place, {
        problem: `its branch selects task group "${nodeIdOf(target)}", which is empty`,
        fix: "declare a task in the group",
      });
    }
    if (!taskIds.includes(taskId)) return taskIds;
    throw dagInvalid(place, {
      problem: `its branch selects "${nodeIdOf(target)}", which is or contains the deciding task`,
      fix: "declare the deciding task outside of the branch's targets",
    });
  };
  const choices = cases
    .map(({ json, target }): BranchChoice => ({ json, taskIds: tasksOf(target) }))
    .toSorted((a, b) => (a.json < b.json ? -1 : 1));
  const chosenTwice = findRepeated(choices.flatMap(({ taskIds }) => taskIds));
  if (by !== "value" && chosenTwice !== undefined) {
    throw dagInvalid(place, {
      problem: `"${chosenTwice}" is a target of two sides of its branch`,
      fix: "keep one; if it should always run, add an edge with .after() instead",
    });
  }
  return { by, path, cases: choices, otherwise: otherwise ? tasksOf(otherwise) : [] };
}

function findRepeated(taskIds: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return taskIds.find((taskId) => seen.size === seen.add(taskId).size);
}
