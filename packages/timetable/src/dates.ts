// The dates of a schedule, whenever it begins or ends: by cron, by a fixed interval, or none but the first.

import { intervalOf } from "@memodag/core";
import { Cron } from "croner";
import { WallClock } from "./wall-clock.ts";

/** A schedule's dates without beginning or end. All times are milliseconds since the Unix epoch. */
export interface Dates {
  /** The first date after a time; `null`: there is none. */
  after(time: number): number | null;
  /** The last date at or before a time; `null`: there is none. */
  upTo(time: number): number | null;
}

/** How a schedule is to be read. */
export interface DatesRequest {
  readonly schedule: string;
  readonly timezone: string;
  /** Where intervals are counted from. */
  readonly anchor: number;
}

/** The alias of a schedule with one date. */
export const ONCE = "@once";

/**
 * The dates of a cron expression, an alias or an interval.
 * @throws whatever croner and Intl throw at what they cannot read
 */
export function readDates({ schedule, timezone, anchor }: DatesRequest): Dates {
  const intervalMs = intervalOf(schedule);
  return intervalMs === null ? cronDates(schedule, timezone) : intervalDates(intervalMs, anchor);
}

/**
 * Croner says which times of the clock a schedule names. When the clocks change, what runs in every hour goes
 * on as they show the times; of what names hours, each time of the clock comes once.
 */
function cronDates(schedule: string, timezone: string): Dates {
  return runsInEveryHour(schedule)
    ? datesOfEachHour(schedule, timezone)
    : datesOfTheClock(schedule, timezone);
}

/** True when a schedule leaves no hour of the day out. Croner would take lists and steps for such, too. */
function runsInEveryHour(schedule: string): boolean {
  const fields = schedule.trim().split(/\s+/);
  if (fields.length !== 5) return schedule.trim().toLowerCase() === "@hourly";
  const hours = new Cron(`0 ${fields[1]} * * *`, { mode: "5-part", utcOffset: 0 });
  const last = hours.nextRuns(24, new Date("1999-12-31T23:59:59Z")).at(-1);
  return last !== undefined && last.getTime() < Date.parse("2000-01-02T00:00:00Z");
}

function datesOfEachHour(schedule: string, timezone: string): Dates {
  // Without a function to call there is no timer either.
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
      // Shown for the second time, or passed over with others at the same moment.
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

/** Croner looks back from a whole second, and dates are whole minutes. */
function latestUpTo(cron: Cron, time: number): number | null {
  const [latest] = cron.previousRuns(1, new Date((Math.floor(time / 1_000) + 1) * 1_000));
  return latest?.getTime() ?? null;
}

function intervalDates(intervalMs: number, anchor: number): Dates {
  const upTo = (time: number): number => anchor + Math.floor((time - anchor) / intervalMs) * intervalMs;
  return { upTo, after: (time) => upTo(time) + intervalMs };
}
