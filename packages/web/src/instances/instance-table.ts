// The task instances of a run in memory: read once by column, and then only what has changed.

import type { CacheStatus, TaskInstanceState } from "@memodag/core";
import { readCell } from "@memodag/core/instance-cell";
import type { OutputOf } from "../data/api.ts";

/** A page of instances by column. */
export type InstanceColumns = OutputOf<"runs.instance-columns">;

/** An instance. Times are milliseconds since the Unix epoch, durations milliseconds. */
export interface RunInstance {
  readonly taskId: string;
  /** -1: the task is not mapped. */
  readonly mapIndex: number;
  readonly state: TaskInstanceState;
  readonly cacheStatus: CacheStatus | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly durationMs: number | null;
  readonly savedMs: number | null;
}

/** The instances, as of a revision of the run. */
export interface InstanceTable {
  /** Later changes are to be asked for. */
  readonly revision: number;
  readonly rows: ReadonlyMap<string, RunInstance>;
}

/** Before anything was read. */
export const NO_INSTANCES: InstanceTable = { revision: 0, rows: new Map() };

/** The key of an instance in a table. */
export function rowKey(taskId: string, mapIndex: number): string {
  return `${mapIndex} ${taskId}`;
}

/** Returns the table with all pages of an answer in it: instead of what it had or, if they are a delta, beside it. */
export function mergePages(table: InstanceTable, pages: readonly InstanceColumns[]): InstanceTable {
  const [first] = pages;
  if (!first) return table;
  const isDelta = pages.every((page) => page.isDelta);
  const rows = new Map(isDelta ? table.rows : []);
  for (const page of pages) {
    const from = Date.parse(page.from);
    const cells = [...page.cells];
    const at = (ms: number | null | undefined): number | null => (typeof ms === "number" ? from + ms : null);
    for (const [index, place] of page.task.entries()) {
      const taskId = page.tasks[place] ?? "";
      const mapIndex = page.mapIndex[index] ?? -1;
      const cell = readCell(cells[index] ?? "");
      rows.set(rowKey(taskId, mapIndex), {
        taskId,
        mapIndex,
        state: cell?.state ?? "none",
        cacheStatus: cell?.cacheStatus ?? null,
        startedAt: at(page.startedMs[index]),
        endedAt: at(page.endedMs[index]),
        durationMs: page.durationMs[index] ?? null,
        savedMs: page.savedMs[index] ?? null,
      });
    }
  }
  // The first page was read first: what changed while the others were read is after its revision.
  return { revision: first.revision, rows };
}

/** The instances of each task by index; a task of the Dag that has none yet has an empty list. */
export function groupByTask(
  table: InstanceTable,
  taskIds: readonly string[],
): ReadonlyMap<string, readonly RunInstance[]> {
  const groups = new Map<string, RunInstance[]>(taskIds.map((taskId) => [taskId, []]));
  for (const instance of table.rows.values()) {
    const group = groups.get(instance.taskId);
    if (group) group.push(instance);
    else groups.set(instance.taskId, [instance]);
  }
  for (const group of groups.values()) group.sort((a, b) => a.mapIndex - b.mapIndex);
  return groups;
}
