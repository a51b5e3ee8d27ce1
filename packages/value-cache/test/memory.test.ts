import type { Clock } from "@memodag/core";
import { ManualClock } from "@memodag/core/testing";
import { describe, expect, test } from "vitest";
import { MemoryValueAdapter, ValueCache } from "../src/index.ts";
import { describeValueAdapter, describeValueCache } from "../src/testing/index.ts";

const harness = {
  async open() {
    const clock = new ManualClock();
    const adapter = new MemoryValueAdapter({ clock });
    return {
      adapter,
      openAgain: async () => adapter,
      passTime: async (ms: number) => clock.advance(ms),
      close: () => adapter.close(),
    };
  },
};
describeValueAdapter("memory", harness, { describe, test });
describeValueCache(
  "memory",
  {
    async open() {
      // Its own time goes by as well: leases are renewed by it.
      let offsetMs = 0;
      const timers = new ManualClock();
      const clock: Clock = {
        now: Date.now,
        monotonic: () => performance.now() + offsetMs,
        after: (ms, callback) => timers.after(ms, callback),
      };
      const adapter = new MemoryValueAdapter({ clock });
      return {
        adapter,
        openAgain: async () => adapter,
        passTime: async (ms: number) => void (offsetMs += ms),
        close: () => adapter.close(),
      };
    },
  },
  { describe, test },
);

const PLACE = { team: "default", cache: "c" };
const value = (text: string) => ({ value: { kind: "json" as const, text }, ttlMs: 1_000, keepMs: 1_000 });

describe("values in memory", () => {
  test("stay below the limits, those that were used last stay", async () => {
    const adapter = new MemoryValueAdapter({ clock: new ManualClock(), maxEntries: 3 });
    for (const key of ["a", "b", "c"]) await adapter.put(PLACE, key, value("1"), null);
    await adapter.find(PLACE, ["a"]);
    await adapter.put(PLACE, "d", value("1"), null);
    expect(await adapter.listKeys(PLACE, 10)).toEqual(["a", "c", "d"]);
    const small = new MemoryValueAdapter({ clock: new ManualClock(), maxBytes: 100 });
    for (let index = 0; index < 50; index += 1)
      await small.put(PLACE, `${index}`, value('"0123456789"'), null);
    expect(small.held.bytes).toBeLessThanOrEqual(100);
    await small.put(PLACE, "large", value(JSON.stringify("x".repeat(200))), null);
    expect(small.held).toEqual({ entries: 0, bytes: 0, leases: 0 });
  });

  test("leave when they expire, unasked, and no timer stays", async () => {
    const clock = new ManualClock();
    const adapter = new MemoryValueAdapter({ clock });
    for (let index = 0; index < 100; index += 1) await adapter.put(PLACE, `${index}`, value("1"), null);
    await adapter.tryAcquire(PLACE, "dead", "dead", 1_000);
    clock.advance(61_000);
    expect(adapter.held).toEqual({ entries: 0, bytes: 0, leases: 0 });
    expect(clock.pending).toBe(0);
  });

  test("nothing stays of calls that are over", async () => {
    const adapter = new MemoryValueAdapter();
    const cache = new ValueCache({ name: "c", adapter, defaultTtl: 0 });
    const keys = Array.from({ length: 1_000 }, (_, index) => `k${index % 100}`);
    await Promise.all(
      keys.map((key, index) =>
        cache
          .getOrCreate(key, async () => {
            if (index % 3 === 0) throw new Error("away");
            return index;
          })
          .catch(() => undefined),
      ),
    );
    expect(cache.pending).toBe(0);
    expect(adapter.held).toEqual({ entries: 0, bytes: 0, leases: 0 });
    await adapter.close();
  });
});
