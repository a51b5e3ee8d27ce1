// The dates of a schedule, whenever it begins or ends: by cron, by a fixed interval, or none but the first.

import { intervalOf } from "@memodag/core";
import { Cron } from "croner";

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
 * Croner's reading of the two changes of a year: an hour that is missing is made up for when it would have
 * ended, an hour that comes twice counts once, and what runs every so often goes on through both.
 */
function cronDates(schedule: string, timezone: string): Dates {
  // Without a function to call there is no timer either.
  const cron = new Cron(schedule, { timezone, mode: "5-part" });
  return {
    after: (time) => cron.nextRun(new Date(time))?.getTime() ?? null,
    upTo(time) {
      // Croner looks back from a whole second, and dates are whole minutes.
      const [latest] = cron.previousRuns(1, new Date((Math.floor(time / 1_000) + 1) * 1_000));
      return latest?.getTime() ?? null;
    },
  };
}

function intervalDates(intervalMs: number, anchor: number): Dates {
  const upTo = (time: number): number => anchor + Math.floor((time - anchor) / intervalMs) * intervalMs;
  return { upTo, after: (time) => upTo(time) + intervalMs };
}
