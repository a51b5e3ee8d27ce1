// The dates of a backfill: the dates of a schedule between two times, regardless of the Dag's own start
// and end.

import type { SerializedDag } from "@memodag/core";
import { ONCE, readDates } from "./dates.ts";
import { endOfTime, startOfTime } from "./local-time.ts";

/** An inclusive range of dates in ISO 8601, in the Dag's time zone if they have no offset. */
export interface DateRange {
  readonly from: string;
  /** A date without a time includes the whole day. */
  readonly to: string;
}

/**
 * Returns dates of a Dag's schedule, in milliseconds since the Unix epoch, in order and at most `limit`
 * of them. The Dag's own start and end dates do not apply; the caller sets the bounds.
 */
export function datesBetween(
  dag: Pick<SerializedDag, "schedule" | "timezone" | "startDate">,
  { from, to }: DateRange,
  limit: number,
): number[] {
  const { schedule, timezone, startDate } = dag;
  if (schedule === null || schedule === ONCE) return [];
  const anchor = startDate === undefined ? 0 : startOfTime(startDate, timezone);
  const dates = readDates({ schedule, timezone, anchor });
  const end = endOfTime(to, timezone);
  const found: number[] = [];
  let date = dates.after(startOfTime(from, timezone) - 1);
  while (date !== null && date <= end && found.length < limit) {
    found.push(date);
    date = dates.after(date);
  }
  return found;
}
