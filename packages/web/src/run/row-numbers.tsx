// A row of the list: the state in words, and what it worked, saved and when it started.

import type { ReactNode } from "react";
import { formatCount, formatDuration } from "../format/format.ts";
import type { PlannedRow } from "../gantt/row-plan.ts";
import type { RunInstance } from "../instances/instance-table.ts";
import { markOf } from "../marks/mark.ts";
import styles from "./run-rows.module.css";

/** The heads of the columns. */
export function ListHead(): ReactNode {
  return (
    <div className={styles.numbers} aria-hidden="true">
      <span className={styles.words}>State</span>
      <span>Worked</span>
      <span>Saved</span>
      <span>Started after</span>
    </div>
  );
}

/** The columns of a row. @param from the start of the run, in milliseconds since the Unix epoch */
export function RowNumbers({ row, from }: { readonly row: PlannedRow; readonly from: number }): ReactNode {
  const instances = row.kind === "task" ? row.instances : [row.instance];
  let [worked, saved, start] = [0, 0, Infinity];
  for (const { cacheStatus, durationMs, savedMs, startedAt } of instances) {
    worked += cacheStatus === "hit" ? 0 : (durationMs ?? 0);
    saved += savedMs ?? 0;
    start = Math.min(start, startedAt ?? Infinity);
  }
  return (
    <div className={styles.numbers}>
      <span className={styles.words}>{wordsOf(instances)}</span>
      <span>{worked === 0 ? "–" : formatDuration(worked)}</span>
      <span>{saved === 0 ? "–" : formatDuration(saved)}</span>
      <span>{start === Infinity ? "–" : formatDuration(Math.max(start - from, 0))}</span>
    </div>
  );
}

function wordsOf(instances: readonly RunInstance[]): string {
  const [only, ...others] = instances;
  if (!only) return "not started";
  if (others.length === 0) return markOf(only).words;
  const counts = new Map<string, number>();
  for (const instance of instances) {
    const { words } = markOf(instance);
    counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  return Array.from(counts, ([words, count]) => `${formatCount(count)} ${words}`).join("; ");
}
