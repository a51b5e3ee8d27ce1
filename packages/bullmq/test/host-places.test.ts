// Whose turn it is when queues share the places of a host.

import { describe, expect, test } from "vitest";
import { HostPlaces } from "../src/host-places.ts";

/** Whether a promise has resolved by now. */
async function isResolved(promise: Promise<unknown>): Promise<boolean> {
  const late = Symbol("late");
  const next = new Promise((resolve) => setImmediate(resolve, late));
  return (await Promise.race([promise, next])) !== late;
}

describe("the places of a host", () => {
  test("are no more than there are", () => {
    const places = new HostPlaces(2);
    expect(["a", "b", "c"].map((queue) => places.tryTake(queue))).toEqual([true, true, false]);
  });

  test("go first to a queue that found none", async () => {
    const places = new HostPlaces(1);
    expect(places.tryTake("busy")).toBe(true);
    expect(places.tryTake("rare")).toBe(false);
    const [busy, rare] = [places.turnOf("busy", true), places.turnOf("rare", true)];
    places.release();
    expect(await isResolved(rare)).toBe(true);
    expect(await isResolved(busy)).toBe(false);
    expect(places.tryTake("rare")).toBe(true);
    places.release();
    expect(await isResolved(busy)).toBe(true);
  });

  test("go on to the next when the first has no attempt", async () => {
    const places = new HostPlaces(1);
    places.tryTake("busy");
    places.tryTake("rare");
    const busy = places.turnOf("busy", true);
    places.release();
    expect(await isResolved(busy)).toBe(false);
    places.pass("rare");
    expect(await isResolved(busy)).toBe(true);
  });

  test("are not kept for a queue that had no attempt when it looked last", async () => {
    const places = new HostPlaces(1);
    places.tryTake("busy");
    const idle = places.turnOf("idle", false);
    const busy = places.turnOf("busy", false);
    places.release();
    expect([await isResolved(idle), await isResolved(busy)]).toEqual([true, true]);
  });

  test("are looked for at times by a queue that others leave none", async () => {
    const places = new HostPlaces(1);
    places.tryTake("busy");
    const rare = places.turnOf("rare", false);
    for (let number = 0; number < 20; number += 1) {
      const busy = places.turnOf("busy", true);
      places.release();
      await busy;
      expect(places.tryTake("busy")).toBe(true);
    }
    expect(await isResolved(rare)).toBe(true);
    expect(await rare).toBe("peek");
    expect(places.tryTake("rare")).toBe(false);
    const busy = places.turnOf("busy", true);
    places.release();
    expect(await isResolved(busy)).toBe(false);
    expect(places.tryTake("rare")).toBe(true);
  });

  test("are closed for all", async () => {
    const places = new HostPlaces(1);
    places.tryTake("a");
    const turn = places.turnOf("b", true);
    places.close();
    expect(await isResolved(turn)).toBe(true);
    places.release();
    expect(places.tryTake("b")).toBe(false);
  });
});
