// Decides the next step of a Dag's schedule: the run of a date that has come, and the next date to wait for.

import type { DueDag, SerializedDag } from "@memodag/core";
import { nextDate, openTimetable } from "@memodag/timetable";

/** A step along a Dag's schedule. Milliseconds since the Unix epoch. */
export interface ScheduleStep {
  /** The date whose run is due; `null`: none is. */
  readonly runDate: number | null;
  readonly nextDate: number | null;
  readonly lastDate: number | null;
}

/**
 * The next step of a Dag, at `now`.
 * @throws when the schedule cannot be read.
 */
export function nextStep(
  dag: SerializedDag,
  { lastDate, nextDate: plannedDate }: Pick<DueDag, "lastDate" | "nextDate">,
  now: number,
): ScheduleStep {
  const timetable = openTimetable(dag);
  if (timetable === null) return { runDate: null, nextDate: null, lastDate };
  const date = nextDate(timetable, { lastDate, plannedDate }, now, dag.catchup);
  if (date === null || date > now) return { runDate: null, nextDate: date, lastDate };
  const following = nextDate(timetable, { lastDate: date, plannedDate: null }, now, dag.catchup);
  return { runDate: date, nextDate: following, lastDate: date };
}
