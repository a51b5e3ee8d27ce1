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

/** Whole days around the change, in each zone: what its clocks show, and the dates in UTC. */
const CHANGES = [
  // Berlin: 02:00 is followed by 03:00, at 01:00 UTC; in autumn 03:00 by 02:00, at the same.
  { zone: "Europe/Berlin", from: "2026-03-28T23:00Z", to: "2026-03-29T03:59Z", season: "spring" },
  { zone: "Europe/Berlin", from: "2026-10-24T22:00Z", to: "2026-10-25T04:59Z", season: "autumn" },
  // New York: 02:00 is followed by 03:00, at 07:00 UTC; in autumn by 01:00, at 06:00 UTC.
  { zone: "America/New_York", from: "2026-03-08T05:00Z", to: "2026-03-08T09:59Z", season: "spring" },
  { zone: "America/New_York", from: "2026-11-01T04:00Z", to: "2026-11-01T10:59Z", season: "autumn" },
  // Lord Howe: 02:00 is followed by 02:30, at 15:30 UTC; in autumn by 01:30, at 15:00 UTC.
  { zone: "Australia/Lord_Howe", from: "2026-10-03T13:30Z", to: "2026-10-03T18:59Z", season: "spring" },
  { zone: "Australia/Lord_Howe", from: "2026-04-04T13:00Z", to: "2026-04-04T19:29Z", season: "autumn" },
] as const;

/** Hours and minutes as the zone's clocks show them. */
function clockTimes(schedule: string, { zone, from, to }: (typeof CHANGES)[number]): string[] {
  const format = new Intl.DateTimeFormat("sv", { timeZone: zone, hour: "2-digit", minute: "2-digit" });
  const before = new Date(Date.parse(from) - 1).toISOString();
  return datesOf(schedule, zone, before, to).map((date) => format.format(Date.parse(`2026-${date}Z`)));
}

it.each([
  // [schedule, then by change: spring and autumn of Berlin, of New York, of Lord Howe]
  [
    "0,30 2 * * *",
    ["03:00"],
    ["02:00", "02:30"],
    ["03:00"],
    ["02:00", "02:30"],
    ["02:30"],
    ["02:00", "02:30"],
  ],
  [
    "*/15 2 * * *",
    ["03:00"],
    ["02:00", "02:15", "02:30", "02:45"],
    ["03:00"],
    ["02:00", "02:15", "02:30", "02:45"],
    ["02:30", "02:45"],
    ["02:00", "02:15", "02:30", "02:45"],
  ],
  [
    "0 2-4 * * *",
    ["03:00", "04:00"],
    ["02:00", "03:00", "04:00"],
    ["03:00", "04:00"],
    ["02:00", "03:00", "04:00"],
    ["02:30", "03:00", "04:00"],
    ["02:00", "03:00", "04:00"],
  ],
  ["30 1 * * *", ["01:30"], ["01:30"], ["01:30"], ["01:30"], ["01:30"], ["01:30"]],
  [
    "15,45 1 * * *",
    ["01:15", "01:45"],
    ["01:15", "01:45"],
    ["01:15", "01:45"],
    ["01:15", "01:45"],
    ["01:15", "01:45"],
    ["01:15", "01:45"],
  ],
  [
    "30 1-2 * * *",
    ["01:30", "03:00"],
    ["01:30", "02:30"],
    ["01:30", "03:00"],
    ["01:30", "02:30"],
    ["01:30", "02:30"],
    ["01:30", "02:30"],
  ],
  [
    "0 */2 * * *",
    ["00:00", "03:00", "04:00"],
    ["00:00", "02:00", "04:00"],
    ["00:00", "03:00", "04:00"],
    ["00:00", "02:00", "04:00"],
    ["00:00", "02:30", "04:00"],
    ["00:00", "02:00", "04:00"],
  ],
] as const)("gives each time of the clock once when it changes: %s", (schedule, ...expected) => {
  expect(CHANGES.map((change) => clockTimes(schedule, change))).toEqual(expected);
});

it.each([
  ["*/20 * * * *", 20],
  ["0,30 * * * *", 30],
  ["*/30 0-23 * * *", 30],
  ["5 */1 * * *", 60],
] as const)("goes on through a change by an hour in what runs in every hour: %s", (schedule, minutes) => {
  for (const { zone, from, to } of CHANGES.slice(0, 4)) {
    const dates = datesOf(schedule, zone, from, to).map((date) => Date.parse(`2026-${date}Z`));
    const gaps = dates.slice(1).map((date, index) => (date - (dates[index] ?? 0)) / 60_000);
    expect(dates.length).toBeGreaterThan(3);
    expect(new Set(gaps)).toEqual(new Set([minutes]));
  }
});

it("looks back to the dates that it gives forward, whenever it is asked", () => {
  for (const schedule of ["0,30 2 * * *", "*/15 1-2 * * *", "0 */2 * * *", "30 1 * * *", "0 * * * *"]) {
    for (const { zone, from, to } of CHANGES) {
      const timetable = openTimetable({ schedule, timezone: zone });
      const begin = Date.parse(from);
      let latest = timetable?.dateUpTo(begin) ?? null;
      for (let time = begin; time <= Date.parse(to); time += 5 * 60_000) {
        const next = timetable?.dateAfter(time - 1) ?? null;
        if (next === time) latest = time;
        expect([schedule, zone, time, timetable?.dateUpTo(time + 1)]).toEqual([schedule, zone, time, latest]);
      }
    }
  }
});
