import { expect, onTestFinished, test, vi } from "vitest";
import { inPacedBatches } from "../../src/index.ts";

/** Work of so many milliseconds that keeps the thread, as SQLite's does. */
function block(ms: number): void {
  const endsAt = performance.now() + ms;
  while (performance.now() < endsAt);
}

test("goes on until there is nothing left", async () => {
  let calls = 0;
  await inPacedBatches(async () => (calls += 1) < 3);
  expect(calls).toBe(3);
});

test("takes more at a time while the store is fast, and less once it is slow", async () => {
  const limits: number[] = [];
  // The time that work takes is made up: a busy machine's own would make every batch a slow one.
  let now = 0;
  const time = vi.spyOn(performance, "now").mockImplementation(() => now);
  onTestFinished(() => time.mockRestore());
  await inPacedBatches(async (limit) => {
    now += limits.length > 3 ? limit / 10 : 1;
    return limits.push(limit) < 7;
  });
  const [first, second] = limits;
  expect(second).toBeGreaterThan(first ?? Number.NaN);
  expect(Math.max(...limits)).toBeLessThanOrEqual(1_000);
  expect(limits.at(-1)).toBeLessThan(Math.max(...limits) / 2);
  expect(Math.min(...limits)).toBeGreaterThanOrEqual(10);
});

test("rests for half as long as it worked", async () => {
  const endedAt: number[] = [];
  const beganAt: number[] = [];
  await inPacedBatches(async () => {
    beganAt.push(performance.now());
    block(20);
    endedAt.push(performance.now());
    return endedAt.length < 2;
  });
  expect((beganAt[1] ?? 0) - (endedAt[0] ?? 0)).toBeGreaterThanOrEqual(9);
});

test("ends at the next batch once it is aborted, without an error", async () => {
  const abort = new AbortController();
  let calls = 0;
  await inPacedBatches(async () => {
    calls += 1;
    abort.abort();
    return true;
  }, abort.signal);
  expect(calls).toBe(1);
});

test("rests for two seconds at most, however long a stalled disk held up the batch", async () => {
  const realNow = performance.now.bind(performance);
  let made = 0;
  const time = vi.spyOn(performance, "now").mockImplementation(() => made);
  onTestFinished(() => time.mockRestore());
  const startedAt = realNow();
  let calls = 0;
  await inPacedBatches(async () => {
    made += 600_000;
    return (calls += 1) < 2;
  });
  expect(realNow() - startedAt).toBeLessThan(60_000);
});
