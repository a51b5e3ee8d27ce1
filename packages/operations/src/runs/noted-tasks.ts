// The tasks of runs to look at: those that failed, and those that run now.

import { readCell, type DagRun, type RunViews, type TaskInstanceState, type TaskSums } from "@memodag/core";

/** Returns the ids of tasks with an instance in a state. */
export function tasksIn(tasks: ReadonlyMap<string, TaskSums>, state: TaskInstanceState): string[] {
  return [...tasks].flatMap(([taskId, { counts }]) =>
    Object.keys(counts).some((letter) => readCell(letter)?.state === state) ? [taskId] : [],
  );
}

/** Finds, by the numbers of runs, the tasks that failed in failed runs, and those that run in running ones. */
export async function findNotedTasks(
  views: RunViews,
  runs: readonly DagRun[],
): Promise<ReadonlyMap<number, readonly string[]>> {
  const found = new Map<number, readonly string[]>();
  for (const [team, ofTeam] of Map.groupBy(runs, (run) => run.team)) {
    const idsOf = (state: DagRun["state"]): number[] =>
      ofTeam.filter((run) => run.state === state).map(({ id }) => id);
    const [running, failed] = [idsOf("running"), idsOf("failed")];
    for (const [id, taskIds] of await views.listRunningTasks(team, running)) found.set(id, taskIds);
    for (const [id, { tasks }] of await views.sumUp(team, failed)) found.set(id, tasksIn(tasks, "failed"));
  }
  return found;
}
