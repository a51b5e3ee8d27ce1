// Results that are stored together: all of them, or the cache says that it failed and the run goes on.

import { ManualClock } from "@memodag/core/testing";
import { sha256, silentLogger } from "@memodag/core";
import { expect, test } from "vitest";
import {
  MemoryRecordStore,
  MemoryResultStore,
  ResultCache,
  type RecordStore,
  type StagedEntry,
} from "../src/index.ts";
import { entry } from "./entries.ts";

const TEAM = "ml";
const MAX_BYTES = 100;

function cacheOver(change: (records: MemoryRecordStore) => Partial<RecordStore>): {
  cache: ResultCache;
  records: MemoryRecordStore;
} {
  const clock = new ManualClock();
  const records = new MemoryRecordStore(clock);
  const cache = new ResultCache({
    records: {
      find: records.find.bind(records),
      put: records.put.bind(records),
      touch: records.touch.bind(records),
      purge: records.purge.bind(records),
      ...change(records),
    },
    results: new MemoryResultStore(),
    clock,
    log: silentLogger,
    options: {
      lookupTimeoutMs: () => 50,
      storeTimeoutMs: () => 50,
      maxResultSize: () => MAX_BYTES,
      breakerThreshold: 3,
      breakerRestMs: 20,
    },
  });
  return { cache, records };
}

const texts = ["1", "2", JSON.stringify("x".repeat(MAX_BYTES))];
const bytesOf = new Map(texts.map((text) => [sha256(text), new TextEncoder().encode(text)]));

/** Two results, and one that is too large. */
const staged = texts.map((text): StagedEntry => {
  const { record, xcoms } = entry(text);
  return {
    record,
    mode: "keep-live",
    xcoms: xcoms.map(({ key, digest, bytes }) => ({ key, digest, sizeBytes: bytes.length, store: null })),
  };
});

const read = async () => bytesOf;

const TOO_LARGE = { kind: "too_large", sizeBytes: MAX_BYTES + 2, limitBytes: MAX_BYTES };

test.each<[string, (records: MemoryRecordStore) => Partial<RecordStore>]>([
  ["at one moment", (records) => ({ putAll: records.putAll.bind(records) })],
  ["one after another where the store has no putAll", () => ({})],
  ["one after another where putAll cannot", () => ({ putAll: async () => undefined })],
])("they are stored %s, but for those that cannot be", async (_, change) => {
  const { cache, records } = cacheOver(change);
  expect(await cache.storeAll(staged, read)).toEqual({
    kind: "answered",
    outcomes: [{ kind: "stored" }, { kind: "stored" }, TOO_LARGE],
  });
  const keys = staged.map(({ record }) => record.key);
  expect([...(await records.find(TEAM, keys)).keys()]).toEqual(keys.slice(0, 2));
});

test.each<[string, (records: MemoryRecordStore) => Partial<RecordStore>]>([
  ["throws", () => ({ putAll: () => Promise.reject(new Error("away")) })],
  ["gives too few outcomes", () => ({ putAll: async () => [{ kind: "stored" }] })],
  [
    "gives too many outcomes",
    () => ({ putAll: async () => staged.map(() => ({ kind: "stored" as const })) }),
  ],
  ["gives something else", () => ({ putAll: async () => ["stored", "stored"] as never })],
  ["fails at the second put", (records) => ({ putAll: async () => undefined, put: onceThen(records) })],
])("a store that %s makes the call fail, and nothing throws", async (_, change) => {
  const { cache } = cacheOver(change);
  expect(await cache.storeAll(staged, read)).toEqual({ kind: "failed", message: expect.any(String) });
});

test("a value that is gone makes the call fail, and nothing is stored", async () => {
  const { cache, records } = cacheOver(() => ({}));
  expect(await cache.storeAll(staged, async () => new Map())).toMatchObject({ kind: "failed" });
  expect(await records.find(TEAM, [staged[0]?.record.key ?? ""])).toEqual(new Map());
});

/** Puts once; then the store is away. */
function onceThen(records: MemoryRecordStore): RecordStore["put"] {
  let calls = 0;
  return async (record, mode) => {
    if ((calls += 1) > 1) throw new Error("away");
    return await records.put(record, mode);
  };
}
