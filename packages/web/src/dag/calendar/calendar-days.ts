// The days of a year as weeks, with the runs of each.

import type { OutputOf } from "../../data/api.ts";

const DAY_MS = 86_400_000;

/** A day with runs. */
export type RunDay = OutputOf<"dags.calendar">[number];

/** A square of the calendar. */
export interface CalendarSquare {
  /** Such as `2026-11-03`, in UTC. */
  readonly date: string;
  readonly week: number;
  /** 0: Monday. */
  readonly weekday: number;
  /** Absent: no runs. */
  readonly day?: RunDay;
  /** 0: no runs, to 4: as many as on the busiest day. */
  readonly level: number;
}

/** Returns the squares of the 53 weeks up to a day. @param today milliseconds since the Unix epoch */
export function calendarSquares(days: readonly RunDay[], today: number): CalendarSquare[] {
  const byDate = new Map(days.map((day) => [day.day, day]));
  const most = days.reduce((max, day) => Math.max(max, runsOf(day)), 1);
  const last = Math.floor(today / DAY_MS);
  const start = last - weekdayOf(last) - 52 * 7;
  return Array.from({ length: last - start + 1 }, (_, offset) => {
    const date = new Date((start + offset) * DAY_MS).toISOString().slice(0, 10);
    const day = byDate.get(date);
    const place = { date, week: Math.floor(offset / 7), weekday: offset % 7 };
    if (!day) return { ...place, level: 0 };
    return { ...place, day, level: Math.max(1, Math.ceil((runsOf(day) / most) * 4)) };
  });
}

/** The first day of the Unix epoch was a Thursday. */
function weekdayOf(day: number): number {
  return (day + 3) % 7;
}

/** How many runs a day has. */
export function runsOf({ queued, running, success, failed }: RunDay): number {
  return queued + running + success + failed;
}
