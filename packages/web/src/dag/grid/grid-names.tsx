// The names of a grid's rows, as far as they are seen.

import type { ReactNode } from "react";
import { HEAD, NAMES, ROW, visibleSpan, type Viewport } from "./geometry.ts";
import styles from "./grid-canvas.module.css";
import type { GridRun, GridTask } from "./grid-data.ts";
import type { PlannedRow } from "./row-plan.ts";

/** The names. Groups are folded by a press. */
export function GridNames({
  rows,
  runs,
  tasks,
  view,
  onToggle,
}: {
  readonly rows: readonly PlannedRow[];
  readonly runs: readonly GridRun[];
  readonly tasks: readonly GridTask[];
  readonly view: Viewport;
  readonly onToggle: (groupId: string) => void;
}): ReactNode {
  const { first, end } = visibleSpan(view.top, view.height, ROW, rows.length);
  return (
    <div className={styles.names} style={{ width: NAMES, top: HEAD, height: view.height }} aria-hidden="true">
      {rows.slice(first, end).map((row, offset) => (
        <div
          key={row.id}
          className={styles.name}
          data-kind={row.kind}
          style={{
            top: (first + offset) * ROW - view.top,
            height: ROW,
            paddingLeft: 16 + row.depth * 14,
          }}
          title={row.id}
          onClick={() => row.kind === "group" && onToggle(row.id)}
        >
          {row.kind === "group" && (row.isOpen ? "▾ " : "▸ ")}
          {row.depth === 0 ? row.id : row.id.slice(row.id.lastIndexOf(".") + 1)}
          <span className={styles.size}>{sizeOf(row, runs, tasks)}</span>
        </div>
      ))}
    </div>
  );
}

/** How many instances the newest run has of a mapped task, or tasks a folded group has. */
function sizeOf(row: PlannedRow, runs: readonly GridRun[], tasks: readonly GridTask[]): string {
  if (row.kind === "group") return row.isOpen ? "" : ` ${row.members.length}`;
  const task = tasks[row.index];
  if (!task?.isMapped) return "";
  const counts = Object.values(runs.at(-1)?.mapped[task.taskId] ?? {});
  return ` ×${counts.reduce((sum, count) => sum + count, 0) || "n"}`;
}
