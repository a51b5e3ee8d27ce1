// The contract of a record store: what a put keeps and what it replaces.

import { deepEqual, equal } from "node:assert/strict";
import { findOne, keyOf, listKeys, putAll, returnValue, sampleRecord, TEAM } from "./sample-record.ts";
import type { OpenRecordStore, RegisterCase } from "./store-harness.ts";

const HOUR = 3_600_000;

export function describeRecordPuts(check: RegisterCase<OpenRecordStore>): void {
  const first = sampleRecord("one", { ttlMs: HOUR, xcoms: [returnValue("first")] });
  const second = sampleRecord("one", { ttlMs: HOUR, xcoms: [returnValue("second")] });
  const kept = { kind: "kept", resultDigest: returnValue("first").digest };

  check("a live record is kept, and its return value's digest named", async ({ store, passTime }) => {
    deepEqual(await store.put(first, "keep-live"), { kind: "stored" });
    await passTime(HOUR / 2);
    deepEqual(await store.put(second, "keep-live"), kept);
    deepEqual((await findOne(store, first.key)).xcoms, first.xcoms);
  });

  check("a record that never expires is kept at any age", async ({ store, passTime }) => {
    await store.put({ ...first, ttlMs: null }, "keep-live");
    await passTime(10_000 * HOUR);
    deepEqual(await store.put(second, "keep-live"), kept);
  });

  check("the digest is the return value's, not another XCom's", async ({ store }) => {
    const report = { key: "a_report", digest: keyOf("report"), sizeBytes: 3 };
    await store.put({ ...first, xcoms: [report, ...first.xcoms, { ...report, key: "z" }] }, "keep-live");
    deepEqual(await store.put(second, "keep-live"), kept);
  });

  check("an expired record is replaced, and the new one starts anew", async ({ store, passTime }) => {
    await store.put(first, "keep-live");
    await store.touch(TEAM, [{ key: first.key, count: 3 }]);
    await passTime(HOUR + 1);
    deepEqual(await store.put(second, "keep-live"), { kind: "stored" });
    const record = await findOne(store, first.key);
    deepEqual(record.xcoms, second.xcoms);
    equal(record.hitCount, 0);
    equal(record.lastHitAt, null);
    equal(record.ageMs < HOUR, true, `age ${record.ageMs}`);
    deepEqual(await store.put(first, "keep-live"), {
      kind: "kept",
      resultDigest: returnValue("second").digest,
    });
    equal(await store.count({}), 1);
  });

  check("a replacing put replaces a live record, age and hits included", async ({ store, passTime }) => {
    await store.put(first, "keep-live");
    await store.touch(TEAM, [{ key: first.key, count: 3 }]);
    await passTime(HOUR / 2);
    deepEqual(await store.put({ ...second, dagId: "geese", ttlMs: null }, "replace"), { kind: "stored" });
    const record = await findOne(store, first.key);
    deepEqual(record.xcoms, second.xcoms);
    equal(record.dagId, "geese");
    equal(record.expiresAt, null);
    equal(record.hitCount, 0);
    equal(record.lastHitAt, null);
    equal(record.ageMs < HOUR / 2, true, `age ${record.ageMs}`);
    equal(await store.count({}), 1);
  });

  check("a failure is replaced by a result, and by a later failure", async ({ store, passTime }) => {
    const failure = { ...first, xcoms: [], error: { code: "task_failed", message: "first" } };
    await store.put(failure, "keep-live");
    await passTime(HOUR / 2);
    const later = { ...failure, error: { code: "task_failed", message: "second" } };
    deepEqual(await store.put(later, "keep-live"), { kind: "stored" });
    const record = await findOne(store, first.key);
    deepEqual({ ...record.error }, later.error);
    equal(record.ageMs < HOUR / 2, true, `age ${record.ageMs}`);
    deepEqual(await store.put(second, "keep-live"), { kind: "stored" });
    equal((await findOne(store, first.key)).error, null);
    deepEqual((await findOne(store, first.key)).xcoms, second.xcoms);
    equal(await store.count({}), 1);
  });

  check("a failure does not replace a live result", async ({ store, passTime }) => {
    const failure = { ...second, xcoms: [], error: { code: "task_failed", message: "no" } };
    await store.put(first, "keep-live");
    deepEqual(await store.put(failure, "keep-live"), kept);
    const [listed] = await store.list({}, { limit: 1, offset: 0 });
    deepEqual(listed?.xcoms, first.xcoms);
    await passTime(HOUR + 1);
    deepEqual(await store.put(failure, "keep-live"), { kind: "stored" });
    deepEqual((await findOne(store, first.key)).xcoms, []);
  });

  check("a replacing put stores where there was nothing", async ({ store }) => {
    deepEqual(await store.put(first, "replace"), { kind: "stored" });
    deepEqual(await listKeys(store, {}), [first.key]);
  });

  check("of records that are stored together each has its own outcome, in order", async ({ store }) => {
    await store.put(first, "keep-live");
    const puts = [
      { record: sampleRecord("together a"), mode: "keep-live" },
      { record: { ...first, xcoms: [returnValue("another")] }, mode: "keep-live" },
      { record: sampleRecord("together b"), mode: "replace" },
    ] as const;
    const outcomes = await store.putAll?.(puts);
    const keys = puts.map(({ record }) => record.key);
    // A store that cannot stores nothing.
    if (!outcomes) return deepEqual(await listKeys(store, {}), [first.key]);
    deepEqual(outcomes, [
      { kind: "stored" },
      { kind: "kept", resultDigest: first.xcoms[0]?.digest },
      { kind: "stored" },
    ]);
    deepEqual((await listKeys(store, {})).toSorted(), keys.toSorted());
    // As a store is asked whether it can.
    deepEqual(await store.putAll?.([]), []);
  });

  check("of many puts at once that keep what is live, one is stored", async ({ store }) => {
    const rivals = Array.from({ length: 20 }, (_, index) => ({
      ...first,
      xcoms: [returnValue(`rival ${index}`)],
    }));
    const outcomes = await putAll(store, rivals);
    const winners = rivals.filter((_, index) => outcomes[index]?.kind === "stored");
    equal(winners.length, 1);
    equal(await store.count({}), 1);
    const winner = winners[0]?.xcoms[0]?.digest;
    equal((await findOne(store, first.key)).xcoms[0]?.digest, winner);
    for (const outcome of outcomes) if (outcome.kind === "kept") equal(outcome.resultDigest, winner);
  });

  check("of many puts at once over an expired record, one is stored", async ({ store, passTime }) => {
    await store.put(first, "keep-live");
    await passTime(HOUR + 1);
    const rivals = Array.from({ length: 20 }, (_, index) => ({
      ...first,
      xcoms: [returnValue(`rival ${index}`)],
    }));
    const outcomes = await putAll(store, rivals);
    equal(outcomes.filter((outcome) => outcome.kind === "stored").length, 1);
    equal(await store.count({}), 1);
  });

  check("of many replacing puts at once, one row is left, and whole", async ({ store }) => {
    const rivals = Array.from({ length: 20 }, (_, index) => ({
      ...first,
      taskId: `task ${index}`,
      xcoms: [returnValue(`rival ${index}`)],
    }));
    const outcomes = await Promise.all(rivals.map((rival) => store.put(rival, "replace")));
    deepEqual(new Set(outcomes.map((outcome) => outcome.kind)), new Set(["stored"]));
    equal(await store.count({}), 1);
    const { taskId, xcoms } = await findOne(store, first.key);
    deepEqual(xcoms, rivals.find((rival) => rival.taskId === taskId)?.xcoms);
  });
}
