// The contract of a record store: what was put comes back, with its age and its hits.

import { deepEqual, equal } from "node:assert/strict";
import { sha256, type Digest } from "@memodag/core";
import { positionOf } from "../record-order.ts";
import {
  RECORD_SORTS,
  type CacheRecord,
  type NewCacheRecord,
  type RecordPosition,
  type RecordSort,
} from "../record-store.ts";
import { TEAM, findOne, keyOf, putAll, sampleRecord } from "./sample-record.ts";
import type { OpenRecordStore, RegisterCase } from "./store-harness.ts";

const HOUR = 3_600_000;

/** The longest duration of a test, by a database's clock. */
const MINUTE = 60_000;

export function describeRecordReads(check: RegisterCase<OpenRecordStore>): void {
  check("finds what is there among many keys", async ({ store }) => {
    const records = Array.from({ length: 520 }, (_, index) => sampleRecord(`${index}`));
    await putAll(store, records);
    const keys = records.flatMap((record, index) => [keyOf(`absent ${index}`), record.key]);
    const found = await store.find(TEAM, [...keys, ...keys.slice(0, 10)]);
    deepEqual([...found.keys()].sort(), records.map((record) => record.key).sort());
    for (const [key, record] of found) equal(record.key, key);
  });

  check("finds nothing under no keys, and in an empty store", async ({ store }) => {
    equal((await store.find(TEAM, [])).size, 0);
    equal((await store.find(TEAM, [keyOf("one")])).size, 0);
    deepEqual(await store.list({}, { limit: 10, offset: 0 }), []);
    deepEqual(await store.stats({}), []);
    equal(await store.count({}), 0);
    equal(await store.purge({}), 0);
  });

  check("every field comes back as it was put", async ({ store }) => {
    const record = awkwardRecord();
    await store.put(record, "keep-live");
    const { ageMs, createdAt, ...found } = await findOne(store, record.key);
    const { ttlMs, ...fields } = record;
    // By way of JSON, so that how a store makes its objects is its own affair.
    deepEqual(plain(found), plain({ ...fields, expiresAt: createdAt + HOUR, lastHitAt: null, hitCount: 0 }));
    equal(ttlMs, HOUR);
    equal(ageMs >= 0 && ageMs < MINUTE, true, `age ${ageMs}`);
    const [listed] = await store.list({}, { limit: 1, offset: 0 });
    deepEqual(plain({ ...listed, ageMs: 0 }), plain({ ...found, createdAt, ageMs: 0 }));
  });

  check("a record that is stamped in the future is younger than nothing", async ({ store, passTime }) => {
    const record = sampleRecord("one", { ttlMs: null });
    await store.put(record, "keep-live");
    await passTime(-2 * HOUR);
    // By this, readers know that such an entry is not a hit.
    const { ageMs } = await findOne(store, record.key);
    equal(ageMs <= MINUTE - 2 * HOUR, true, `age ${ageMs}`);
    const [listed] = await store.list({}, { limit: 1, offset: 0 });
    equal((listed?.ageMs ?? 0) <= MINUTE - 2 * HOUR, true, `listed age ${listed?.ageMs}`);
  });

  check("a failure comes back with every letter of its error", async ({ store }) => {
    const error = { code: "value_not_json", message: "Date at $.rows[3].at: 'quoted' \"\\ \n\u{1F427} null" };
    const record = sampleRecord("one", { xcoms: [], error });
    await store.put(record, "keep-live");
    const found = await findOne(store, record.key);
    deepEqual({ ...found.error }, error);
    deepEqual([...found.xcoms], []);
    const [listed] = await store.list({}, { limit: 1, offset: 0 });
    deepEqual({ ...listed?.error }, error);
    deepEqual(plain(await store.stats({})), [
      { team: TEAM, dagId: record.dagId, taskId: record.taskId, entries: 1, sizeBytes: 0 },
    ]);
  });

  check("a record without a ttl has no expiry, and a null version stays null", async ({ store }) => {
    await store.put(sampleRecord("one", { ttlMs: null }), "keep-live");
    const record = await findOne(store, keyOf("one"));
    equal(record.expiresAt, null);
    equal(record.components.version, null);
  });

  check("ages are by the store's clock, and expired records are still found", async ({ store, passTime }) => {
    await store.put(sampleRecord("one", { ttlMs: 1_000 }), "keep-live");
    const { createdAt } = await findOne(store, keyOf("one"));
    await passTime(HOUR);
    const found = await findOne(store, keyOf("one"));
    equal(found.ageMs >= HOUR && found.ageMs < HOUR + MINUTE, true, `age ${found.ageMs}`);
    equal(found.expiresAt, found.createdAt + 1_000);
    equal(found.createdAt <= createdAt, true);
  });

  check("hits are added up, and their time is the latest", async ({ store, passTime }) => {
    await putAll(store, [sampleRecord("one"), sampleRecord("two")]);
    const [one, two] = [keyOf("one"), keyOf("two")];
    await store.touch(TEAM, [
      { key: one, count: 2 },
      { key: two, count: 1 },
      { key: keyOf("absent"), count: 5 },
    ]);
    await passTime(HOUR);
    await store.touch(TEAM, [{ key: one, count: 3 }]);
    const sinceHit = ({ createdAt, ageMs, lastHitAt }: CacheRecord) => createdAt + ageMs - (lastHitAt ?? 0);
    const often = await findOne(store, one);
    const once = await findOne(store, two);
    equal(often.hitCount, 5);
    equal(once.hitCount, 1);
    const [recent, old] = [sinceHit(often), sinceHit(once)];
    equal(recent >= 0 && recent < MINUTE, true, `hit ${recent} ms ago`);
    equal(old >= HOUR && old < HOUR + MINUTE, true, `hit ${old} ms ago`);
    equal(await store.count({}), 2);
  });

  check("hits that are counted at once are all counted", async ({ store }) => {
    await store.put(sampleRecord("one"), "keep-live");
    const hit = { key: keyOf("one"), count: 2 };
    await Promise.all(Array.from({ length: 20 }, () => store.touch(TEAM, [hit])));
    await store.touch(TEAM, []);
    equal((await findOne(store, keyOf("one"))).hitCount, 40);
  });

  check("lists newest first, page by page", async ({ store, passTime }) => {
    // Pairs of one age: pages must not overlap where age alone gives no order.
    for (let age = 0; age < 4; age++) {
      await putAll(store, [sampleRecord(`${age} a`), sampleRecord(`${age} b`)]);
      await passTime(HOUR);
    }
    const all = await store.list({}, { limit: 100, offset: 0 });
    deepEqual(
      all.map((record) => Math.floor(record.ageMs / HOUR)),
      [1, 1, 2, 2, 3, 3, 4, 4],
    );
    const pages = [];
    for (let offset = 0; offset < 9; offset += 3)
      for (const record of await store.list({}, { limit: 3, offset })) pages.push(record);
    deepEqual(
      pages.map((record) => record.key),
      all.map((record) => record.key),
    );
    deepEqual(await store.list({}, { limit: 3, offset: 8 }), []);
  });

  check(
    "lists what comes after a record, whatever is stored or purged meanwhile",
    async ({ store, passTime }) => {
      for (let age = 0; age < 4; age++) {
        await putAll(store, [sampleRecord(`${age} a`), sampleRecord(`${age} b`)]);
        await passTime(HOUR);
      }
      for (const sort of RECORD_SORTS) {
        for (const ascending of [false, true]) {
          const order = { sort, ascending, offset: 0 };
          const all = (await store.list({}, { limit: 100, ...order })).map(({ key }) => key);
          const pages: Digest[] = [];
          for (let after: RecordPosition | undefined; ;) {
            const page = await store.list({}, { limit: 3, ...order, ...(after && { after }) });
            for (const { key } of page) pages.push(key);
            const last = page.at(-1);
            // A store that takes no notice of the position would begin anew each time.
            if (last === undefined || pages.length > all.length) break;
            after = positionOf(last, sort);
          }
          deepEqual(pages, all);
        }
      }
      const [first, second] = await store.list({}, { limit: 2, offset: 0 });
      if (!first || !second) throw new Error("records were stored");
      const after = positionOf(second, "age");
      const next = await store.list({}, { limit: 2, offset: 0, after });
      // The position of a record that is gone is a position still.
      await store.purge({ key: second.key });
      await store.put(sampleRecord("newer"), "keep-live");
      const again = await store.list({}, { limit: 2, offset: 0, after });
      deepEqual(
        again.map(({ key }) => key),
        next.map(({ key }) => key),
      );
      deepEqual((await store.list({ team: "another" }, { limit: 9, offset: 0, after })).length, 0);
    },
  );

  check("lists by size, hits and time saved, either way round", async ({ store }) => {
    const sized = (name: string, sizeBytes: number, durationMs: number) =>
      sampleRecord(name, {
        xcoms: [
          { key: "return_value", digest: sha256(name), sizeBytes: sizeBytes - 1 },
          { key: "report", digest: sha256("r"), sizeBytes: 1 },
        ],
        durationMs,
      });
    await putAll(store, [sized("a", 9, 10), sized("b", 70, 1_000), sized("c", 800, 0.5), sized("d", 70, 1)]);
    await store.touch(TEAM, [
      { key: keyOf("a"), count: 12 },
      { key: keyOf("b"), count: 1 },
      { key: keyOf("c"), count: 3 },
    ]);
    const names = new Map(["a", "b", "c", "d"].map((name) => [keyOf(name), name]));
    const listed = async (sort: RecordSort, ascending: boolean, limit = 10) => {
      const records = await store.list({ team: TEAM }, { limit, offset: 0, sort, ascending });
      return records.map(({ key }) => names.get(key)).join("");
    };
    equal(await listed("hits", false), "acbd");
    equal(await listed("hits", true), "dbca");
    equal(await listed("hits", false, 2), "ac");
    equal(await listed("saved", false), "bacd");
    equal(await listed("saved", true, 3), "dca");
    const bySize = await listed("size", false);
    equal(bySize === "cbda" || bySize === "cdba", true, bySize);
    // Alike in size: in one order, which turns round with the rest.
    equal(await listed("size", true), [...bySize].toReversed().join(""));
  });

  check("a lookup that is aborted leaves the store in order", async ({ store }) => {
    await store.put(sampleRecord("one"), "keep-live");
    const aborted = store.find(TEAM, [keyOf("one")], { signal: AbortSignal.abort() });
    // It may answer, if it was done before it could be aborted, or reject.
    const [outcome] = await Promise.allSettled([aborted]);
    if (outcome.status === "fulfilled") equal(outcome.value.size, 1);
    equal((await store.find(TEAM, [keyOf("one")])).size, 1);
    deepEqual(await store.put(sampleRecord("two"), "keep-live"), { kind: "stored" });
  });
}

/** A record whose names and numbers have led stores astray. */
function awkwardRecord(): NewCacheRecord {
  const one = sampleRecord("awkward");
  // JSON.parse makes `__proto__` a property like another; an object literal would not.
  const inputs = JSON.parse(
    `{"__proto__":"${sha256("1")}","constructor":"${sha256("2")}","":"${sha256("3")}","é\\n'\\"\\\\":"${sha256("4")}"}`,
  ) as Record<string, Digest>;
  return {
    ...one,
    dagId: `d'ag "1"; DROP TABLE`,
    taskId: "grüße.\u{1f427}/../task\n",
    components: { ...one.components, inputs, context: { "params.species": sha256("5") }, version: "v'1" },
    xcoms: [...one.xcoms, { key: "__proto__", digest: sha256("6"), sizeBytes: 5_000_000_000 }],
    producer: { runId: "manual__2026-01-01T00:00:00+00:00", mapIndex: 3, tryNumber: 2 },
    durationMs: 0.25,
    ttlMs: HOUR,
    validForMs: 2 * HOUR,
  };
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
