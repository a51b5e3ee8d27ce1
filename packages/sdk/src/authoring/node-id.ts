// The ids of tasks and groups, which share their names within a Dag.

import { dagInvalid, show } from "./dag-fault.ts";
import type { DagState, GroupDeclaration } from "./dag-state.ts";
import { IDENTIFIER_RULE, isIdentifier } from "./identifier.ts";

/**
 * The full id of a task or group to come: `id` after that of the group that it is in.
 * @throws MemodagError `dag_invalid` when it is no id, or when there is a node of that id.
 */
export function newNodeId(
  { dagId, tasks, groups }: DagState,
  group: GroupDeclaration | null,
  kind: "task" | "task group",
  id: unknown,
): string {
  const full = group && typeof id === "string" ? `${group.groupId}.${id}` : id;
  if (!isIdentifier(id) || !isIdentifier(full)) {
    throw dagInvalid({ dagId }, { problem: `${show(full)} is not a ${kind} id`, mend: IDENTIFIER_RULE });
  }
  const place = kind === "task" ? { dagId, taskId: full } : { dagId, groupId: full };
  const other = tasks.has(full) ? "task" : "task group";
  if (!tasks.has(full) && !groups.has(full)) return full;
  const problem = other === kind ? `there are two ${kind}s of this id` : `there is a ${other} of this id`;
  throw dagInvalid(place, { problem, mend: "rename one of them" });
}
