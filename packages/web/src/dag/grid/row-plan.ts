// Which rows a grid has: tasks in the Dag's order, folded into their groups. The gantt and the graph share it.

/** A task as far as rows depend on it. */
export interface PlannedTask {
  readonly taskId: string;
}

/** A row. `index`: the place of the task; `members`: those of the tasks of a group, also of groups inside. */
export type PlannedRow =
  | { readonly kind: "task"; readonly id: string; readonly depth: number; readonly index: number }
  | {
      readonly kind: "group";
      readonly id: string;
      readonly depth: number;
      readonly isOpen: boolean;
      readonly members: readonly number[];
    };

/**
 * Plans rows. Groups are the beginnings of ids, `extract` of `extract.north`; one with a single task is none.
 * @param folded ids of groups that are folded
 * @param isShown which tasks are shown, by place; default: all
 */
export function planRows(
  tasks: readonly PlannedTask[],
  folded: ReadonlySet<string>,
  isShown: (index: number) => boolean = () => true,
): PlannedRow[] {
  const shown = tasks.map(({ taskId }, index) => ({ taskId, index })).filter(({ index }) => isShown(index));
  const members = Map.groupBy(
    shown.flatMap(({ taskId, index }) => groupsOf(taskId).map((groupId) => ({ groupId, index }))),
    ({ groupId }) => groupId,
  );
  const isGroup = (groupId: string): boolean => (members.get(groupId)?.length ?? 0) > 1;
  const rows: PlannedRow[] = [];
  const seen = new Set<string>();
  for (const { taskId, index } of shown) {
    const groups = groupsOf(taskId).filter(isGroup);
    let isHidden = false;
    for (const [depth, id] of groups.entries()) {
      const isOpen = !folded.has(id);
      if (!seen.has(id) && !isHidden) {
        const own = (members.get(id) ?? []).map((member) => member.index);
        rows.push({ kind: "group", id, depth, isOpen, members: own });
      }
      seen.add(id);
      isHidden ||= !isOpen;
    }
    if (!isHidden) rows.push({ kind: "task", id: taskId, depth: groups.length, index });
  }
  return rows;
}

/** Returns the ids of the groups around a task, the outermost first. */
function groupsOf(taskId: string): string[] {
  const parts = taskId.split(".");
  return parts.slice(1).map((_, depth) => parts.slice(0, depth + 1).join("."));
}
