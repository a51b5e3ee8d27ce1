// Which date of a timetable is run next, given what was run, what was planned, and what time it is.

import type { Timetable } from "./timetable.ts";

/** How far a Dag has come on its schedule. Milliseconds since the Unix epoch. */
export interface ScheduleProgress {
  /** The latest date that was run; `null`: none yet. */
  readonly lastDate: number | null;
  /** The date that was to be next; it holds as long as it is one of the timetable's. */
  readonly plannedDate: number | null;
}

/**
 * The date whose run is next: due when it is not after `now`. Dates count from the last one that was run,
 * else from the timetable's first. Of those that have passed, the first is next with `catchup`, and the
 * last without.
 * @returns `null` when no date is left
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
