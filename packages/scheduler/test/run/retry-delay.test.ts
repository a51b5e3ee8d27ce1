import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { retryDelayMs } from "../../src/attempts/retry-delay.ts";

const TASK = { retries: 5, retryDelayMs: 1_000 };

/** Waits after the first failures, in order; `lost` attempts before them cost no retry. */
function waits(task: Parameters<typeof retryDelayMs>[0], random: number, lost = 0): number[] {
  return Array.from({ length: task.retries }, (_, failed) =>
    retryDelayMs(task, { tryNumber: lost + failed + 1, maxTries: lost + task.retries + 1 }, () => random),
  );
}

describe("the wait for the next attempt", () => {
  it("is what the author wrote, without a backoff", () => {
    expect(waits(TASK, 0.9)).toEqual([1_000, 1_000, 1_000, 1_000, 1_000]);
    expect(waits({ ...TASK, maxRetryDelayMs: 300 }, 0.9)).toEqual([300, 300, 300, 300, 300]);
  });

  it("grows with every failure, and lies between that and twice as much", () => {
    const task = { ...TASK, retryBackoffFactor: 2 };
    expect(waits(task, 0)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
    expect(waits(task, 0.5)).toEqual([1_500, 3_000, 6_000, 12_000, 24_000]);
    expect(waits({ ...TASK, retryBackoffFactor: 1 }, 0.25)).toEqual([1_250, 1_250, 1_250, 1_250, 1_250]);
  });

  it("does not count attempts that were lost", () => {
    const task = { ...TASK, retryBackoffFactor: 3 };
    expect(waits(task, 0, 4)).toEqual(waits(task, 0));
  });

  it("is none for ever, where the author wrote none", () => {
    expect(new Set(waits({ retries: 400, retryDelayMs: 0, retryBackoffFactor: 100 }, 0.5))).toEqual(
      new Set([0]),
    );
  });

  it("is never longer than the author said, or a day", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.integer({ min: 0, max: 10 ** 9 }),
        fc.double({ min: 1, max: 100, noNaN: true }),
        fc.option(fc.integer({ min: 1, max: 10 ** 12 }), { nil: undefined }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (retries, delayMs, factor, longest, random) => {
          const task = {
            retries,
            retryDelayMs: delayMs,
            retryBackoffFactor: factor,
            ...(longest !== undefined && { maxRetryDelayMs: longest }),
          };
          for (const wait of waits(task, random)) {
            expect(Number.isSafeInteger(wait)).toBe(true);
            expect(wait).toBeLessThanOrEqual(longest ?? 86_400_000);
            expect(wait).toBeGreaterThanOrEqual(Math.min(delayMs, longest ?? 86_400_000));
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});
