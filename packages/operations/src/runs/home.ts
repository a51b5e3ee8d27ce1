// The state of things at a glance: sums of the last days, runs in progress, failures, and why tasks ran.

import { readCell, type DagRun, type MissCount, type SummedRun, type TaskInstanceState } from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { daysOf, type CalendarDay } from "../dags/dag-calendar.ts";
import { isoTime } from "../iso-time.ts";
import { summarizeRun, type RunSummaryReport } from "./list-runs.ts";
import { tasksIn } from "./noted-tasks.ts";

const DAY_MS = 86_400_000;

/** Runs of a list. */
const MOST_RUNS = 10;

/** Selects a team and a time. */
export interface HomeInput {
  readonly team?: string | undefined;
  /** Number of days, this one included. Default: 7. */
  readonly days?: number | undefined;
}

/** A run with the tasks that it is about. */
export interface NotedRun extends RunSummaryReport {
  /** Of runs in progress: task instances by state. Of failures: those that failed. */
  readonly tasks: Readonly<Partial<Record<TaskInstanceState, number>>>;
  /** Tasks with instances that run, or that failed: the first of them. */
  readonly taskIds: readonly string[];
}

/** The state of things. */
export interface HomeReport {
  /** ISO 8601: the beginning of the first day, in UTC. */
  readonly from: string;
  /** Days on which runs ended, by when they did. */
  readonly days: readonly CalendarDay[];
  /** How many runs have not ended. */
  readonly activeCount: number;
  /** The newest of them. */
  readonly active: readonly NotedRun[];
  /** The latest failures since `from`, the last first. */
  readonly failures: readonly NotedRun[];
  /** Why instances did not hit since `from`, the most frequent reason first. */
  readonly misses: readonly MissCount[];
}

/** Reports the state of things, of a team or of all. */
export async function showHome(
  { stores, clock }: OperationContext,
  { team, days = 7 }: HomeInput,
): Promise<HomeReport> {
  const { views, runs } = stores;
  const tomorrow = (Math.floor(clock.now() / DAY_MS) + 1) * DAY_MS;
  const from = tomorrow - days * DAY_MS;
  const ofTeam = team === undefined ? {} : { team };
  const unfinished = await views.listRevisions(ofTeam);
  const newest = unfinished.slice(-MOST_RUNS).toReversed();
  const found = await Promise.all(newest.map((run) => runs.findRun(run.team, run.dagId, run.runId)));
  const failures = await views.listFailures(team, from, MOST_RUNS);
  return {
    from: isoTime(from),
    days: daysOf(await views.sumByDay({ ...ofTeam, by: "end", from, before: tomorrow })),
    activeCount: unfinished.length,
    active: await noteAll(
      found.flatMap((run) => run ?? []),
      "running",
    ),
    failures: await noteAll(failures, "failed"),
    misses: await views.countMisses(team, from),
  };

  async function noteAll(some: readonly DagRun[], about: TaskInstanceState): Promise<NotedRun[]> {
    const noted: NotedRun[] = [];
    for (const run of some) {
      const sums = (await views.sumUp(run.team, [run.id])).get(run.id);
      if (sums) noted.push(note(run, sums, about));
    }
    return noted;
  }
}

function note(run: DagRun, { tasks }: SummedRun, about: TaskInstanceState): NotedRun {
  const byState: Partial<Record<TaskInstanceState, number>> = {};
  for (const { counts } of tasks.values()) {
    for (const [letter, count] of Object.entries(counts)) {
      const state = readCell(letter)?.state ?? "none";
      byState[state] = (byState[state] ?? 0) + count;
    }
  }
  return { ...summarizeRun(run, false), tasks: byState, taskIds: tasksIn(tasks, about).slice(0, MOST_RUNS) };
}
