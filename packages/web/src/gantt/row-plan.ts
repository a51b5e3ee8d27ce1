// The rows of a run's views: one for each task, and below an open one its instances. All views share it.

import { isTerminal } from "@memodag/core/states";
import type { RunInstance } from "../instances/instance-table.ts";

/** A row. */
export type PlannedRow =
  | {
      readonly kind: "task";
      readonly taskId: string;
      readonly isMapped: boolean;
      readonly isOpen: boolean;
      /** Those that are chosen. */
      readonly instances: readonly RunInstance[];
    }
  | { readonly kind: "instance"; readonly taskId: string; readonly instance: RunInstance };

/** Which instances are chosen. */
export type InstanceChoice = "failed" | "ran" | "remembered" | "waits";

/** The order of rows. `dag`: that of the Dag and of indexes. The others: the largest or earliest first. */
export type RowOrder = "dag" | "worked" | "saved" | "start";

/** Which rows there are, and in which order. */
export interface RowChoice {
  readonly only?: InstanceChoice | undefined;
  /** A part of names, in any case. */
  readonly text?: string | undefined;
  readonly order?: RowOrder | undefined;
  /** Mapped tasks whose instances have rows. */
  readonly open: ReadonlySet<string>;
}

/** Returns the rows. @param tasks in the order of the Dag, each with its instances by index */
export function planRows(
  tasks: ReadonlyMap<string, readonly RunInstance[]>,
  mapped: ReadonlySet<string>,
  { only, text = "", order = "dag", open }: RowChoice,
): PlannedRow[] {
  const wanted = text.trim().toLowerCase();
  const isFiltered = only !== undefined || wanted !== "";
  const chosen: (readonly [taskId: string, instances: readonly RunInstance[]])[] = [];
  for (const [taskId, all] of tasks) {
    const isNamed = taskId.toLowerCase().includes(wanted);
    const instances = all.filter(
      (instance) =>
        (only === undefined || isChosen(instance, only)) &&
        (isNamed || `${taskId}[${instance.mapIndex}]`.toLowerCase().includes(wanted)),
    );
    if (instances.length > 0 || (isNamed && only === undefined) || !isFiltered)
      chosen.push([taskId, instances]);
  }
  if (order !== "dag") chosen.sort(([, a], [, b]) => rankOf(order, a) - rankOf(order, b));
  return chosen.flatMap(([taskId, instances]): PlannedRow[] => {
    const isMapped = mapped.has(taskId) || instances.some(({ mapIndex }) => mapIndex >= 0);
    const isOpen = isMapped && open.has(taskId);
    const row: PlannedRow = { kind: "task", taskId, isMapped, isOpen, instances };
    if (!isOpen) return [row];
    const sorted =
      order === "dag" ? instances : instances.toSorted((a, b) => rankOf(order, [a]) - rankOf(order, [b]));
    return [row, ...sorted.map((instance): PlannedRow => ({ kind: "instance", taskId, instance }))];
  });
}

/** True if an instance is one of those. */
function isChosen({ state, cacheStatus, startedAt }: RunInstance, only: InstanceChoice): boolean {
  switch (only) {
    case "failed":
      return state === "failed" || state === "upstream_failed";
    case "ran":
      return cacheStatus !== "hit" && startedAt !== null;
    case "remembered":
      return cacheStatus === "hit";
    case "waits":
      return !isTerminal(state) && state !== "running";
  }
}

function rankOf(order: Exclude<RowOrder, "dag">, instances: readonly RunInstance[]): number {
  let rank = order === "start" ? Infinity : 0;
  for (const { cacheStatus, durationMs, savedMs, startedAt, endedAt } of instances) {
    if (order === "start") rank = Math.min(rank, startedAt ?? endedAt ?? Infinity);
    else if (order === "saved") rank -= savedMs ?? 0;
    else rank -= cacheStatus === "hit" ? 0 : (durationMs ?? 0);
  }
  return rank;
}
