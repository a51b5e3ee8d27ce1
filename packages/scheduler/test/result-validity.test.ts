// How long results are valid: durations, dates of schedules, and what an attempt says.

import { intervalSchedule, LONGEST_DURATION_MS, type CacheExpiry } from "@memodag/core";
import { describe, expect, it } from "vitest";
import { validForMs } from "../src/cache/result-validity.ts";

const NOW = Date.parse("2026-03-28T21:30Z");
const HOUR = 3_600_000;

function hours(expires?: CacheExpiry, timezone = "UTC", expiresAt?: string): number | undefined {
  const at = expiresAt === undefined ? undefined : Date.parse(expiresAt);
  const ms = validForMs({ expires, timezone, expiresAt: at }, NOW);
  return ms === undefined ? undefined : ms / HOUR;
}

describe("the validity of a result", () => {
  it("has no limit of its own unless one is given", () => {
    expect(hours()).toBeUndefined();
  });

  it("ends after a duration, or at the next date of a schedule in the Dag's time zone", () => {
    expect(hours({ afterMs: 2 * HOUR })).toBe(2);
    expect(hours({ schedule: "@daily" })).toBe(2.5);
    expect(hours({ schedule: "@daily" }, "Europe/Berlin")).toBe(1.5);
    expect(hours({ schedule: intervalSchedule(HOUR) })).toBe(0.5);
    // The clocks are set forward at 01:00 UTC: the day has 23 hours.
    expect(hours({ schedule: "0 3 * * *" }, "Europe/Berlin")).toBe(3.5);
  });

  it("ends at the earlier of two dates, and may have ended", () => {
    expect(hours({ afterMs: 2 * HOUR }, "UTC", "2026-03-28T22:30Z")).toBe(1);
    expect(hours({ afterMs: HOUR / 2 }, "UTC", "2026-03-28T22:30Z")).toBe(0.5);
    expect(hours(undefined, "UTC", "2026-03-28T20:30Z")).toBe(-1);
  });

  it("is never longer than what a store can keep", () => {
    expect(validForMs({ expires: undefined, timezone: "UTC", expiresAt: 1e300 }, NOW)).toBe(
      LONGEST_DURATION_MS,
    );
  });
});
