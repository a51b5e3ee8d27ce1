import { expect, it } from "vitest";
import { openTimetable } from "../src/index.ts";

/** The dates after `from` until `to`, as UTC without seconds. */
function datesOf(schedule: string, timezone: string, from: string, to: string): string[] {
  const timetable = openTimetable({ schedule, timezone });
  if (timetable === null) throw new Error("there is no timetable");
  const dates: string[] = [];
  let date = timetable.dateAfter(Date.parse(from));
  while (date !== null && date <= Date.parse(to)) {
    dates.push(new Date(date).toISOString().slice(5, 16));
    date = timetable.dateAfter(date);
  }
  return dates;
}

it.each([
  // [what, schedule, zone, from, to, dates]
  // Paris goes from UTC+1 to UTC+2 on 29 March 2026 at 02:00, and back on 25 October at 03:00.
  [
    "midnight, spring",
    "@daily",
    "Europe/Paris",
    "2026-03-28T00:00Z",
    "2026-03-31T00:00Z",
    ["03-28T23:00", "03-29T22:00", "03-30T22:00"],
  ],
  [
    "midnight, autumn",
    "@daily",
    "Europe/Paris",
    "2026-10-24T00:00Z",
    "2026-10-27T00:00Z",
    ["10-24T22:00", "10-25T23:00", "10-26T23:00"],
  ],
  [
    "the missing half past two",
    "30 2 * * *",
    "Europe/Paris",
    "2026-03-28T00:00Z",
    "2026-03-31T00:00Z",
    ["03-28T01:30", "03-29T01:00", "03-30T00:30"],
  ],
  [
    "the doubled half past two",
    "30 2 * * *",
    "Europe/Paris",
    "2026-10-24T00:00Z",
    "2026-10-27T00:00Z",
    ["10-24T00:30", "10-25T00:30", "10-26T01:30"],
  ],
  [
    "every hour, spring",
    "@hourly",
    "Europe/Paris",
    "2026-03-28T23:30Z",
    "2026-03-29T03:00Z",
    ["03-29T00:00", "03-29T01:00", "03-29T02:00", "03-29T03:00"],
  ],
  [
    "every hour, autumn",
    "@hourly",
    "Europe/Paris",
    "2026-10-24T23:30Z",
    "2026-10-25T03:00Z",
    ["10-25T00:00", "10-25T01:00", "10-25T02:00", "10-25T03:00"],
  ],
  // New York goes from UTC-5 to UTC-4 on 8 March 2026 at 02:00, and back on 1 November at 02:00.
  [
    "midnight, spring",
    "@daily",
    "America/New_York",
    "2026-03-08T00:00Z",
    "2026-03-10T12:00Z",
    ["03-08T05:00", "03-09T04:00", "03-10T04:00"],
  ],
  [
    "midnight, autumn",
    "@daily",
    "America/New_York",
    "2026-10-31T12:00Z",
    "2026-11-03T12:00Z",
    ["11-01T04:00", "11-02T05:00", "11-03T05:00"],
  ],
  [
    "the missing half past two",
    "30 2 * * *",
    "America/New_York",
    "2026-03-07T00:00Z",
    "2026-03-09T12:00Z",
    ["03-07T07:30", "03-08T07:00", "03-09T06:30"],
  ],
  [
    "half past two, autumn",
    "30 2 * * *",
    "America/New_York",
    "2026-10-31T00:00Z",
    "2026-11-02T12:00Z",
    ["10-31T06:30", "11-01T07:30", "11-02T07:30"],
  ],
  [
    "the doubled half past one",
    "30 1 * * *",
    "America/New_York",
    "2026-10-31T00:00Z",
    "2026-11-02T12:00Z",
    ["10-31T05:30", "11-01T05:30", "11-02T06:30"],
  ],
  [
    "every hour, spring",
    "@hourly",
    "America/New_York",
    "2026-03-08T05:30Z",
    "2026-03-08T09:00Z",
    ["03-08T06:00", "03-08T07:00", "03-08T08:00", "03-08T09:00"],
  ],
  [
    "every hour, autumn",
    "@hourly",
    "America/New_York",
    "2026-11-01T04:30Z",
    "2026-11-01T08:00Z",
    ["11-01T05:00", "11-01T06:00", "11-01T07:00", "11-01T08:00"],
  ],
  [
    "an interval takes no notice",
    "@every 12h",
    "Europe/Paris",
    "2026-03-28T12:00Z",
    "2026-03-30T00:00Z",
    ["03-29T00:00", "03-29T12:00", "03-30T00:00"],
  ],
] as const)(
  "keeps the hours when the clocks change, %s: %s in %s",
  (_what, schedule, timezone, from, to, dates) => {
    expect(datesOf(schedule, timezone, from, to)).toEqual(dates);
  },
);
