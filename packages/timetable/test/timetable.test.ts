import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { datesBetween, nextDate, openTimetable, type ScheduleOptions, type Timetable } from "../src/index.ts";

const SCHEDULES = [
  "@daily",
  "@hourly",
  "30 2 * * *",
  "*/20 1-3 * * *",
  "0 9 * * MON-FRI",
  "0 0 1 * *",
  "@every 45m",
];
const ZONES = ["UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"];

function timetableOf(options: Partial<ScheduleOptions>): Timetable {
  const timetable = openTimetable({ schedule: "@daily", timezone: "UTC", ...options });
  if (timetable === null) throw new Error("there is no timetable");
  return timetable;
}

const at = (text: string): number => Date.parse(text);
const shown = (time: number | null): string | null => (time === null ? null : new Date(time).toISOString());

const anyTimetable = fc
  .record({ schedule: fc.constantFrom(...SCHEDULES), timezone: fc.constantFrom(...ZONES) })
  .map((options) => timetableOf(options));
const anyTime = fc.integer({ min: at("2024-01-01T00:00Z"), max: at("2029-01-01T00:00Z") });

describe("the dates of a timetable", () => {
  it("lie after one time and up to another, with none between", () => {
    fc.assert(
      fc.property(anyTimetable, anyTime, (timetable, time) => {
        const next = timetable.dateAfter(time);
        const latest = timetable.dateUpTo(time);
        if (next === null || latest === null) throw new Error("these schedules go on");
        expect(next).toBeGreaterThan(time);
        expect(latest).toBeLessThanOrEqual(time);
        expect(timetable.dateAfter(latest)).toBe(next);
        expect(timetable.dateUpTo(next)).toBe(next);
        expect(timetable.dateUpTo(next - 1)).toBe(latest);
      }),
      { numRuns: 150 },
    );
  });

  it("begin and end with the Dag's, in its zone, both included", () => {
    const timetable = timetableOf({
      timezone: "Europe/Paris",
      startDate: "2026-03-01",
      endDate: "2026-03-02",
    });
    expect(shown(timetable.firstDate(at("2026-05-01T00:00Z")))).toBe("2026-02-28T23:00:00.000Z");
    expect(shown(timetable.dateAfter(at("2020-01-01T00:00Z")))).toBe("2026-02-28T23:00:00.000Z");
    expect(shown(timetable.dateAfter(at("2026-02-28T23:00Z")))).toBe("2026-03-01T23:00:00.000Z");
    expect(timetable.dateAfter(at("2026-03-01T23:00Z"))).toBeNull();
    expect(shown(timetable.dateUpTo(at("2026-09-01T00:00Z")))).toBe("2026-03-01T23:00:00.000Z");
    expect(timetable.dateUpTo(at("2026-02-28T22:59Z"))).toBeNull();
  });

  it("of an interval are counted from the first date, or from the epoch", () => {
    const counted = timetableOf({ schedule: "@every 90m", startDate: "2026-01-01T00:10:00Z" });
    expect(shown(counted.dateAfter(at("2026-01-01T00:10Z")))).toBe("2026-01-01T01:40:00.000Z");
    expect(shown(timetableOf({ schedule: "@every 15m" }).dateAfter(at("2026-01-01T00:07Z")))).toBe(
      "2026-01-01T00:15:00.000Z",
    );
  });

  it("of a schedule without any are none", () => {
    expect(openTimetable({ schedule: null, timezone: "UTC" })).toBeNull();
  });
});

describe("the next date", () => {
  const daily = timetableOf({});
  const now = at("2026-03-10T12:00Z");
  const next = (
    timetable: Timetable,
    lastDate: string | null,
    catchup: boolean,
    plannedDate: string | null = null,
  ) =>
    shown(
      nextDate(
        timetable,
        {
          lastDate: lastDate === null ? null : at(lastDate),
          plannedDate: plannedDate === null ? null : at(plannedDate),
        },
        now,
        catchup,
      ),
    );

  it("of a Dag without a first date is the next that comes", () => {
    expect(next(daily, null, false)).toBe("2026-03-11T00:00:00.000Z");
    expect(next(daily, null, true)).toBe("2026-03-11T00:00:00.000Z");
  });

  it("of a Dag with a first date in the past is the latest, or with catchup the first", () => {
    const since = timetableOf({ startDate: "2026-03-01" });
    expect(next(since, null, false)).toBe("2026-03-10T00:00:00.000Z");
    expect(next(since, null, true)).toBe("2026-03-01T00:00:00.000Z");
  });

  it("passes over what was missed, or with catchup makes up for it", () => {
    expect(next(daily, "2026-03-07T00:00Z", false)).toBe("2026-03-10T00:00:00.000Z");
    expect(next(daily, "2026-03-07T00:00Z", true)).toBe("2026-03-08T00:00:00.000Z");
    expect(next(daily, "2026-03-10T00:00Z", false)).toBe("2026-03-11T00:00:00.000Z");
  });

  it("that was planned stands while it is one of the timetable's", () => {
    expect(next(daily, null, true, "2026-03-09T00:00Z")).toBe("2026-03-09T00:00:00.000Z");
    expect(next(daily, null, false, "2026-03-09T00:00Z")).toBe("2026-03-10T00:00:00.000Z");
    expect(next(daily, null, true, "2026-03-09T06:00Z")).toBe("2026-03-11T00:00:00.000Z");
  });

  it("of @once is its first date, once", () => {
    expect(next(timetableOf({ schedule: "@once" }), null, false)).toBe("2026-03-10T12:00:00.000Z");
    expect(next(timetableOf({ schedule: "@once", startDate: "2026-04-01" }), null, false)).toBe(
      "2026-04-01T00:00:00.000Z",
    );
    expect(next(timetableOf({ schedule: "@once" }), "2026-03-10T12:00Z", true)).toBeNull();
  });

  it("is none after the last", () => {
    expect(next(timetableOf({ endDate: "2026-03-10" }), "2026-03-10T00:00Z", true)).toBeNull();
  });

  it("goes through every date with catchup, and through none twice without", () => {
    fc.assert(
      fc.property(
        anyTimetable,
        anyTime,
        fc.array(fc.integer({ min: 0, max: 200_000_000 }), { maxLength: 6 }),
        (timetable, start, waits) => {
          for (const catchup of [true, false]) {
            let time = start;
            let lastDate = timetable.dateUpTo(start);
            for (const wait of waits) {
              time += wait;
              for (;;) {
                const date = nextDate(timetable, { lastDate, plannedDate: null }, time, catchup);
                if (date === null || date > time) break;
                expect(date).toBeGreaterThan(lastDate ?? 0);
                expect(date).toBe(catchup ? timetable.dateAfter(lastDate ?? 0) : timetable.dateUpTo(time));
                lastDate = date;
              }
              expect(lastDate).toBe(timetable.dateUpTo(time));
            }
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe("the dates between two times", () => {
  it("include whole days of the Dag's zone, whatever its first and last date", () => {
    const dag = { schedule: "0 */12 * * *", timezone: "America/New_York", startDate: "2027-01-01" };
    expect(datesBetween(dag, { from: "2026-03-07", to: "2026-03-08" }, 9).map(shown)).toEqual([
      "2026-03-07T05:00:00.000Z",
      "2026-03-07T17:00:00.000Z",
      "2026-03-08T05:00:00.000Z",
      "2026-03-08T16:00:00.000Z",
    ]);
  });

  it("include times to the millisecond, with an offset or in the zone", () => {
    const dag = { schedule: "@hourly", timezone: "Europe/Paris" };
    const dates = datesBetween(dag, { from: "2026-01-01T01:00", to: "2026-01-01T02:00:00+01:00" }, 9);
    expect(dates.map(shown)).toEqual(["2026-01-01T00:00:00.000Z", "2026-01-01T01:00:00.000Z"]);
  });

  it("are no more than asked for, and none without a schedule", () => {
    const range = { from: "2026-01-01", to: "2026-12-31" };
    expect(datesBetween({ schedule: "@hourly", timezone: "UTC" }, range, 3)).toHaveLength(3);
    expect(datesBetween({ schedule: null, timezone: "UTC" }, range, 3)).toEqual([]);
    expect(datesBetween({ schedule: "@once", timezone: "UTC" }, range, 3)).toEqual([]);
  });
});
