// Tests of what a collection removes from a backend, and what it keeps.

import { deepEqual, equal, ok } from "node:assert/strict";
import { sha256 } from "@memodag/core";
import { Collector, type Collection } from "../retention/collector.ts";
import { collectableOf } from "../result-store.ts";
import { keyOf, listKeys, TEAM } from "./sample-record.ts";
import {
  bytesOf,
  entry,
  holds,
  retentionOf,
  storeAll,
  type OpenRetentionStores,
} from "./retention-stores.ts";
import type { RegisterCase } from "./store-harness.ts";

const HOUR = 3_600_000;

export function describeCollecting(check: RegisterCase<OpenRetentionStores>): void {
  check("an empty store has nothing to collect", async (stores) => {
    deepEqual(counts(await collect(stores)), { expired: 0, evicted: 0, bytes: 0 });
  });

  check("expired records go, and then the bytes that only they named", async (stores) => {
    await storeAll(stores, [
      entry("short", { ttlMs: HOUR }),
      entry("long", { ttlMs: 9 * HOUR }),
      entry("ever", { ttlMs: null }),
      entry("other", { ttlMs: HOUR, team: "ops" }),
      entry("shared", { ttlMs: HOUR }, "value of long"),
    ]);
    await stores.passTime(2 * HOUR);
    deepEqual(counts(await collect(stores)), { expired: 3, evicted: 0, bytes: 2 });
    deepEqual((await listKeys(stores.records, {})).sort(), [keyOf("long"), keyOf("ever")].sort());
    await holds(stores, TEAM, { short: false, long: true, ever: true });
    await holds(stores, "ops", { other: false });
    deepEqual(counts(await collect(stores)), { expired: 0, evicted: 0, bytes: 0 });
  });

  check(
    "bytes that nothing refers to yet are kept for an hour from when they were written",
    async (stores) => {
      const { results, passTime } = stores;
      const bytes = bytesOf("value of late");
      await results.write(TEAM, [bytes]);
      await passTime(HOUR / 2);
      equal((await collect(stores)).bytes.count, 0);
      // Written again by a process that is about to refer to them: their age starts again.
      await passTime(HOUR / 4);
      await results.write(TEAM, [bytes]);
      await passTime(HOUR / 2);
      equal((await collect(stores)).bytes.count, 0);
      await passTime(HOUR);
      deepEqual((await collect(stores)).bytes, { count: 1, sizeBytes: bytes.bytes.length });
      await holds(stores, TEAM, { late: false });
    },
  );

  check("bytes under one digest are each team's own", async (stores) => {
    await storeAll(stores, [entry("one"), entry("one", { team: "ops" })]);
    await stores.records.purge({ team: "ops" });
    await stores.passTime(2 * HOUR);
    deepEqual((await collect(stores)).bytes.count, 1);
    await holds(stores, TEAM, { one: true });
    await holds(stores, "ops", { one: false });
  });

  check("a record that was hit or replaced since it was listed stays", async (stores) => {
    const { records, passTime } = stores;
    const names = ["hit", "replaced", "idle"];
    await storeAll(
      stores,
      names.map((name) => entry(name, { ttlMs: HOUR })),
    );
    await passTime(2 * HOUR);
    const { records: retention } = await retentionOf(stores);
    const listed = await retention.listExpired(10);
    equal(listed.length, 3);
    await records.touch(TEAM, [{ key: keyOf("hit"), count: 1 }]);
    await storeAll(stores, [entry("replaced")]);
    equal((await retention.deleteUnused(listed, "expired")).count, 1);
    deepEqual((await listKeys(records, {})).sort(), [keyOf("hit"), keyOf("replaced")].sort());
  });

  check("more than one batch goes", async (stores) => {
    const names = Array.from({ length: 60 }, (_, index) => `${index}`);
    await storeAll(
      stores,
      names.map((name) => entry(name, { ttlMs: 0 })),
    );
    await stores.passTime(2 * HOUR);
    const { records } = await retentionOf(stores);
    equal((await records.listExpired(7)).length, 7);
    deepEqual(counts(await collect(stores)), { expired: 60, evicted: 0, bytes: 60 });
  });

  check("a plan deletes nothing, and names what a collection then deletes", async (stores) => {
    await storeAll(stores, [entry("old", { ttlMs: HOUR }), entry("young")]);
    await stores.results.write(TEAM, [bytesOf("value of no record")]);
    await stores.passTime(2 * HOUR);
    const plan = await (await collectorOf(stores, 0)).plan(100);
    deepEqual(counts(plan), { expired: 1, evicted: 1, bytes: 1 });
    deepEqual(
      plan.items.map(({ kind, name }) => [kind, name]),
      [
        ["expired", keyOf("old")],
        ["evicted", keyOf("young")],
        ["bytes", sha256("value of no record")],
      ],
    );
    ok(plan.items.every(({ ageMs }) => ageMs >= 2 * HOUR));
    equal((await (await collectorOf(stores, 0)).plan(1)).items.length, 1);
    equal(await stores.records.count({}), 2);
    // With the bytes that the two records named.
    deepEqual(counts(await collect(stores, 0)), { expired: 1, evicted: 1, bytes: 3 });
  });
}

export function describeQuota(check: RegisterCase<OpenRetentionStores>): void {
  const TEN = "0123456789";

  async function threeOfTen({ records, passTime, ...stores }: OpenRetentionStores): Promise<void> {
    for (const name of ["a", "b", "c"]) {
      await storeAll({ records, passTime, ...stores }, [entry(name, {}, TEN)]);
      await passTime(1_000);
    }
    await records.touch(TEAM, [{ key: keyOf("a"), count: 1 }]);
    await passTime(1_000);
  }

  check("what was used least recently goes first, until the rest fits", async (stores) => {
    await threeOfTen(stores);
    deepEqual((await collect(stores, 30)).evicted, { count: 0, sizeBytes: 0 });
    deepEqual((await collect(stores, 29)).evicted, { count: 1, sizeBytes: 10 });
    deepEqual((await listKeys(stores.records, {})).sort(), [keyOf("a"), keyOf("c")].sort());
    deepEqual((await collect(stores, 11)).evicted, { count: 1, sizeBytes: 10 });
    deepEqual(await listKeys(stores.records, {}), [keyOf("a")]);
    deepEqual((await collect(stores, 0)).evicted, { count: 1, sizeBytes: 10 });
    equal(await stores.records.count({}), 0);
  });

  check("without a quota nothing is evicted", async (stores) => {
    await threeOfTen(stores);
    equal((await collect(stores, null)).evicted.count, 0);
    equal(await stores.records.count({}), 3);
  });

  check("expired records make room first", async (stores) => {
    await storeAll(stores, [entry("live", {}, TEN)]);
    await storeAll(stores, [entry("brief", { ttlMs: 1_000 }, TEN)]);
    await stores.passTime(5_000);
    const { expired, evicted } = await collect(stores, 10);
    deepEqual([expired.count, evicted.count], [1, 0]);
    deepEqual(await listKeys(stores.records, {}), [keyOf("live")]);
  });
}

async function collectorOf(stores: OpenRetentionStores, maxSizeBytes: number | null): Promise<Collector> {
  const { records } = await retentionOf(stores);
  return new Collector({ records, results: [await collectableOf(stores.results)], maxSizeBytes });
}

async function collect(stores: OpenRetentionStores, maxSizeBytes: number | null = null): Promise<Collection> {
  return await (await collectorOf(stores, maxSizeBytes)).collect();
}

function counts({ expired, evicted, bytes }: Collection): Record<string, number> {
  return { expired: expired.count, evicted: evicted.count, bytes: bytes.count };
}
