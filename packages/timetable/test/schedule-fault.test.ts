import { describe, expect, it } from "vitest";
import { findScheduleFault } from "../src/index.ts";

const faultOf = (options: object) => {
  const fault = findScheduleFault({ schedule: null, timezone: "UTC", ...options });
  return fault && `${fault.option} ${fault.problem}: ${fault.fix}`;
};

describe("a schedule", () => {
  it.each(["* * * *", "* * * * * *", "61 * * * *", "* * * * BLA", "2026-12-01T00:00:00", "daily"])(
    "%s is not a cron expression",
    (schedule) =>
      expect(faultOf({ schedule })).toMatch(/which is not a cron expression .*: use five fields such as/),
  );

  it("says what else is wrong", () => {
    expect(faultOf({ schedule: "0 0 30 2 *" })).toBe(
      'schedule is "0 0 30 2 *", which never occurs: use a day that exists',
    );
    expect(faultOf({ schedule: "@dayly" })).toMatch(
      /^schedule is "@dayly", which is not a schedule: use five fields/,
    );
    expect(faultOf({ schedule: "@continuous" })).toMatch(/would run continuously: use an interval/);
    expect(faultOf({ timezone: "Paris" })).toBe(
      'timezone is "Paris", which is not a time zone: use an IANA name such as "Europe/Paris"',
    );
    expect(faultOf({ startDate: "2026-02-01", endDate: "2026-01-31" })).toMatch(
      /^endDate is 2026-01-31, before startDate/,
    );
  });

  it.each(["@once", "@midnight", "*/15 0-6 * * MON-FRI", "0 0 L * *", "@every 15m", null])(
    "%s is taken",
    (schedule) => {
      expect(
        faultOf({ schedule, timezone: "America/New_York", startDate: "2026-01-01", endDate: "2026-01-01" }),
      ).toBeUndefined();
    },
  );
});
