// Several record stores as one: what is listed, purged and collected, and what is left out.

import { ManualClock } from "@memodag/core/testing";
import { describe, expect, test } from "vitest";
import {
  AllRecords,
  JoinedRetention,
  MemoryRecordStore,
  withCatalog,
  type RecordStore,
} from "../src/index.ts";
import { sampleRecord } from "../src/testing/sample-record.ts";

async function open() {
  const clock = new ManualClock(1_000);
  const stores = [new MemoryRecordStore(clock), new MemoryRecordStore(clock)] as const;
  for (let index = 0; index < 6; index += 1) {
    const store = stores[index % 2] ?? stores[0];
    await store.put(sampleRecord(`${index}`, { ttlMs: index < 2 ? 10 : null }), "keep-live");
    clock.advance(1);
  }
  const narrow: RecordStore = withCatalog(
    { find: async () => new Map(), put: async () => ({ kind: "stored" }), touch: async () => undefined },
    undefined,
    '[[stores]] "fast"',
  );
  return { clock, stores, narrow };
}

const names = (records: readonly { readonly createdAt: number; readonly storeName?: string }[]): string[] =>
  records.map(({ createdAt, storeName = "common" }) => `${createdAt} ${storeName}`);

describe("the records of several stores", () => {
  test("are listed in one order, page by page, with the names of their stores", async () => {
    const { stores } = await open();
    const all = new AllRecords([
      { name: null, records: stores[0] },
      { name: "far", records: stores[1] },
    ]);
    const first = await all.list({}, { limit: 4, offset: 0 });
    expect(names(first)).toEqual(["1005 far", "1004 common", "1003 far", "1002 common"]);
    const last = first.at(-1);
    const after = { value: last?.createdAt ?? 0, key: last?.key ?? "" };
    expect(names(await all.list({}, { limit: 4, offset: 0, after }))).toEqual(["1001 far", "1000 common"]);
    expect(names(await all.list({}, { limit: 2, offset: 3 }))).toEqual(["1002 common", "1001 far"]);
    expect(await all.count({})).toBe(6);
    expect(await all.stats({})).toMatchObject([{ entries: 6, sizeBytes: 42 }]);
    expect(all.missed).toEqual([]);
  });

  test("leave out a store without a catalog, or away, and name it", async () => {
    const { stores, narrow } = await open();
    const away: RecordStore = { ...narrow, count: () => Promise.reject(new Error("refused")) };
    const all = new AllRecords([
      { name: null, records: stores[0] },
      { name: "fast", records: narrow },
      { name: "away", records: away },
    ]);
    expect(await all.count({})).toBe(3);
    expect(await all.purge({})).toBe(3);
    expect(all.missed).toEqual([
      { store: "fast", reason: expect.stringContaining("keeps no catalog") as string },
      { store: "away", reason: "it cannot be asked (refused)" },
    ]);
    await expect(new AllRecords([{ name: null, records: narrow }]).count({})).rejects.toMatchObject({
      code: "cache_catalog_missing",
    });
  });

  test("are collected as one: what has expired, and the least recently used of all", async () => {
    const { clock, stores } = await open();
    const retentions = await Promise.all(stores.map((store) => store.retention()));
    const joined = new JoinedRetention(retentions.flatMap((retention) => retention ?? []));
    clock.advance(100);
    const expired = await joined.listExpired(10);
    expect(await joined.deleteUnused(expired, "expired")).toMatchObject({ count: 2 });
    const used = await joined.listLeastUsed(3, 1);
    expect(used.map(({ usedAt }) => usedAt)).toEqual([1003, 1004, 1005]);
    expect(await joined.amount("all")).toEqual({ count: 4, sizeBytes: 28 });
    const digests = [2, 3].flatMap((index) => sampleRecord(`${index}`).xcoms.map(({ digest }) => digest));
    expect(await joined.findNamed("ml", [...digests, "f".repeat(64)])).toEqual(new Set(digests));
    const scanned: string[] = [];
    for await (const page of joined.scan(1)) for (const { key } of page) scanned.push(key);
    expect(scanned).toHaveLength(4);
  });
});
