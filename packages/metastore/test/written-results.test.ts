// Results in a bucket: collected by their notes, without a listing, whatever was killed when.

import { MemodagError, RETURN_VALUE, sha256, type ByteStore, type Digest } from "@memodag/core";
import { ManualClock } from "@memodag/core/testing";
import { TEST_DIALECTS, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import {
  ByteResultStore,
  Collector,
  CONDEMNED_MS,
  MemoryByteStore,
  NotedResults,
  ORPHAN_GRACE_MS,
  Verifier,
  type Collection,
} from "@memodag/result-cache";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { cacheRecord } from "./cache-records.ts";

const TEAM = "red";
const STORE = "bucket";

function resultOf(text: string): { digest: Digest; bytes: Uint8Array } {
  const bytes = new TextEncoder().encode(text);
  return { digest: sha256(bytes), bytes };
}

/** A bucket that can be told to refuse, and counts what is asked of it. */
class Bucket extends MemoryByteStore {
  listings = 0;
  isAway = false;

  override write(...args: Parameters<ByteStore["write"]>): Promise<void> {
    if (this.isAway) return Promise.reject(new MemodagError("cache_backend_failed", "away"));
    return super.write(...args);
  }

  override delete(...args: Parameters<ByteStore["delete"]>): Promise<void> {
    if (this.isAway) return Promise.reject(new MemodagError("cache_backend_failed", "away"));
    return super.delete(...args);
  }

  override list(): ReturnType<MemoryByteStore["list"]> {
    this.listings += 1;
    return super.list();
  }
}

describe.each(TEST_DIALECTS)("results of a bucket that is not listed, on %s", (dialect) => {
  let metastore: TestMetastore;
  let clock: ManualClock;
  let bucket: Bucket;
  let results: NotedResults;
  const value = resultOf("value");

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());
  beforeEach(async () => {
    await metastore.execute("delete from written_result; delete from cache_record; delete from result");
    clock = new ManualClock();
    bucket = new Bucket(clock);
    results = new NotedResults({
      results: new ByteResultStore(bucket),
      notes: metastore.written,
      store: STORE,
      clock,
    });
  });

  const passTime = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await metastore.execute(
      `update written_result set written_at = written_at - ${ms}, condemned_at = condemned_at - ${ms}`,
    );
  };
  const collect = async (): Promise<Collection> => {
    const records = await metastore.records.retention?.();
    return await new Collector({
      records,
      results: [await results.collectable()],
      maxSizeBytes: null,
    }).collect();
  };
  const isThere = async ({ digest }: { digest: Digest }): Promise<boolean> =>
    (await bucket.stat(TEAM, [digest])).has(digest);
  const remember = async (): Promise<void> => {
    const xcoms = [{ key: RETURN_VALUE, digest: value.digest, sizeBytes: 5, store: STORE }];
    await metastore.records.put(cacheRecord("noted", { team: TEAM, xcoms }), "keep-live");
  };

  test("go when nothing names them any more, without a listing", async () => {
    const other = resultOf("other");
    await results.write(TEAM, [value, other]);
    await remember();
    await passTime(ORPHAN_GRACE_MS + 1);
    expect((await collect()).bytes).toEqual({ count: 1, sizeBytes: 5 });
    expect([await isThere(value), await isThere(other)]).toEqual([true, false]);
    await metastore.records.purge({});
    expect((await collect()).bytes.count).toBe(1);
    expect([await isThere(value), (await collect()).bytes.count, bucket.listings]).toEqual([false, 0, 0]);
  });

  test("stay while their writer may be about to name them", async () => {
    await results.write(TEAM, [value]);
    await passTime(ORPHAN_GRACE_MS - 60_000);
    expect((await collect()).bytes.count).toBe(0);
    // Written again: their age starts anew.
    await results.write(TEAM, [value]);
    await passTime(ORPHAN_GRACE_MS - 60_000);
    expect([(await collect()).bytes.count, await isThere(value)]).toEqual([0, true]);
  });

  test("of a writer that was killed between its note and the end of its upload are known", async () => {
    bucket.isAway = true;
    await expect(results.write(TEAM, [value])).rejects.toThrow("away");
    bucket.isAway = false;
    // The request got through, and its writer did not hear of it.
    await new ByteResultStore(bucket).write(TEAM, [value]);
    await passTime(ORPHAN_GRACE_MS + 1);
    expect((await collect()).bytes.count).toBe(1);
    expect([await isThere(value), bucket.listings]).toEqual([false, 0]);
  });

  test("are deleted by another collection if one was killed, or the bucket was away", async () => {
    await results.write(TEAM, [value]);
    await passTime(ORPHAN_GRACE_MS + 1);
    bucket.isAway = true;
    await expect(collect()).rejects.toThrow("away");
    bucket.isAway = false;
    // Another may still be at it.
    expect([(await collect()).bytes.count, await isThere(value)]).toEqual([0, true]);
    await passTime(CONDEMNED_MS + 1);
    expect([(await collect()).bytes.count, await isThere(value)]).toEqual([1, false]);
  });

  test("are not written while they are being deleted, and are written when that is over", async () => {
    await results.write(TEAM, [value]);
    await passTime(ORPHAN_GRACE_MS + 1);
    expect(await metastore.written.condemn(STORE, TEAM, [value.digest], ORPHAN_GRACE_MS)).toEqual([
      { digest: value.digest, sizeBytes: 5 },
    ]);
    const given = AbortSignal.abort(new Error("given up"));
    await expect(results.write(TEAM, [value], { signal: given })).rejects.toMatchObject({
      name: "AbortError",
    });
    const writing = results.write(TEAM, [value]);
    await bucket.delete(TEAM, [value.digest]);
    await metastore.written.forget(STORE, TEAM, [value.digest]);
    await writing;
    expect(await isThere(value)).toBe(true);
    expect(await metastore.written.findNoted(STORE, TEAM, [value.digest])).toEqual(new Set([value.digest]));
  });

  test("whose deletion never ended are written anew, and its late end forgets nothing", async () => {
    await results.write(TEAM, [value]);
    await passTime(ORPHAN_GRACE_MS + 1);
    await metastore.written.condemn(STORE, TEAM, [value.digest], ORPHAN_GRACE_MS);
    await passTime(CONDEMNED_MS + 1);
    await results.write(TEAM, [value]);
    await metastore.written.forget(STORE, TEAM, [value.digest]);
    expect(await metastore.written.findNoted(STORE, TEAM, [value.digest])).toEqual(new Set([value.digest]));
  });

  test("of a collector that was stopped after its note are not deleted by it", async () => {
    await results.write(TEAM, [value]);
    await passTime(ORPHAN_GRACE_MS + 1);
    const stopped = new NotedResults({
      results: new ByteResultStore(bucket),
      notes: metastore.written,
      store: STORE,
      clock: {
        now() {
          clock.advance(CONDEMNED_MS);
          return clock.now();
        },
      },
    });
    const { deleteUnnamed } = await stopped.collectable();
    expect((await deleteUnnamed(TEAM, [value.digest], ORPHAN_GRACE_MS)).count).toBe(0);
    expect(await isThere(value)).toBe(true);
  });

  test("go with one of two collections at once, and each is counted once", async () => {
    const many = Array.from({ length: 300 }, (_, index) => resultOf(`value ${index}`));
    await results.write(TEAM, many);
    await passTime(ORPHAN_GRACE_MS + 1);
    const collections = await Promise.all([collect(), collect()]);
    expect(collections.reduce((sum, { bytes }) => sum + bytes.count, 0)).toBe(many.length);
    expect(
      (
        await bucket.stat(
          TEAM,
          many.map(({ digest }) => digest),
        )
      ).size,
    ).toBe(0);
  });

  test("of before are found by verification, and collected once it repaired", async () => {
    await new ByteResultStore(bucket).write(TEAM, [value]);
    await remember();
    await passTime(ORPHAN_GRACE_MS + 1);
    const retention = await metastore.records.retention?.();
    const verifier = new Verifier({
      records: { store: metastore.records, retention: retention! },
      results: { store: results, retention: (await results.retention())! },
    });
    await verifier.verify(false);
    await metastore.records.purge({});
    expect([(await collect()).bytes.count, bucket.listings]).toEqual([0, 1]);
    await remember();
    await verifier.verify(true);
    await metastore.records.purge({});
    expect([(await collect()).bytes.count, await isThere(value), bucket.listings]).toEqual([1, false, 2]);
  });
});
