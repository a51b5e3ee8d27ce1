// The dates of a Dag: its schedule between its start and end dates.

import type { SerializedDag } from "@memodag/core";
import { ONCE, readDates, type Dates } from "./dates.ts";
import { endOfTime, startOfTime } from "./local-time.ts";

/** The options of a Dag that determine when it runs. */
export type ScheduleOptions = Pick<SerializedDag, "schedule" | "timezone" | "startDate" | "endDate">;

/** The dates of a Dag. All times are milliseconds since the Unix epoch. */
export interface Timetable {
  /** The first date of a Dag that is first seen at `now`; `null` if there is none. */
  firstDate(now: number): number | null;
  /** The first date after a time; `null` if there is none. */
  dateAfter(time: number): number | null;
  /** The last date at or before a time; `null` if there is none. */
  dateUpTo(time: number): number | null;
}

/** Returns the dates of a Dag, or `null` if it has no schedule. Throws if the schedule is invalid. */
export function openTimetable(options: ScheduleOptions): Timetable | null {
  const { schedule, timezone } = options;
  if (schedule === null) return null;
  const start = options.startDate === undefined ? null : startOfTime(options.startDate, timezone);
  const end = options.endDate === undefined ? null : endOfTime(options.endDate, timezone);
  if (schedule === ONCE) return onceAt(start, end);
  return withinBounds(readDates({ schedule, timezone, anchor: start ?? 0 }), start, end);
}

/** A single date: the start date, or the time at which the Dag is first seen. */
function onceAt(start: number | null, end: number | null): Timetable {
  const isOver = (date: number) => end !== null && date > end;
  return {
    firstDate: (now) => (isOver(start ?? now) ? null : (start ?? now)),
    dateAfter: () => null,
    dateUpTo: (time) => (isOver(time) || (start !== null && start > time) ? null : (start ?? time)),
  };
}

function withinBounds(dates: Dates, start: number | null, end: number | null): Timetable {
  const notPastEnd = (date: number | null) => (date === null || (end !== null && date > end) ? null : date);
  const dateAfter = (time: number) =>
    notPastEnd(dates.after(start === null ? time : Math.max(time, start - 1)));
  return {
    dateAfter,
    firstDate: (now) => dateAfter(start === null ? now : start - 1),
    dateUpTo(time) {
      const latest = dates.upTo(end === null ? time : Math.min(time, end));
      return latest === null || (start !== null && latest < start) ? null : latest;
    },
  };
}
