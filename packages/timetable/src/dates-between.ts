// The dates that a backfill fills: those of a schedule between two times, first and last date aside.

import type { SerializedDag } from "@memodag/core";
import { ONCE, readDates } from "./dates.ts";
import { endOfTime, startOfTime } from "./local-time.ts";

/** The times between which dates are asked for, both included: ISO 8601, in the Dag's zone without an offset. */
export interface DateRange {
  readonly from: string;
  /** A day alone includes the whole day. */
  readonly to: string;
}

/**
 * Dates of a Dag's schedule, in milliseconds since the Unix epoch, in order and at most `limit` of them.
 * What the Dag says of its first and last date does not bound them: whoever asks names the bounds.
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
