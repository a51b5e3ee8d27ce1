// Ids of tasks and groups, which share one namespace within a Dag.

import { dagInvalid, show } from "./dag-fault.ts";
import type { DagState, GroupDeclaration } from "./dag-state.ts";
import { IDENTIFIER_RULE, isIdentifier } from "./identifier.ts";

/**
 * Returns the full id of a new task or group: `id`, prefixed with the id of the enclosing group.
 * @throws MemodagError `dag_invalid` if the id is invalid or already in use.
 */
export function newNodeId(
  { dagId, tasks, groups }: DagState,
  group: GroupDeclaration | null,
  kind: "task" | "task group",
  id: unknown,
): string {
  const full = group && typeof id === "string" ? `${group.groupId}.${id}` : id;
  if (!isIdentifier(id) || !isIdentifier(full)) {
    throw dagInvalid({ dagId }, { problem: `${show(full)} is not a ${kind} id`, fix: IDENTIFIER_RULE });
  }
  const place = kind === "task" ? { dagId, taskId: full } : { dagId, groupId: full };
  const other = tasks.has(full) ? "task" : "task group";
  if (!tasks.has(full) && !groups.has(full)) return full;
  const problem = other === kind ? `there are two ${kind}s with this id` : `there is a ${other} with this id`;
  throw dagInvalid(place, { problem, fix: "rename one of them" });
}
