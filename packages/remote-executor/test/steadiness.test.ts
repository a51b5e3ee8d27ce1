import { expect, test } from "vitest";
import { Steadiness } from "../src/steadiness.ts";

const LIMITS = { beatMs: 60_000, linkMs: 10_000 };
/** What no host reaches. */
const NEVER = 3_000_000_000_000;

test("no host is lost before all could have said that they live", () => {
  const steadiness = new Steadiness(0, 5_000);
  for (let now = 0; now <= 60_000; now += 2_000) {
    steadiness.looked(now);
    const { beatMs, linkMs } = steadiness.limits(LIMITS, now);
    expect([beatMs > NEVER, linkMs > NEVER]).toEqual([now < 60_000, now < 10_000]);
  }
});

test("a gap between two looks, and a database that is away, begin the time anew", () => {
  const steadiness = new Steadiness(0, 5_000);
  const run = (from: number, to: number) => {
    for (let now = from; now <= to; now += 2_000) steadiness.looked(now);
  };
  run(0, 80_000);
  expect(steadiness.limits(LIMITS, 80_000)).toEqual(LIMITS);
  // This process was stopped for two minutes.
  steadiness.looked(200_000);
  expect(steadiness.limits(LIMITS, 200_000).linkMs).toBeGreaterThan(NEVER);
  run(202_000, 300_000);
  expect(steadiness.limits(LIMITS, 300_000)).toEqual(LIMITS);
  steadiness.failed(301_000);
  expect(steadiness.limits(LIMITS, 302_000).beatMs).toBeGreaterThan(NEVER);
});
