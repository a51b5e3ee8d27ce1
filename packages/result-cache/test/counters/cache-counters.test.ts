import { silentLogger, type Logger } from "@memodag/core";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { CacheCounters } from "../../src/counters/cache-counters.ts";
import { NO_COUNTS, type TaskCounts } from "../../src/index.ts";
import { ManualClock } from "@memodag/core/testing";

const TASK = { team: "ml", dagId: "penguins", taskId: "train" };

describe("counters", () => {
  let clock: ManualClock;
  let isDown: boolean;
  let hits: Map<string, number>;
  let added: TaskCounts[];
  let warnings: string[];
  let counters: CacheCounters;

  beforeEach(() => {
    clock = new ManualClock();
    isDown = false;
    hits = new Map();
    added = [];
    warnings = [];
    const refuse = () => {
      if (isDown) throw new Error("connection refused");
    };
    const log: Logger = { ...silentLogger, warn: (message) => warnings.push(message) };
    counters = new CacheCounters({
      records: {
        async touch(_team, counted) {
          refuse();
          for (const { key, count } of counted) hits.set(key, (hits.get(key) ?? 0) + count);
        },
      },
      counters: {
        async add(counts) {
          refuse();
          added.push(...counts);
        },
        list: async () => [],
      },
      clock,
      log,
    });
  });

  test("a cache that never answers holds nobody up for longer than one call, whatever is to be counted", async () => {
    const asked: string[] = [];
    const countHits = (team: string): Promise<never> => {
      asked.push(team);
      return new Promise<never>(() => undefined);
    };
    const hung = new CacheCounters({ records: { touch: countHits }, clock, log: silentLogger });
    for (const team of ["ml", "ops", "web"]) hung.addHits(team, ["a"]);
    const flushed = hung.flush();
    await vi.waitFor(() => expect(asked).toEqual(["ml"]), 20_000);
    clock.advance(2_000);
    await flushed;
    expect(asked).toEqual(["ml"]);
    const again = hung.flush();
    await vi.waitFor(() => expect(asked).toHaveLength(2), 20_000);
    clock.advance(2_000);
    await again;
    // What was not written is still to be.
    expect(asked).toHaveLength(2);
  });

  test("are written together, a while later", async () => {
    counters.add(TASK, { hits: 2, savedMs: 10, lookupMaxMs: 5 });
    counters.add(TASK, { hits: 1, savedMs: 1, lookupMaxMs: 3 });
    counters.add({ ...TASK, taskId: "load" }, { misses: 1 });
    counters.addHits("ml", ["a", "b", "a"]);
    expect([added.length, hits.size]).toEqual([0, 0]);
    clock.advance(2_000);
    await vi.waitFor(() => expect(added).toHaveLength(2), 20_000);
    expect(added).toEqual([
      { ...TASK, counts: { ...NO_COUNTS, hits: 3, savedMs: 11, lookupMaxMs: 5 } },
      { ...TASK, taskId: "load", counts: { ...NO_COUNTS, misses: 1 } },
    ]);
    expect([...hits]).toEqual([
      ["a", 2],
      ["b", 1],
    ]);
    await counters.flush();
    expect(added).toHaveLength(2);
  });

  test("that cannot be written are told of once, kept, and written later", async () => {
    isDown = true;
    counters.add(TASK, { hits: 1 });
    counters.addHits("ml", ["a"]);
    await counters.flush();
    await counters.flush();
    counters.add(TASK, { hits: 1 });
    expect(warnings).toHaveLength(1);
    isDown = false;
    clock.advance(60_000);
    await vi.waitFor(() => expect(added).toHaveLength(1), 20_000);
    expect(added[0]?.counts.hits).toBe(2);
    expect([...hits]).toEqual([["a", 1]]);
    isDown = true;
    counters.add(TASK, { hits: 1 });
    await counters.flush();
    expect(warnings).toHaveLength(2);
  });

  test("of more records than one call takes are all written", async () => {
    const keys = Array.from({ length: 2_500 }, (_, index) => `${index}`);
    counters.addHits("ml", keys);
    await counters.flush();
    expect(hits.size).toBe(2_500);
  });
});
