// The unbounded dates of a schedule: by cron expression, by fixed interval, or only once.

import { intervalOf } from "@memodag/core";
import { Cron } from "croner";
import { WallClock } from "./wall-clock.ts";

/** The dates of a schedule without start or end. All times are milliseconds since the Unix epoch. */
export interface Dates {
  /** The first date after a time; `null` if there is none. */
  after(time: number): number | null;
  /** The last date at or before a time; `null` if there is none. */
  upTo(time: number): number | null;
}

/** How to read a schedule. */
export interface DatesRequest {
  readonly schedule: string;
  readonly timezone: string;
  /** The time from which intervals are counted. */
  readonly anchor: number;
}

/** The alias of a schedule with a single date. */
export const ONCE = "@once";

/**
 * Returns the dates of a cron expression, an alias or an interval.
 * @throws errors of croner and Intl for invalid input
 */
export function readDates({ schedule, timezone, anchor }: DatesRequest): Dates {
  const intervalMs = intervalOf(schedule);
  return intervalMs === null ? cronDates(schedule, timezone) : intervalDates(intervalMs, anchor);
}

/**
 * Croner yields the wall times that a schedule matches. At a clock change, schedules that run in every
 * hour keep running in real time; for schedules that name hours, each wall time occurs once.
 */
function cronDates(schedule: string, timezone: string): Dates {
  return runsInEveryHour(schedule)
    ? datesOfEachHour(schedule, timezone)
    : datesOfTheClock(schedule, timezone);
}

/**
 * True if a schedule matches every hour of the day. Croner would treat only `*` like this, not lists and
 * steps.
 */
function runsInEveryHour(schedule: string): boolean {
  const fields = schedule.trim().split(/\s+/);
  if (fields.length !== 5) return schedule.trim().toLowerCase() === "@hourly";
  const hours = new Cron(`0 ${fields[1]} * * *`, { mode: "5-part", utcOffset: 0 });
  const last = hours.nextRuns(24, new Date("1999-12-31T23:59:59Z")).at(-1);
  return last !== undefined && last.getTime() < Date.parse("2000-01-02T00:00:00Z");
}

function datesOfEachHour(schedule: string, timezone: string): Dates {
  // Without a callback, croner starts no timer.
  const cron = new Cron(schedule, { timezone, mode: "5-part" });
  return {
    after: (time) => cron.nextRun(new Date(time))?.getTime() ?? null,
    upTo: (time) => latestUpTo(cron, time),
  };
}

function datesOfTheClock(schedule: string, timezone: string): Dates {
  const cron = new Cron(schedule, { utcOffset: 0, mode: "5-part" });
  const clock = new WallClock(timezone);
  return {
    after(time) {
      let wall = cron.nextRun(new Date(clock.wallAt(time)));
      // Skip a wall time that is repeated, or that a clock change moved to the same moment as others.
      while (wall && clock.timeOf(wall.getTime()) <= time) wall = cron.nextRun(wall);
      return wall && clock.timeOf(wall.getTime());
    },
    upTo(time) {
      let wall = latestUpTo(cron, clock.wallAt(time) + clock.putBackBefore(time));
      while (wall !== null && clock.timeOf(wall) > time) wall = latestUpTo(cron, wall - 1);
      return wall === null ? null : clock.timeOf(wall);
    },
  };
}

/** Croner searches backwards from a whole second, and dates are whole minutes. */
function latestUpTo(cron: Cron, time: number): number | null {
  const [latest] = cron.previousRuns(1, new Date((Math.floor(time / 1_000) + 1) * 1_000));
  return latest?.getTime() ?? null;
}

function intervalDates(intervalMs: number, anchor: number): Dates {
  const upTo = (time: number): number => anchor + Math.floor((time - anchor) / intervalMs) * intervalMs;
  return { upTo, after: (time) => upTo(time) + intervalMs };
}
