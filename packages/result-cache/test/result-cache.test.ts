import { setTimeout as rest } from "node:timers/promises";
import { sha256, silentLogger, systemClock, type Clock } from "@memodag/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  MemoryRecordStore,
  MemoryResultStore,
  ResultCache,
  type RecordStore,
  type ResultStore,
} from "../src/index.ts";
import { components, entry } from "./entries.ts";
import { ManualClock } from "@memodag/core/testing";

const OPTIONS = {
  lookupTimeoutMs: 50,
  storeTimeoutMs: 50,
  maxResultSize: 100,
  breakerThreshold: 3,
  breakerRestMs: 20,
};

let clock: ManualClock;
let records: MemoryRecordStore;
let results: MemoryResultStore;

beforeEach(() => {
  clock = new ManualClock();
  records = new MemoryRecordStore(clock);
  results = new MemoryResultStore();
});

function optionsOf({ lookupTimeoutMs, storeTimeoutMs, maxResultSize, ...others }: typeof OPTIONS) {
  return {
    ...others,
    lookupTimeoutMs: () => lookupTimeoutMs,
    storeTimeoutMs: () => storeTimeoutMs,
    maxResultSize: () => maxResultSize,
  };
}

function cacheOver(
  parts: { records?: RecordStore; results?: ResultStore; clock?: Clock } = {},
  options: Partial<typeof OPTIONS> = {},
): ResultCache {
  return new ResultCache({
    records: parts.records ?? records,
    results: parts.results ?? results,
    clock: parts.clock ?? clock,
    log: silentLogger,
    options: optionsOf({ ...OPTIONS, ...options }),
  });
}

/** A store whose every method is `method`. */
function broken<T extends object>(method: () => Promise<never>): T {
  return new Proxy({} as T, { get: () => method });
}

const never = (): Promise<never> => new Promise<never>(() => {});

const refuse = async (): Promise<never> => {
  throw new Error("connection refused");
};

async function ask(cache: ResultCache, key: string, ttlMs: number | null = null, team = "ml") {
  const outcome = await cache.openPass(team).ask([{ key, ttlMs }]);
  return outcome.kind === "answered" ? outcome.answers.get(key) : outcome;
}

describe("a hit", () => {
  test("gives back the bytes and whose they were", async () => {
    const cache = cacheOver();
    const stored = entry("[1,2]");
    expect(await cache.store(stored, "keep-live")).toEqual({ kind: "stored" });
    const answer = await ask(cache, stored.record.key);
    expect(answer).toMatchObject({
      kind: "hit",
      hit: { record: { producer: { runId: "run-1" }, durationMs: 1_200 }, xcoms: [{ key: "return_value" }] },
    });
  });

  test("of null is a hit", async () => {
    const cache = cacheOver();
    const stored = entry("null");
    await cache.store(stored, "keep-live");
    expect(await ask(cache, stored.record.key)).toMatchObject({ kind: "hit" });
  });

  test("is never another team's, even under the same key", async () => {
    const cache = cacheOver();
    const stored = entry("1");
    await cache.store(stored, "keep-live");
    expect(await ask(cache, stored.record.key, null, "finance")).toEqual({
      kind: "miss",
      reason: "no_entry",
    });
  });

  test("is never from the future, but for what clocks differ by", async () => {
    const stored = entry("1", { ttlMs: null });
    await cacheOver().store(stored, "keep-live");
    const later = (ms: number): RecordStore => ({
      ...broken(refuse),
      find: async (team, keys) => {
        const found = await records.find(team, keys);
        return new Map(Array.from(found, ([key, record]) => [key, { ...record, ageMs: record.ageMs - ms }]));
      },
    });
    const askAhead = async (ms: number) => await ask(cacheOver({ records: later(ms) }), stored.record.key);
    expect(await askAhead(3_600_000)).toEqual({ kind: "miss", reason: "from_future" });
    expect(await askAhead(1_000)).toMatchObject({ kind: "hit" });
  });

  test("is as old as the reader allows, whatever the writer thought", async () => {
    const cache = cacheOver();
    const stored = entry("1", { ttlMs: 1_000_000 });
    await cache.store(stored, "keep-live");
    clock.advance(1_000);
    expect(await ask(cache, stored.record.key, 1_001)).toMatchObject({ kind: "hit" });
    expect(await ask(cache, stored.record.key, 1_000)).toEqual({ kind: "miss", reason: "expired" });
  });
});

describe("a remembered failure", () => {
  const error = { code: "task_failed", message: "no such region" };
  const failure = { ...entry("1", { error }), xcoms: [] };
  const { key } = failure.record;
  const askFor = async (cache: ResultCache, errorsTtlMs: number | null) => {
    const outcome = await cache.openPass("ml").ask([{ key, ttlMs: null, errorsTtlMs }]);
    return outcome.kind === "answered" ? outcome.answers.get(key) : outcome;
  };

  test("is told from a hit, and needs no bytes", async () => {
    const cache = cacheOver({ results: broken(refuse) });
    expect(await cache.store(failure, "keep-live")).toEqual({ kind: "stored" });
    const cacheOfAll = cacheOver();
    expect(await askFor(cacheOfAll, 1_000)).toMatchObject({
      kind: "failure",
      error,
      record: { producer: { runId: "run-1" }, durationMs: 1_200 },
    });
    expect(await records.count({ team: "ml" })).toBe(1);
  });

  test("is nothing to a reader that takes none", async () => {
    const cache = cacheOver();
    await cache.store(failure, "keep-live");
    expect(await askFor(cache, null)).toEqual({ kind: "miss", reason: "no_entry" });
    expect(await ask(cache, key)).toEqual({ kind: "miss", reason: "no_entry" });
  });

  test("is as old as the reader allows", async () => {
    const cache = cacheOver();
    await cache.store(failure, "keep-live");
    clock.advance(1_000);
    expect(await askFor(cache, 1_001)).toMatchObject({ kind: "failure" });
    expect(await askFor(cache, 1_000)).toEqual({ kind: "miss", reason: "expired" });
  });

  test("gives way to a result, and never takes its place", async () => {
    const cache = cacheOver();
    await cache.store(failure, "keep-live");
    const stored = entry("1");
    expect(await cache.store(stored, "keep-live")).toEqual({ kind: "stored" });
    expect(await cache.store(failure, "keep-live")).toEqual({ kind: "kept" });
    expect(await askFor(cache, 1_000)).toMatchObject({ kind: "hit" });
  });
});

test("a pass that asks again sees what has been stored since, under the same deadline", async () => {
  let tookMs = 0;
  const slow: RecordStore = Object.assign(Object.create(records) as RecordStore, {
    find: async (team: string, keys: readonly string[]) => {
      clock.advance(tookMs);
      return await records.find(team, keys);
    },
  });
  const cache = cacheOver({ records: slow });
  const stored = entry("1");
  const asks = [{ key: stored.record.key, ttlMs: null }];
  const pass = cache.openPass("ml");
  const answerOf = async (outcome: ReturnType<typeof pass.ask>) => {
    const settled = await outcome;
    return settled.kind === "answered" ? settled.answers.get(stored.record.key)?.kind : settled.kind;
  };
  expect(await answerOf(pass.ask(asks))).toBe("miss");
  await cacheOver().store(stored, "keep-live");
  expect(await answerOf(pass.ask(asks))).toBe("miss");
  // Time that the pass spends on other things is not the cache's.
  clock.advance(OPTIONS.lookupTimeoutMs);
  tookMs = OPTIONS.lookupTimeoutMs;
  expect(await answerOf(pass.askAgain(asks))).toBe("hit");
  expect(await answerOf(pass.askAgain(asks))).toBe("timeout");
});

describe("bytes that cannot be trusted", () => {
  test("one flipped byte is a miss, and the entry is removed", async () => {
    const cache = cacheOver();
    const stored = entry("[1,2]");
    await cache.store(stored, "keep-live");
    const digest = stored.xcoms[0]!.digest;
    const [bytes] = (await results.read("ml", [digest])).values();
    bytes!.set([0x39], 1);
    expect(await ask(cache, stored.record.key)).toEqual({ kind: "miss", reason: "integrity_failed" });
    expect(await records.count({ team: "ml" })).toBe(0);
    expect(await cache.store(stored, "keep-live")).toEqual({ kind: "stored" });
    expect(await ask(cache, stored.record.key)).toMatchObject({ kind: "hit" });
  });

  test("missing bytes are a miss, and the entry is removed", async () => {
    const cache = cacheOver();
    const stored = entry("[1,2]");
    await cache.store(stored, "keep-live");
    await results.delete("ml", [stored.xcoms[0]!.digest]);
    expect(await ask(cache, stored.record.key)).toEqual({ kind: "miss", reason: "result_missing" });
    expect(await records.count({ team: "ml" })).toBe(0);
  });

  test("what somebody stored meanwhile in the entry's place is left alone", async () => {
    const stored = entry("[1,2]");
    await cacheOver().store(stored, "keep-live");
    await results.delete("ml", [stored.xcoms[0]!.digest]);
    const find: RecordStore["find"] = async (team, keys) => {
      const found = await records.find(team, keys);
      clock.advance(1);
      await cacheOver().store(stored, "replace");
      await results.delete("ml", [stored.xcoms[0]!.digest]);
      return found;
    };
    const purge: RecordStore["purge"] = (...purged) => records.purge(...purged);
    const cache = cacheOver({ records: { ...broken<RecordStore>(refuse), find, purge } });
    expect(await ask(cache, stored.record.key)).toEqual({ kind: "miss", reason: "result_missing" });
    expect(await records.count({ team: "ml" })).toBe(1);
  });

  test("a record without a returned value is a miss", async () => {
    const stored = entry("1");
    await records.put({ ...stored.record, xcoms: [] }, "keep-live");
    expect(await ask(cacheOver(), stored.record.key)).toEqual({ kind: "miss", reason: "result_missing" });
  });
});

describe("the deadline", () => {
  test("ends a lookup that never answers, and is paid once a pass", async () => {
    const cache = cacheOver({ records: broken(never), clock: systemClock });
    const pass = cache.openPass("ml");
    expect(await pass.ask([{ key: "a", ttlMs: null }])).toEqual({ kind: "timeout" });
    // Before any timer goes off.
    const next = pass.ask([{ key: "b", ttlMs: null }]);
    expect(await Promise.race([next, rest(0, "waits")])).toEqual({ kind: "timeout" });
    expect(pass.roundTrips).toBe(1);
  });

  test("is told to the work behind it", async () => {
    let seen: AbortSignal | undefined;
    const watching: RecordStore = Object.assign(Object.create(records) as RecordStore, {
      find: async (_team: string, _keys: readonly string[], options?: { signal?: AbortSignal }) => {
        seen = options?.signal;
        return await never();
      },
    });
    await ask(cacheOver({ records: watching }), "a");
    expect(seen?.aborted).toBe(true);
  });

  test("also ends a store that never answers", async () => {
    const cache = cacheOver({ results: broken(never) });
    expect(await cache.store(entry("1"), "keep-live")).toMatchObject({ kind: "failed" });
  });
});

describe("a broken backend", () => {
  test("answers a lookup with a failure, not an error", async () => {
    expect(await ask(cacheOver({ records: broken(refuse) }), "a")).toEqual({
      kind: "failed",
      message: "connection refused",
    });
  });

  test("answers a store with a failure, and no record without bytes is left", async () => {
    const cache = cacheOver({ results: broken(refuse) });
    expect(await cache.store(entry("1"), "keep-live")).toEqual({
      kind: "failed",
      message: "connection refused",
    });
    expect(await records.count({})).toBe(0);
  });

  test("that cannot count hits hurts nobody", async () => {
    const cache = cacheOver({ records: broken(refuse) });
    cache.countHits("ml", ["a"]);
    await expect(cache.flush()).resolves.toBeUndefined();
  });
});

describe("hits", () => {
  test("are counted in one write, a while later", async () => {
    const cache = cacheOver();
    const stored = entry("1");
    await cache.store(stored, "keep-live");
    const { key } = stored.record;
    cache.countHits("ml", [key, key]);
    cache.countHits("ml", [key]);
    expect((await records.find("ml", [key])).get(key)?.hitCount).toBe(0);
    clock.advance(2_000);
    await vi.waitFor(
      async () => expect((await records.find("ml", [key])).get(key)?.hitCount).toBe(3),
      20_000,
    );
  });
});

describe("the breaker", () => {
  afterEach(() => void vi.useRealTimers());

  test("stops paying for a backend that fails again and again, says so once, and tries it later", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    let isDown = true;
    let calls = 0;
    const flaky: RecordStore = Object.assign(Object.create(records) as RecordStore, {
      find: async (team: string, keys: readonly string[]) => {
        calls += 1;
        if (isDown) throw new Error("connection refused");
        return await records.find(team, keys);
      },
    });
    const warnings: string[] = [];
    const log = { ...silentLogger, warn: (message: string) => warnings.push(message) };
    const cache = new ResultCache({ records: flaky, results, clock, log, options: optionsOf(OPTIONS) });
    for (let round = 0; round < 20; round += 1)
      expect(await ask(cache, "a")).toMatchObject({ kind: "failed" });
    expect(calls).toBe(OPTIONS.breakerThreshold);
    expect(cache.breakerState).toBe("open");
    expect(warnings.filter((message) => message.includes("left alone"))).toHaveLength(1);
    isDown = false;
    vi.setSystemTime(Date.now() + OPTIONS.breakerRestMs);
    await vi.waitFor(
      async () => expect(await ask(cache, "a")).toEqual({ kind: "miss", reason: "no_entry" }),
      {
        interval: 5,
      },
    );
    expect(cache.breakerState).toBe("closed");
  });
});

describe("a store", () => {
  test("keeps a live entry and says when the bytes differ", async () => {
    const cache = cacheOver();
    const of = components();
    const first = entry("1", { components: of });
    await cache.store(first, "keep-live");
    expect(await cache.store(first, "keep-live")).toEqual({ kind: "kept" });
    expect(await cache.store(entry("2", { components: of }), "keep-live")).toEqual({
      kind: "differs",
      storedDigest: sha256("1"),
    });
  });

  test("replaces a live entry on refresh, and its age begins again", async () => {
    const cache = cacheOver();
    const of = components();
    await cache.store(entry("1", { components: of }), "keep-live");
    clock.advance(5_000);
    expect(await cache.store(entry("2", { components: of }), "replace")).toEqual({ kind: "stored" });
    expect(await ask(cache, entry("2", { components: of }).record.key, 1_000)).toMatchObject({ kind: "hit" });
  });

  test("replaces an expired entry", async () => {
    const cache = cacheOver();
    const of = components();
    await cache.store(entry("1", { components: of, ttlMs: 1_000 }), "keep-live");
    clock.advance(1_000);
    expect(await cache.store(entry("2", { components: of }), "keep-live")).toEqual({ kind: "stored" });
  });

  test("refuses what is over the limit", async () => {
    const outcome = await cacheOver().store(entry(JSON.stringify("x".repeat(99))), "keep-live");
    expect(outcome).toEqual({ kind: "too_large", sizeBytes: 101, limitBytes: 100 });
    expect(await records.count({})).toBe(0);
  });
});

describe("what is foreseen", () => {
  test("costs no second round trip", async () => {
    const cache = cacheOver();
    const first = entry("1");
    const second = entry("2");
    await cache.store(first, "keep-live");
    await cache.store(second, "keep-live");
    const pass = cache.openPass("ml");
    await pass.ask([{ key: first.record.key, ttlMs: null }], [second.record.key, "gone"]);
    const outcome = await pass.ask([
      { key: second.record.key, ttlMs: null },
      { key: "gone", ttlMs: null },
    ]);
    expect(outcome.kind === "answered" && [...outcome.answers.values()].map((a) => a.kind)).toEqual([
      "hit",
      "miss",
    ]);
    expect(pass.roundTrips).toBe(1);
  });

  test("is read on demand when it is large", async () => {
    const cache = cacheOver({}, { maxResultSize: 2 ** 26, lookupTimeoutMs: 10_000, storeTimeoutMs: 10_000 });
    const large = entry(JSON.stringify("x".repeat(2 ** 24)));
    await cache.store(large, "keep-live");
    const pass = cache.openPass("ml");
    await pass.ask([{ key: "other", ttlMs: null }], [large.record.key]);
    const outcome = await pass.ask([{ key: large.record.key, ttlMs: null }]);
    expect(outcome).toMatchObject({ kind: "answered" });
    expect(outcome.kind === "answered" && outcome.answers.get(large.record.key)?.kind).toBe("hit");
    expect(pass.roundTrips).toBe(2);
  });
});

test("results of many bytes are read in several calls, and all are hits", async () => {
  const text = "x".repeat(5 * 2 ** 20);
  const stored = Array.from({ length: 16 }, (_, index) => entry(JSON.stringify(`${index} ${text}`)));
  const filler = cacheOver({}, { maxResultSize: 2 ** 24, storeTimeoutMs: 10_000 });
  for (const one of stored) expect(await filler.store(one, "keep-live")).toEqual({ kind: "stored" });
  const sizes: number[] = [];
  const read: ResultStore["read"] = async (team, digests) => {
    const bytes = await results.read(team, digests);
    sizes.push([...bytes.values()].reduce((sum, { length }) => sum + length, 0));
    return bytes;
  };
  const cache = cacheOver(
    { results: Object.assign(Object.create(results) as ResultStore, { read }) },
    { lookupTimeoutMs: 10_000 },
  );
  const asks = stored.map(({ record }) => ({ key: record.key, ttlMs: null }));
  const outcome = await cache.openPass("ml").ask(asks);
  const answers = outcome.kind === "answered" ? [...outcome.answers.values()] : [];
  expect(answers.filter(({ kind }) => kind === "hit")).toHaveLength(16);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(32 * 2 ** 20);
});
