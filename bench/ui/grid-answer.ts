// A grid of any size, as the API answers it.

const LETTERS = ["H", "H", "H", "P", "s", "f", "x"];

/** Returns an answer of `runs` times `tasks` cells, which are always the same. */
export function gridAnswer(runs: number, tasks: number): object {
  const letterOf = (run: number, task: number): string =>
    LETTERS[(run * 7 + task * 3) % LETTERS.length] ?? "s";
  return {
    dagId: "shop",
    team: "default",
    tasks: Array.from({ length: tasks }, (_, task) => ({
      taskId: `task_${task}`,
      isMapped: task % 20 === 0,
    })),
    runs: Array.from({ length: runs }, (_, run) => ({
      runId: `manual__${run}`,
      state: "success",
      runType: "manual",
      revision: 1,
      version: `v${Math.floor(run / 30)}`,
      logicalDate: null,
      createdAt: new Date(1_790_000_000_000 - run * 60_000).toISOString(),
      startedAt: null,
      endedAt: null,
      hits: run,
      ran: tasks - run,
      failed: 0,
      savedMs: run * 900,
      workedMs: (runs - run) * 700,
      cells: Array.from({ length: tasks }, (_cell, task) => letterOf(run, task)).join(""),
      mapped: Object.fromEntries(
        Array.from({ length: Math.ceil(tasks / 20) }, (_cell, task) => [
          `task_${task * 20}`,
          { H: run + 1, P: 3, f: run % 2 },
        ]),
      ),
    })),
    next: null,
  };
}
