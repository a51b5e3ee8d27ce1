import { silentLogger, type Logger } from "@memodag/core";
import { expect, test, vi } from "vitest";
import { PeriodicWork } from "../../src/index.ts";
import { ManualClock } from "@memodag/core/testing";

function rig(work: (signal: AbortSignal) => Promise<void>) {
  const clock = new ManualClock();
  const told: string[] = [];
  const log: Logger = {
    ...silentLogger,
    warn: (message) => told.push(`warn: ${message}`),
  };
  return {
    clock,
    told,
    periodic: new PeriodicWork({ work, purpose: "collect", everyMs: 1_000, clock, log }),
  };
}

test("works again and again, whatever goes wrong", async () => {
  let calls = 0;
  const { clock, told, periodic } = rig(async () => {
    calls += 1;
    if (calls === 1) throw new Error("connection refused");
  });
  periodic.start();
  for (const round of [1, 2, 3]) {
    // Again, as the next one is timed only when the last has ended.
    await vi.waitFor(() => {
      clock.advance(1_000);
      expect(calls).toBeGreaterThanOrEqual(round);
    }, 20_000);
  }
  await periodic.stop();
  expect(told).toEqual(["warn: could not collect; it will be tried again"]);
});

test("ends what is under way when it is stopped, and begins nothing after", async () => {
  let calls = 0;
  const { clock, periodic } = rig(async (signal) => {
    calls += 1;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  });
  periodic.start();
  clock.advance(1_000);
  await periodic.stop();
  clock.advance(10_000);
  expect(calls).toBe(1);
});

test("a store that hangs in the middle of a batch does not keep a process from its end", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const { clock, periodic } = rig(() => new Promise<never>(() => undefined));
    periodic.start();
    clock.advance(1_000);
    const stopped = periodic.stop();
    await vi.advanceTimersByTimeAsync(2_000);
    await expect(stopped).resolves.toBeUndefined();
  } finally {
    vi.useRealTimers();
  }
});
