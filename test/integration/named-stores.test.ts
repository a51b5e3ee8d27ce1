// Records and results in stores that tasks name: each store is asked once a pass, and each for its own tasks alone.

import { systemClock } from "@memodag/core";
import { openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import {
  MemoryRecordStore,
  MemoryResultStore,
  type RecordStore,
  type ResultStore,
} from "@memodag/result-cache";
import { Dag } from "@memodag/sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SchedulerRig, type RigRunOptions } from "./scheduler-rig.ts";

const TEAM = "default";
const inert = (): never => {
  throw new Error("handlers are scripted");
};

/** Records that count the calls of `find`. */
class CountedRecords extends MemoryRecordStore {
  finds = 0;
  override async find(team: string, keys: readonly string[]): ReturnType<MemoryRecordStore["find"]> {
    this.finds += 1;
    return await super.find(team, keys);
  }
}

describe("stores that tasks name", () => {
  let metastore: TestMetastore;
  let rig: SchedulerRig;
  let count = 0;
  beforeAll(async () => {
    metastore = await openTestMetastore("sqlite");
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  const openStores = () => {
    const common = new CountedRecords(systemClock);
    const far = new CountedRecords(systemClock);
    const bucket = new MemoryResultStore();
    const named = { records: { far: far as RecordStore }, results: { bucket: bucket as ResultStore } };
    return { common, far, bucket, options: { records: common as RecordStore, named } };
  };

  /** Five tasks at once, of each pair of stores; `after` needs them all. */
  const given = async (defaults = {}) => {
    const dag = new Dag(`stores${(count += 1)}`, { defaultArgs: { cache: defaults } });
    const salt = `${count}`;
    const storages = {
      plain: {},
      far: { keyStorage: "far" },
      bucket: { resultStorage: "bucket" },
      both: { keyStorage: "far", resultStorage: "bucket" },
    };
    const refs = Object.entries(storages).map(([id, storage]) =>
      dag.task(id, inert as () => string, { cache: storage })(),
    );
    dag.task("after", inert as (args: { all: string[] }) => string, { cache: true })({ all: refs as never });
    const version = await rig.define(dag);
    const scripts = Object.fromEntries(
      [...Object.keys(storages), "after"].map((id) => [id, () => `${id} ${salt}`]),
    );
    return (options: RigRunOptions) => rig.run(version, scripts, options);
  };

  test("keep what they are named for, and are asked once a pass", async () => {
    const { common, far, bucket, options } = openStores();
    const run = await given();
    const first = await run(options);
    expect(new Set(Object.values(first.states))).toEqual(new Set(["success/populated"]));
    const tasksIn = async (records: RecordStore) =>
      (await records.list({}, { limit: 10, offset: 0 })).map(({ taskId }) => taskId).toSorted();
    expect(await tasksIn(common)).toEqual(["after", "bucket", "plain"]);
    expect(await tasksIn(far)).toEqual(["both", "far"]);
    const xcoms = await metastore.runs.listXComs(TEAM, first.run.id);
    const storeOf = Object.fromEntries(xcoms.map(({ taskId, store }) => [taskId, store]));
    expect(storeOf).toEqual({ plain: null, far: null, bucket: "bucket", both: "bucket", after: null });
    const digests = xcoms.filter(({ store }) => store === "bucket").map(({ digest }) => digest);
    expect((await bucket.read(TEAM, digests)).size).toBe(2);
    expect((await metastore.results.read(TEAM, digests)).size).toBe(0);
    [common.finds, far.finds] = [0, 0];
    const second = await run(options);
    expect(second.run.processesSpawned).toBe(0);
    expect(new Set(Object.values(second.states))).toEqual(new Set(["success/hit"]));
    // Both levels of the Dag: the second level's key was foreseen, and fetched with the first.
    expect([common.finds, far.finds]).toEqual([1, 1]);
    const hits = await far.list({}, { limit: 10, offset: 0 });
    expect(hits.map(({ hitCount }) => hitCount)).toEqual([1, 1]);
  });

  test("may be the Dag's, which opts no task in", async () => {
    const { far, options } = openStores();
    const run = await given({ keyStorage: "far" });
    await run(options);
    expect((await far.list({}, { limit: 10, offset: 0 })).map(({ taskId }) => taskId).toSorted()).toEqual([
      "after",
      "both",
      "bucket",
      "far",
      "plain",
    ]);
  });

  test.each([
    ["fails", () => Promise.reject(new Error("far away")), "lookup_failure", "lookup_failure"],
    ["hangs", () => new Promise<never>(() => undefined), "lookup_timeout", "put_failure"],
  ])("one that %s makes its own tasks run, and no others", async (_, find, status, whenStored) => {
    const { far, options } = openStores();
    const run = await given();
    await run(options);
    far.find = find;
    const second = await run({ ...options, lookupTimeoutMs: 200 });
    expect(second.states).toEqual({
      plain: "success/hit",
      bucket: "success/hit",
      far: `success/${status}`,
      // After a late call, nothing is waited for that is given to the cache.
      both: `success/${whenStored}`,
      after: "success/hit",
    });
  });

  test("bytes that are gone cost a run of their task, whose result is then found again", async () => {
    const { bucket, options } = openStores();
    const run = await given();
    const first = await run(options);
    const xcoms = await metastore.runs.listXComs(TEAM, first.run.id, { taskId: "both", mapIndex: -1 });
    await bucket.delete(
      TEAM,
      xcoms.map(({ digest }) => digest),
    );
    expect((await run(options)).states).toMatchObject({ both: "success/populated", bucket: "success/hit" });
    expect((await run(options)).states).toMatchObject({ both: "success/hit" });
  });

  test("are not part of the key: without them a task misses, and hits what is found with them", async () => {
    const { options } = openStores();
    const run = await given();
    await run(options);
    const elsewhere = await run({ ...options, named: { records: {}, results: options.named.results } });
    expect(elsewhere.states).toMatchObject({ far: "success/populated", both: "success/populated" });
    expect((await run(options)).states).toMatchObject({ far: "success/hit", both: "success/hit" });
  });
});
