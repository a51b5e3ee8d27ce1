// How long the longest path is that begins with a task: started first, it delays the end of the run least. This is the
// critical path priority of list scheduling (Graham, "Bounds on Multiprocessing Timing Anomalies", 1969; Kwok and Ahmad,
// "Static Scheduling Algorithms for Allocating Directed Task Graphs to Multiprocessors", 1999).

import type { DagGraph } from "./dag-graph.ts";

/**
 * Returns the expected duration of the longest path from the start of each task to the end of the run, in milliseconds,
 * by the tasks' indexes.
 * @param expectedMs durations of tasks by their ids; a task that is not there is expected to take no time
 */
export function remainingPaths({ nodes }: DagGraph, expectedMs: ReadonlyMap<string, number>): number[] {
  const paths = nodes.map(() => 0);
  // Tasks are in an order in which each comes after those that it waits for.
  for (const { index, task, downstream } of nodes.toReversed()) {
    const rest = downstream.reduce((longest, below) => Math.max(longest, paths[below] ?? 0), 0);
    paths[index] = (expectedMs.get(task.taskId) ?? 0) + rest;
  }
  return paths;
}
