// Selects tasks by the result of a task that decides a branch. A function of the branch and the value.

import { MemodagError, type SerializedBranch } from "@memodag/core";
import type { DagNode } from "./dag-graph.ts";

/**
 * The value that decides: its canonical JSON, or a description of what was found instead, such as "a list".
 */
export type DecidingValue =
  | { readonly kind: "scalar"; readonly json: string }
  | { readonly kind: "other"; readonly found: string };

/** Longest value that a message shows, in characters. */
const SHOWN_LENGTH = 80;

/** Cases that a message lists, at most. */
const SHOWN_CASES = 10;

/**
 * The numbers of the tasks that a result selects.
 * @throws MemodagError `branch_invalid` for a value that selects no case
 */
export function chooseBranch(node: DagNode, value: DecidingValue): ReadonlySet<number> {
  const { branch, task } = node;
  if (!branch || !task.branch) throw new Error(`task "${task.taskId}" decides no branch`);
  if (value.kind === "scalar") {
    const chosen = branch.cases.get(value.json);
    if (chosen) return chosen;
    if (mayFitNoCase(task.branch, value.json)) return branch.otherwise;
  }
  const found = value.kind === "scalar" ? value.json.slice(0, SHOWN_LENGTH) : value.found;
  const { path } = task.branch;
  const where = path.length === 0 ? "" : ` in its field ${path.join(".")}`;
  throw new MemodagError(
    "branch_invalid",
    `task "${task.taskId}" returned ${found}${where}, which ${problemOf(task.branch)}`,
    { fields: { taskId: task.taskId, found } },
  );
}

/** An `if` may have one side only; a switch by value need not cover every value. */
function mayFitNoCase({ by }: SerializedBranch, json: string): boolean {
  return by === "value" || (by === "boolean" && (json === "true" || json === "false"));
}

function problemOf({ by, cases }: SerializedBranch): string {
  switch (by) {
    case "boolean":
      return "is not a condition: return true or false";
    case "value":
      return "cannot select a case: return a string, a number, true, false or null";
    case "task": {
      const known = cases.slice(0, SHOWN_CASES).map(({ json }) => json);
      const more = cases.length > known.length ? ` or ${cases.length - known.length} more` : "";
      return `is not a case of its switch: return ${known.join(" or ")}${more}`;
    }
  }
}
