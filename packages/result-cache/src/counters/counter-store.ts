// Where counts are kept that outlive a process.

import type { TaskCounts, TaskName } from "./cache-counts.ts";

/** Whose counts are meant; every field narrows. All text is matched whole. */
export type CounterFilter = Partial<TaskName>;

/** Keeps one line of counts for each task of each team. */
export interface CounterStore {
  /** Adds to what is kept, all of it or nothing. */
  add(counts: readonly TaskCounts[]): Promise<void>;
  /** In order of team, Dag and task. */
  list(filter: CounterFilter): Promise<TaskCounts[]>;
}
