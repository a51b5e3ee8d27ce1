// The state of the run page, which is all in its address.

import type { InstanceChoice, RowOrder } from "../gantt/row-plan.ts";
import { readTab, type InstanceTab } from "../instance/instance-tab.ts";

/** The search parameters of the page. */
export interface RunSearch {
  /** Absent: the gantt. */
  readonly view?: "list" | "graph";
  /** Absent: time as it went by. */
  readonly scale?: "as-if";
  readonly only?: InstanceChoice;
  readonly text?: string;
  readonly order?: Exclude<RowOrder, "dag">;
  /** The instance in the panel. */
  readonly task?: string;
  readonly index?: number;
  readonly tab?: InstanceTab;
}

const CHOICES: readonly unknown[] = ["failed", "ran", "remembered", "waits"] satisfies InstanceChoice[];
const ORDERS: readonly unknown[] = ["worked", "saved", "start"] satisfies RowOrder[];

/** Reads the parameters; leaves out what is none of them. */
export function readRunSearch(search: Record<string, unknown>): RunSearch {
  const { view, scale, only, text, order, task, index, tab } = search;
  const known = readTab(tab);
  return {
    ...((view === "list" || view === "graph") && { view }),
    ...(scale === "as-if" && { scale }),
    ...(CHOICES.includes(only) && { only: only as InstanceChoice }),
    ...(typeof text === "string" && text !== "" && { text }),
    ...(ORDERS.includes(order) && { order: order as Exclude<RowOrder, "dag"> }),
    ...(typeof task === "string" && task !== "" && { task }),
    ...(typeof index === "number" && Number.isInteger(index) && index >= 0 && { index }),
    ...(known && { tab: known }),
  };
}

/** Leaves out what is not set, so that addresses are short. */
export function withoutAbsent(search: { [K in keyof RunSearch]: RunSearch[K] | undefined }): RunSearch {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as RunSearch;
}

/** Changes the address of the page. */
export type ChangeSearch = (change: { [K in keyof RunSearch]?: RunSearch[K] | undefined }) => void;
