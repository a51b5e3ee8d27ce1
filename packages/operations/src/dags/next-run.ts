// Computes when a Dag's schedule creates its next run, whether or not a scheduler has planned it yet.

import type { DagSummary } from "@memodag/core";
import type { Stores } from "../context.ts";

/** A Dag as `dags list` shows it. */
export interface ScheduledDag extends DagSummary {
  /** The logical date of its next scheduled run; see {@link findNextRun}. */
  readonly nextRun: number | null;
}

/** All Dags, or those with this id. */
export async function listScheduledDags(
  stores: Pick<Stores, "dags" | "schedules">,
  { team, dagId }: { readonly team?: string | undefined; readonly dagId?: string },
): Promise<ScheduledDag[]> {
  const now = await stores.schedules.readClock();
  const dags = await stores.dags.listDags(team);
  const wanted = dags.filter((dag) => dagId === undefined || dag.dagId === dagId);
  return await Promise.all(
    wanted.map(async (dag) => ({ ...dag, nextRun: await findNextRun(stores, dag, now) })),
  );
}

/**
 * The logical date of the Dag's next scheduled run, in milliseconds since the Unix epoch; one in the past
 * waits for a scheduler or for capacity. `null`: there is none, or the Dag is paused.
 */
async function findNextRun(
  { dags }: Pick<Stores, "dags">,
  { isPaused, schedule, plan, versionId }: DagSummary,
  now: number,
): Promise<number | null> {
  if (isPaused || schedule === null) return null;
  const isPlanned = plan.versionId === versionId && (plan.nextDate === null || plan.nextDate > now);
  if (isPlanned) return plan.nextDate;
  const { nextDate, openTimetable } = await import("@memodag/timetable");
  const { dag } = await dags.getDagVersion(versionId);
  const progress = { lastDate: plan.lastDate, plannedDate: plan.nextDate };
  try {
    const timetable = openTimetable(dag);
    return timetable && nextDate(timetable, progress, now, dag.catchup);
  } catch {
    // A schedule that an earlier version of the program accepted may have no dates; the scheduler logs why.
    return null;
  }
}
