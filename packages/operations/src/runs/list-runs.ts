// Lists runs, newest first.

import type { DagRun, DagRunState, RunFilter, RunSelection } from "@memodag/core";
import { listInterruptedRuns } from "@memodag/scheduler";
import type { OperationContext } from "../context.ts";
import { getDag } from "../dags/find-dag.ts";
import { isoTime } from "../iso-time.ts";
import { readPage, type Page, type PageInput } from "../page.ts";
import { readWrittenTime } from "../written-time.ts";
import { findNotedTasks } from "./noted-tasks.ts";

/** Selects runs. */
export interface ListRunsInput extends PageInput {
  readonly dagId?: string | undefined;
  readonly team?: string | undefined;
  readonly state?: DagRunState | undefined;
  readonly runType?: DagRun["runType"] | undefined;
  /** ISO 8601: created then or later. */
  readonly from?: string | undefined;
  /** ISO 8601: created before. */
  readonly to?: string | undefined;
  /** A part of the run's id or of its Dag's, in any case. */
  readonly text?: string | undefined;
}

/** A run in a list. Times are ISO 8601. */
export interface RunSummaryReport {
  readonly dagId: string;
  readonly runId: string;
  readonly team: string;
  readonly runType: DagRun["runType"];
  readonly state: DagRunState;
  /** Number of changes to the run or its task instances so far. */
  readonly revision: number;
  /** True when it was started and no process works on it. */
  readonly isInterrupted: boolean;
  readonly logicalDate: string | null;
  /** The tasks that run; `null`: all. */
  readonly selection: RunSelection | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly processesSpawned: number;
  /** Round trips to the cache. */
  readonly lookups: number;
  /** Task instances that were hits; `null` until the run has ended, as the four that follow. */
  readonly hits: number | null;
  /** Task instances that were started. */
  readonly ran: number | null;
  /** Task instances that failed. */
  readonly failed: number | null;
  /** Milliseconds that the results of hits once took. */
  readonly savedMs: number | null;
  /** Milliseconds that the latest attempts of the others took. */
  readonly workedMs: number | null;
}

/** A run in a list, with the tasks to look at. */
export interface ListedRunReport extends RunSummaryReport {
  /** Of a failed run, tasks with instances that failed; of a running one, those that run now: at most 5 of them. */
  readonly taskIds: readonly string[];
  /** How many such tasks there are. */
  readonly taskCount: number;
}

const NO_SUMS = { hits: null, ran: null, failed: null, savedMs: null, workedMs: null } as const;

/** Tasks that are named. */
const MOST_NOTED = 5;

/** Default number of runs on a page. */
const DEFAULT_LIMIT = 50;

/**
 * Lists runs of one Dag, or of all.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `cursor_invalid`, `usage`.
 */
export async function listRuns(
  { stores: { runs, dags, views } }: OperationContext,
  { dagId, team, limit = DEFAULT_LIMIT, after, ...conditions }: ListRunsInput,
): Promise<Page<ListedRunReport>> {
  const place = { ...(team !== undefined && { team }), ...(dagId !== undefined && { dagId }) };
  const filter = { ...place, ...readConditions(conditions) };
  const list = { name: "runs", placeOf: ({ id }: DagRun) => id };
  const page = await readPage(list, { limit, after }, (query) => runs.listRuns({ ...filter, ...query }));
  // An empty list is only correct for a Dag that exists.
  if (page.items.length === 0 && after === undefined && dagId !== undefined)
    await getDag(dags, { dagId, team });
  const interrupted = new Set((await listInterruptedRuns(runs, place)).map(({ id }) => id));
  const noted = await findNotedTasks(views, page.items);
  return {
    ...page,
    items: page.items.map((run) => {
      const taskIds = noted.get(run.id) ?? [];
      return {
        ...summarizeRun(run, interrupted.has(run.id)),
        taskIds: taskIds.slice(0, MOST_NOTED),
        taskCount: taskIds.length,
      };
    }),
  };
}

function readConditions({ state, runType, from, to, text }: ListRunsInput): Omit<RunFilter, "limit"> {
  return {
    ...(state !== undefined && { state }),
    ...(runType !== undefined && { runType }),
    ...(from !== undefined && { createdFrom: readWrittenTime("from", from) }),
    ...(to !== undefined && { createdBefore: readWrittenTime("to", to) }),
    ...(text !== undefined && { text }),
  };
}

/** Reports a run as lists show it. */
export function summarizeRun(run: DagRun, isInterrupted: boolean): RunSummaryReport {
  return {
    dagId: run.dagId,
    runId: run.runId,
    team: run.team,
    runType: run.runType,
    state: run.state,
    revision: run.revision,
    isInterrupted,
    logicalDate: isoTime(run.logicalDate),
    selection: run.selection ?? null,
    createdAt: isoTime(run.createdAt),
    startedAt: isoTime(run.startedAt),
    endedAt: isoTime(run.endedAt),
    processesSpawned: run.processesSpawned,
    lookups: run.lookups,
    ...(run.sums ?? NO_SUMS),
  };
}
