// Determines the next date of a timetable to run, from the dates that were run and planned and the
// current time.

import type { Timetable } from "./timetable.ts";

/** How far a Dag's schedule has progressed. Times are milliseconds since the Unix epoch. */
export interface ScheduleProgress {
  /** The latest date that was run; `null` if none. */
  readonly lastDate: number | null;
  /** The date that was planned next. It is kept if the timetable still contains it. */
  readonly plannedDate: number | null;
}

/**
 * Returns the date of the next run; it is due if it is not after `now`. Dates count from the last one
 * that was
 * run, or else from the timetable's first. If several have passed, the first is next with `catchup`, and
 * the
 * last without.
 * @returns `null` if no date is left
 */
export function nextDate(
  timetable: Timetable,
  progress: ScheduleProgress,
  now: number,
  catchup: boolean,
): number | null {
  const first = firstOpenDate(timetable, progress, now);
  if (first === null || first > now || catchup) return first;
  return Math.max(first, timetable.dateUpTo(now) ?? first);
}

function firstOpenDate(
  timetable: Timetable,
  { lastDate, plannedDate }: ScheduleProgress,
  now: number,
): number | null {
  if (lastDate !== null) return timetable.dateAfter(lastDate);
  if (plannedDate !== null && timetable.dateUpTo(plannedDate) === plannedDate) return plannedDate;
  return timetable.firstDate(now);
}
