import { expect, test } from "vitest";
import { isNothingRunning } from "../src/shell/no-scheduler.ts";

const now = Date.parse("2026-11-03T06:00:30Z");
const waits = [{ createdAt: "2026-11-03T06:00:00Z" }];
const scheduler = { kind: "scheduler", isAlive: true } as const;

test("nothing runs where a run waits and no scheduler is alive, and not a moment after it was made", () => {
  expect(isNothingRunning([], waits, now)).toBe(true);
  expect(isNothingRunning([{ kind: "api-server", isAlive: true }], waits, now)).toBe(true);
  expect(isNothingRunning([{ ...scheduler, isAlive: false }], waits, now)).toBe(true);
  expect(isNothingRunning([scheduler], waits, now)).toBe(false);
  expect(isNothingRunning([], [], now)).toBe(false);
  expect(isNothingRunning([], [{ createdAt: "2026-11-03T06:00:25Z" }], now)).toBe(false);
});
