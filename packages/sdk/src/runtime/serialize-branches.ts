// From declared branches to which tasks each value chooses.

import type { BranchChoice, SerializedBranch } from "@memodag/core";
import { dagInvalid } from "../authoring/dag-fault.ts";
import {
  nodeIdOf,
  type BranchDeclaration,
  type DagState,
  type NodeDeclaration,
} from "../authoring/dag-state.ts";

/**
 * The Dag's branches by the id of the task that decides.
 * @throws MemodagError `dag_invalid` for a branch without a target, an empty group as a target, a task
 *   that is to choose itself, and a task that two sides of one branch name.
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
      problem: "its branch chooses nothing",
      mend: "write .then(…) after dag.if(…), and .case(…) after dag.switch(…)",
    });
  }
  const tasksOf = (target: NodeDeclaration): string[] => {
    const taskIds = "taskId" in target ? [target.taskId] : [...target.taskIds].toSorted();
    if (taskIds.length === 0) {
      throw dagInvalid(place, {
        problem: `its branch chooses task group "${nodeIdOf(target)}", which is empty`,
        mend: "declare a task in the group",
      });
    }
    if (!taskIds.includes(taskId)) return taskIds;
    throw dagInvalid(place, {
      problem: `its branch chooses "${nodeIdOf(target)}", which it is itself, or is in`,
      mend: "declare the task that decides outside of what it chooses",
    });
  };
  const choices = cases
    .map(({ json, target }): BranchChoice => ({ json, taskIds: tasksOf(target) }))
    .toSorted((a, b) => (a.json < b.json ? -1 : 1));
  const chosenTwice = findRepeated(choices.flatMap(({ taskIds }) => taskIds));
  if (by !== "value" && chosenTwice !== undefined) {
    throw dagInvalid(place, {
      problem: `"${chosenTwice}" is in two of its branches`,
      mend: "leave it in one, or draw an edge with .after() where it runs in any case",
    });
  }
  return { by, path, cases: choices, otherwise: otherwise ? tasksOf(otherwise) : [] };
}

function findRepeated(taskIds: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return taskIds.find((taskId) => seen.size === seen.add(taskId).size);
}
