// The data of a grid: how answers of the API are joined, so that a change costs the columns that it is about.

import type { OutputOf } from "../../data/api.ts";

/** An answer of the API. */
export type GridAnswer = Pick<OutputOf<"dags.grid">, "tasks" | "runs" | "next">;

/** A column. */
export type GridRun = GridAnswer["runs"][number];

/** A row. */
export type GridTask = GridAnswer["tasks"][number];

/** The letter of a task that a run does not have. */
const NO_CELL = ".";

/**
 * Joins an answer about changed runs: those that are known are replaced, newer ones come first. One that is older than
 * all that are known is on a page that has not been read.
 */
export function joinChanges(known: GridAnswer, changes: GridAnswer): GridAnswer {
  const { tasks, align } = alignTasks(known, changes);
  const changed = new Map(changes.runs.map((run) => [run.runId, align(changes, run)]));
  const kept = known.runs.map((run) => {
    const other = changed.get(run.runId);
    changed.delete(run.runId);
    // Answers may arrive in another order than they were asked for.
    return other && other.revision >= run.revision ? other : align(known, run);
  });
  const oldest = known.next === null ? undefined : known.runs.at(-1);
  const newer = [...changed.values()].filter((run) => !oldest || run.createdAt >= oldest.createdAt);
  return { tasks, runs: [...newer, ...kept], next: known.next };
}

/** Joins the page of older runs that follows. */
export function joinOlder(known: GridAnswer, older: GridAnswer): GridAnswer {
  const { tasks, align } = alignTasks(known, older);
  const ids = new Set(known.runs.map(({ runId }) => runId));
  const others = older.runs.filter(({ runId }) => !ids.has(runId));
  return {
    tasks,
    runs: [...known.runs.map((run) => align(known, run)), ...others.map((run) => align(older, run))],
    next: older.next,
  };
}

/** Tasks that only some versions of the Dag have are in some answers alone. */
function alignTasks(
  first: GridAnswer,
  second: GridAnswer,
): { readonly tasks: readonly GridTask[]; readonly align: (answer: GridAnswer, run: GridRun) => GridRun } {
  const known = new Set(first.tasks.map(({ taskId }) => taskId));
  const tasks = [...first.tasks, ...second.tasks.filter(({ taskId }) => !known.has(taskId))];
  const ids = tasks.map(({ taskId }) => taskId);
  const align = (answer: GridAnswer, run: GridRun): GridRun => {
    const isSame =
      answer.tasks.length === ids.length && answer.tasks.every(({ taskId }, index) => taskId === ids[index]);
    if (isSame) return run;
    const at = new Map(answer.tasks.map(({ taskId }, index) => [taskId, index]));
    const cells = ids.map((taskId) => run.cells.charAt(at.get(taskId) ?? -1) || NO_CELL).join("");
    return { ...run, cells };
  };
  return { tasks, align };
}
