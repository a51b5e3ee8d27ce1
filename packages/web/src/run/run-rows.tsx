// The tasks of a run below each other, with their instances where they are open: beside the gantt, or with columns of
// numbers. Only the rows that are seen are in the document, however many there are.

import { useCallback, useLayoutEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { Empty } from "../controls/empty.tsx";
import type { AsIfRun } from "../gantt/as-if.ts";
import { ROW_HEIGHT } from "../gantt/draw-gantt.ts";
import { GanttAxis } from "../gantt/gantt-axis.tsx";
import { GanttCanvas } from "../gantt/gantt-canvas.tsx";
import type { PlannedRow } from "../gantt/row-plan.ts";
import { timeScale } from "../gantt/time-scale.ts";
import { rowKey } from "../instances/instance-table.ts";
import { visibleRows } from "../log/visible-rows.ts";
import { useShortcut } from "../shortcuts/use-shortcut.ts";
import type { Outline } from "./run-facts.tsx";
import { RowName } from "./row-name.tsx";
import { ListHead, RowNumbers } from "./row-numbers.tsx";
import styles from "./run-rows.module.css";
import type { RunSearch } from "./run-search.ts";
import { useNow } from "./use-now.ts";
import { useTries } from "./use-tries.ts";

/** Pixels of the names beside the gantt. */
const NAMES_WIDTH = 280;

/** Pixels of the names where there is little room. */
const NARROW_NAMES = 150;

/** The rows. @param instances how many the run has */
export function RunRows({
  outline,
  rows,
  asIf,
  instances,
  search,
  onToggle,
}: {
  readonly outline: Outline;
  readonly rows: readonly PlannedRow[];
  readonly asIf: AsIfRun;
  readonly instances: number;
  readonly search: RunSearch;
  readonly onToggle: (taskId: string) => void;
}): ReactNode {
  const frame = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ scrollTop: 0, width: 0, height: 0 });
  const isEmpty = rows.length === 0;
  useLayoutEffect(() => {
    const element = frame.current;
    if (!element) return undefined;
    const look = (): void =>
      setSeen({ scrollTop: element.scrollTop, width: element.clientWidth, height: element.clientHeight });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    look();
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, [isEmpty]);
  useRowKeys(frame, rows.length);
  const now = useNow(outline.endedAt === null);
  const tries = useTries(outline, instances);
  const isList = search.view === "list";
  const names = seen.width < 600 ? NARROW_NAMES : NAMES_WIDTH;
  const width = Math.max(seen.width - names, 0);
  const isAsIf = search.scale === "as-if";
  const picture = useMemo(() => {
    const from = Date.parse(outline.startedAt ?? outline.createdAt);
    const to = outline.endedAt === null ? now : Date.parse(outline.endedAt);
    const scale = isAsIf ? timeScale(0, asIf.lengthMs, width) : timeScale(from, to, width);
    const chosen = search.task === undefined ? undefined : rowKey(search.task, search.index ?? -1);
    return { rows, scale, tries, now, chosen, ...(isAsIf && { asIf }) };
  }, [outline, rows, asIf, isAsIf, tries, now, width, search.task, search.index]);
  if (isEmpty) return <Empty title="No task matches these filters" />;
  const { first, end, top } = visibleRows(rows.length, ROW_HEIGHT, seen.scrollTop, seen.height);
  return (
    <div className={styles.rows}>
      <div className={styles.head}>
        <div style={{ width: names }} />
        {isList ? <ListHead /> : <GanttAxis scale={picture.scale} />}
      </div>
      <div className={styles.frame} ref={frame}>
        <div className={styles.all} style={{ height: rows.length * ROW_HEIGHT }}>
          {!isList && (
            <div className={styles.canvas} style={{ marginLeft: names, width, height: 0 }}>
              <GanttCanvas
                picture={picture}
                width={width}
                height={Math.min(seen.height, rows.length * ROW_HEIGHT)}
                scrollTop={seen.scrollTop}
              />
            </div>
          )}
          <ul className={styles.list} style={{ top }} aria-label="Tasks of the run">
            {rows.slice(first, end).map((row, at) => (
              <li
                key={row.kind === "task" ? row.taskId : rowKey(row.taskId, row.instance.mapIndex)}
                className={styles.row}
                style={{ height: ROW_HEIGHT }}
                data-row={first + at}
                data-chosen={isChosenRow(row, search) || undefined}
                aria-setsize={rows.length}
                aria-posinset={first + at + 1}
              >
                <div className={styles.name} style={{ width: names }}>
                  <RowName row={row} onToggle={onToggle} />
                </div>
                {isList && <RowNumbers row={row} from={Date.parse(outline.startedAt ?? outline.createdAt)} />}
              </li>
            ))}
          </ul>
        </div>
      </div>
    </div>
  );
}

function isChosenRow(row: PlannedRow, { task, index }: RunSearch): boolean {
  if (task !== row.taskId) return false;
  return row.kind === "instance" ? row.instance.mapIndex === index : index === undefined;
}

/** Moves the focus between rows, also to those that are not in the document yet. */
function useRowKeys(frame: { readonly current: HTMLDivElement | null }, count: number): void {
  const move = useCallback(
    (by: number) => {
      const element = frame.current;
      if (!element || count === 0) return;
      const focused = document.activeElement?.closest<HTMLElement>("[data-row]")?.dataset["row"];
      const last = focused === undefined ? Math.floor(element.scrollTop / ROW_HEIGHT) - by : Number(focused);
      const next = Math.min(Math.max(last + by, 0), count - 1);
      const top = next * ROW_HEIGHT;
      if (top < element.scrollTop) element.scrollTop = top;
      else if (top + ROW_HEIGHT > element.scrollTop + element.clientHeight)
        element.scrollTop = top + ROW_HEIGHT - element.clientHeight;
      const focus = (): boolean => {
        const found = element.querySelector<HTMLElement>(`[data-row="${next}"] :is(a, button)`);
        found?.focus({ preventScroll: true });
        return found !== null;
      };
      // A row that was just scrolled to is in the document in two frames.
      if (!focus()) requestAnimationFrame(() => requestAnimationFrame(focus));
    },
    [frame, count],
  );
  useShortcut(
    "list.next",
    useCallback(() => move(1), [move]),
  );
  useShortcut(
    "list.previous",
    useCallback(() => move(-1), [move]),
  );
}
