import { expect, it } from "vitest";
import { formatAgo, formatBytes, formatDuration, formatShare, shortRunId } from "../src/format/format.ts";

it.each([
  [0, "0 ms"],
  [999.6, "1.0 s"],
  [1900, "1.9 s"],
  [59_999, "59 s"],
  [252_000, "4 m 12 s"],
  [3_600_000, "1 h"],
  [61 * 3_600_000 + 40 * 60_000, "61 h 40 m"],
  [10 * 86_400_000, "10 d"],
])("formats %d ms as %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

it("formats sizes, shares and times", () => {
  expect([0, 999, 1200, 4_100_000_000].map(formatBytes)).toEqual(["0 B", "999 B", "1.2 KB", "4.1 GB"]);
  expect([0, 0.001, 0.81, 0.9999, 1].map(formatShare)).toEqual(["0 %", "<1 %", "81 %", ">99 %", "100 %"]);
  const now = Date.parse("2026-11-03T06:00:00.000Z");
  expect(formatAgo("2026-11-03T05:57:00.000Z", now)).toContain("3 min");
  expect(shortRunId("manual__2026-11-03T06:00:00.000Z__16fc5e")).toBe("manual__2026-11-03…16fc5e");
});
