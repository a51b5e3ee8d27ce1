// The grid of a Dag: its tasks, its runs, and one letter for each task of each run.

import {
  cellOf,
  readCell,
  type DagRun,
  type DagRunState,
  type InstanceCell,
  type SummedRun,
  type TaskInstanceState,
} from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { isoTime } from "../iso-time.ts";
import { readPage, type PageInput } from "../page.ts";
import { findTeam, getDag, type DagName } from "./find-dag.ts";

/** Selects the runs of a grid. */
export interface DagGridInput extends DagName, PageInput {
  /** Only these runs, such as those that have changed. Absent: the latest. */
  readonly runIds?: readonly string[] | undefined;
}

/** A row of a grid. */
export interface GridTask {
  readonly taskId: string;
  readonly isMapped: boolean;
}

/** A column of a grid. Times are ISO 8601, durations milliseconds. */
export interface GridRun {
  readonly runId: string;
  readonly state: DagRunState;
  readonly runType: DagRun["runType"];
  readonly revision: number;
  /** Digest of the version of the Dag; `null` if it is gone. */
  readonly version: string | null;
  readonly logicalDate: string | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** Task instances that were hits so far, that were started, and that failed. */
  readonly hits: number;
  readonly ran: number;
  readonly failed: number;
  readonly savedMs: number;
  readonly workedMs: number;
  /** A letter for each task of the grid: state and cache status; of several instances, those of the most urgent. */
  readonly cells: string;
  /** Of tasks with several instances: their number by letter. */
  readonly mapped: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** A grid: its tasks in the Dag's order, and runs, newest first. */
export interface DagGrid {
  readonly dagId: string;
  readonly team: string;
  readonly tasks: readonly GridTask[];
  readonly runs: readonly GridRun[];
  /** The cursor of older runs; `null`: there are none. */
  readonly next: string | null;
}

/** Default number of runs. */
const DEFAULT_LIMIT = 100;

/** A task that has no instances yet. */
const NOTHING_YET = cellOf({ state: "none", cacheStatus: null });

/** States in the order in which one of them stands for several instances. */
const URGENCY: readonly TaskInstanceState[] = [
  "failed",
  "upstream_failed",
  "running",
  "up_for_retry",
  "up_for_reschedule",
  "queued",
  "scheduled",
  "none",
  "success",
  "skipped",
  "removed",
];

/**
 * The grid of a Dag's runs. Its cost is that of tasks times runs, whatever the number of instances of mapped tasks, but for
 * runs that have not ended.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `cursor_invalid`.
 */
export async function dagGrid(
  { stores }: OperationContext,
  { runIds, limit = DEFAULT_LIMIT, after, ...name }: DagGridInput,
): Promise<DagGrid> {
  const { dagId } = name;
  const version = await getDag(stores.dags, name);
  const team = await findTeam(stores.dags, name);
  const list = { name: "runs", placeOf: ({ id }: DagRun) => id };
  const page = runIds
    ? { items: await findRuns(), next: null }
    : await readPage(list, { limit, after }, (query) => stores.runs.listRuns({ team, dagId, ...query }));
  const summed = await stores.views.sumUp(
    team,
    page.items.map(({ id }) => id),
  );
  const versionIds = [...new Set(page.items.map(({ dagVersionId }) => dagVersionId))];
  const digests = await stores.views.findVersionDigests(team, versionIds);
  const tasks = tasksOf(
    version.dag.tasks.map(({ taskId, expand }) => ({ taskId, isMapped: expand.length > 0 })),
    summed,
  );
  return {
    dagId,
    team,
    tasks,
    runs: page.items.flatMap((run) => {
      const sums = summed.get(run.id);
      return sums ? [columnOf(run, sums, tasks, digests.get(run.dagVersionId) ?? null)] : [];
    }),
    next: page.next,
  };

  async function findRuns(): Promise<DagRun[]> {
    const found = await Promise.all(
      [...new Set(runIds)].map((runId) => stores.runs.findRun(team, dagId, runId)),
    );
    return found.flatMap((run) => run ?? []).toSorted((a, b) => b.id - a.id);
  }
}

/** The tasks of the Dag as it is, and then those that only earlier versions had. */
function tasksOf(known: readonly GridTask[], summed: ReadonlyMap<number, SummedRun>): GridTask[] {
  const tasks = new Map(known.map((task) => [task.taskId, task]));
  for (const run of summed.values())
    for (const [taskId, { counts }] of run.tasks)
      if (!tasks.has(taskId)) tasks.set(taskId, { taskId, isMapped: sizeOf(counts) > 1 });
  return [...tasks.values()];
}

function columnOf(run: DagRun, sums: SummedRun, tasks: readonly GridTask[], version: string | null): GridRun {
  const mapped: Record<string, Readonly<Record<string, number>>> = {};
  const cells = tasks.map(({ taskId }) => {
    const counts = sums.tasks.get(taskId)?.counts ?? {};
    if (sizeOf(counts) > 1) mapped[taskId] = counts;
    return mostUrgent(Object.keys(counts)) ?? NOTHING_YET;
  });
  return {
    runId: run.runId,
    state: run.state,
    runType: run.runType,
    revision: run.revision,
    version,
    logicalDate: isoTime(run.logicalDate),
    createdAt: isoTime(run.createdAt),
    startedAt: isoTime(run.startedAt),
    endedAt: isoTime(run.endedAt),
    ...sums.run,
    cells: cells.join(""),
    mapped,
  };
}

function sizeOf(counts: Readonly<Record<string, number>>): number {
  let size = 0;
  for (const count of Object.values(counts)) size += count;
  return size;
}

function mostUrgent(letters: readonly string[]): string | undefined {
  let first: { letter: string; urgency: number } | undefined;
  for (const letter of letters) {
    const urgency = urgencyOf(readCell(letter));
    if (!first || urgency < first.urgency) first = { letter, urgency };
  }
  return first?.letter;
}

/** Of the same state, what ran comes before what was remembered. */
function urgencyOf(cell: InstanceCell | undefined): number {
  if (!cell) return URGENCY.length * 2;
  return URGENCY.indexOf(cell.state) * 2 + (cell.cacheStatus === "hit" ? 1 : 0);
}
