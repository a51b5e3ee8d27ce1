// The contract of a record store: results that differ from a live one are noted beside it.

import { deepEqual, equal } from "node:assert/strict";
import type { CacheRecord, RecordStore } from "../record-store.ts";
import { returnValue, sampleRecord } from "./sample-record.ts";
import type { OpenRecordStore, RegisterCase } from "./store-harness.ts";

export function describeRecordDifferences(check: RegisterCase<OpenRecordStore>): void {
  const first = sampleRecord("one", { xcoms: [returnValue("first")], ttlMs: 3_600_000 });
  const of = (text: string, runId: string) => ({
    ...first,
    xcoms: [returnValue(text)],
    producer: { runId, mapIndex: -1, tryNumber: 1 },
  });

  check("a kept put that differs is counted, and the last told of", async ({ store }) => {
    await store.put(first, "keep-live");
    await store.put(of("first", "same"), "keep-live");
    equal((await only(store)).differing, undefined);
    await store.put(of("second", "run-2"), "keep-live");
    await store.put(of("third", "run-3"), "keep-live");
    await store.put(of("first", "run-4"), "keep-live");
    const { differing, createdAt, xcoms } = await only(store);
    deepEqual(
      { ...differing, at: 0 },
      { count: 2, digest: returnValue("third").digest, runId: "run-3", at: 0 },
    );
    equal((differing?.at ?? 0) >= createdAt, true);
    deepEqual(xcoms, first.xcoms);
  });

  check("it is forgotten with the record that is replaced", async ({ store, passTime }) => {
    await store.put(first, "keep-live");
    await store.put(of("second", "run-2"), "keep-live");
    await store.put(of("third", "run-3"), "replace");
    equal((await only(store)).differing, undefined);
    await store.put(of("fourth", "run-4"), "keep-live");
    equal((await only(store)).differing?.count, 1);
    await passTime(7_200_000);
    await store.put(of("fifth", "run-5"), "keep-live");
    equal((await only(store)).differing, undefined);
  });
}

async function only(store: RecordStore): Promise<CacheRecord> {
  const [record, ...others] = await store.list({}, { limit: 2, offset: 0 });
  if (!record || others.length > 0) throw new Error("not one record");
  return record;
}
