import type { Clock } from "@memodag/core";
import { expect, test } from "vitest";
import { TimedWaits } from "../../src/time/timed-waits.ts";
import type { ReadyInstance } from "../../src/graph/ready-instance.ts";

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A clock whose timers fire by hand, at most as long as a timer can be. */
class HandClock implements Clock {
  time = Date.UTC(2026, 0, 1);
  readonly timers: { readonly ms: number; readonly fire: () => void }[] = [];

  now(): number {
    return this.time;
  }

  monotonic(): number {
    return this.time;
  }

  after(ms: number, callback: () => void): () => void {
    this.timers.push({ ms, fire: callback });
    return () => undefined;
  }

  /** Fires the first timer, `earlyMs` before its time. */
  fire(earlyMs = 0): void {
    const timer = this.timers.shift();
    this.time += Math.min(timer?.ms ?? 0, LONGEST_TIMER_MS) - earlyMs;
    timer?.fire();
  }
}

const instance = { mapIndex: -1 } as ReadyInstance;

function newTimedWaits() {
  const clock = new HandClock();
  const woken: number[] = [];
  const waits = new TimedWaits(clock, () => woken.push(clock.time));
  return { clock, woken, waits };
}

test("gives an instance once, when its time has come", () => {
  const { clock, woken, waits } = newTimedWaits();
  waits.add(instance, clock.time + 60_000);
  expect(waits.takeDue()).toEqual([]);
  clock.fire();
  expect(woken).toHaveLength(1);
  expect(waits.takeDue()).toEqual([instance]);
  expect(waits.takeDue()).toEqual([]);
});

test("does not lose an instance whose timer is a little early", () => {
  const { clock, woken, waits } = newTimedWaits();
  waits.add(instance, clock.time + 60_000);
  clock.fire(1);
  expect(woken).toHaveLength(1);
  expect(waits.takeDue()).toEqual([instance]);
});

test("waits longer than any timer", () => {
  const { clock, woken, waits } = newTimedWaits();
  waits.add(instance, clock.time + LONGEST_TIMER_MS + 60_000);
  clock.fire();
  expect(woken).toEqual([]);
  expect(waits.takeDue()).toEqual([]);
  clock.fire();
  expect(waits.takeDue()).toEqual([instance]);
});

test("what is late already is due at once", () => {
  const { clock, waits } = newTimedWaits();
  waits.add(instance, clock.time - 5_000);
  expect(clock.timers[0]?.ms).toBe(0);
  clock.fire();
  expect(waits.takeDue()).toEqual([instance]);
});
