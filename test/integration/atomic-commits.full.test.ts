// The commit of a transaction as other processes see it: at one moment where the store can, else never before all of its
// tasks have succeeded, and with the last task first. Several stores, one of which is away.

import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { FilesystemRecordStore, MemoryRecordStore, type RecordStore } from "@memodag/result-cache";
import { Dag, type TaskOptions } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SeenCount } from "./record-reader.ts";
import { SchedulerRig } from "./scheduler-rig.ts";

const READER = fileURLToPath(new URL("record-reader.ts", import.meta.url));
const RECORDS = 1_000;
const inert: (args: Record<string, unknown>) => unknown = () => null;

/** Starts to count the records of a Dag in another process, until there are as many. */
async function startReading(location: string, dagId: string, until: number) {
  const child = fork(READER, [location, dagId, String(until)], {
    execArgv: ["--conditions=source", "--no-warnings"],
  });
  await once(child, "message");
  const seen = once(child, "message").then(([counts]) => counts as SeenCount[]);
  return { seen, end: () => child.kill() };
}

/** Notes when a store was called. */
function timed<T extends object>(store: T, method: keyof T & string, times: number[]): T {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      if (name !== method) return member.bind(target) as unknown;
      return async (...args: unknown[]): Promise<unknown> => {
        times.push(Date.now());
        const result: unknown = await Reflect.apply(member, target, args);
        times.push(Date.now());
        return result;
      };
    },
  });
}

describe.each(TEST_DIALECTS)("commits on %s", { timeout: 120_000 }, (dialect) => {
  let metastore: TestMetastore;
  let rig: SchedulerRig;
  let dagCount = 0;
  const folders: string[] = [];

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(async () => {
    await metastore.close();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  const newFolder = (): string => {
    const folder = mkdtempSync(join(tmpdir(), "memodag-commits-"));
    folders.push(folder);
    return folder;
  };

  /** One task with many instances, and one after them, in a transaction. */
  async function define(instances: number, options: TaskOptions = {}) {
    const dag = new Dag(`dag${(dagCount += 1)}`, { maxMapLength: RECORDS });
    const etl = dag.transaction("etl");
    const list = Array.from({ length: instances }, (_, n) => n);
    const each = etl.task("each", inert, { cache: true }).expand({ n: list });
    etl.task("last", inert, { cache: true, ...options })({ each });
    return await rig.define(dag);
  }

  test(`a reader sees none of ${RECORDS} results, or all of them`, async () => {
    const version = await define(RECORDS - 1);
    const { seen, end } = await startReading(metastore.url, version.dagId, RECORDS);
    const putAt: number[] = [];
    let succeededAt = Infinity;
    const run = await rig.run(
      version,
      {
        "etl.last": () => {
          succeededAt = Date.now();
          return "done";
        },
      },
      { records: timed(metastore.records, "putAll", putAt), slots: 2_000 },
    );
    expect(new Set(Object.values(run.states))).toEqual(new Set(["success/populated"]));
    const [none, all, ...others] = await seen;
    end();
    expect([none?.count, all?.count, others]).toEqual([0, RECORDS, []]);
    const [begunAt = 0, endedAt = 0] = putAt;
    expect(all?.firstAt).toBeGreaterThanOrEqual(succeededAt);
    // It has looked while they were stored.
    expect(none?.lastAt).toBeGreaterThanOrEqual(begunAt);
    console.log(`${dialect}: ${RECORDS} records in ${endedAt - begunAt} ms, ${none?.reads} reads before`);
  });

  test("in a folder, none is there before all have succeeded, and none without the one that comes after it", async () => {
    const count = 200;
    const folder = newFolder();
    const records = new FilesystemRecordStore(folder, systemClock);
    const version = await define(count);
    const { seen, end } = await startReading(folder, version.dagId, count + 1);
    const isThere = async (taskId: string): Promise<boolean> =>
      (await records.count({ dagId: version.dagId, taskId })) > 0;
    let succeededAt = Infinity;
    const over = new AbortController();
    const watch = async (): Promise<number> => {
      let earlyCount = 0;
      while (!over.signal.aborted) {
        const [isEach, isLast] = [await isThere("etl.each"), await isThere("etl.last")];
        if (isEach && !isLast) earlyCount += 1;
      }
      return earlyCount;
    };
    const watching = watch();
    const run = await rig.run(
      version,
      {
        "etl.last": async () => {
          expect(await records.count({ dagId: version.dagId })).toBe(0);
          succeededAt = Date.now();
          return "done";
        },
      },
      { records, slots: 500, storeTimeoutMs: 60_000 },
    );
    over.abort();
    expect(await watching).toBe(0);
    expect(new Set(Object.values(run.states))).toEqual(new Set(["success/populated"]));
    const [none, ...some] = await seen;
    end();
    expect(none?.count).toBe(0);
    for (const { firstAt } of some) expect(firstAt).toBeGreaterThanOrEqual(succeededAt);
  });

  test("of several stores one is away at first: all is stored in the end", async () => {
    const far = new MemoryRecordStore(systemClock);
    let isAway = true;
    const whileAway: RecordStore = new Proxy(far, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return (...args: unknown[]): unknown => {
          if (isAway && String(name).startsWith("put")) throw new Error("the store is away");
          return Reflect.apply(member, target, args);
        };
      },
    });
    const named = { records: { far: whileAway }, results: {} };
    const version = await define(3, { cache: { keyStorage: "far" } });
    const counts = async () => [
      await metastore.records.count({ dagId: version.dagId }),
      await far.count({ dagId: version.dagId }),
    ];
    const run = await rig.run(version, { "etl.each": (_, { n }) => n, "etl.last": () => "done" }, { named });
    expect(run.run.state).toBe("success");
    expect(new Set(Object.values(run.states))).toEqual(new Set(["success/staged"]));
    // Its task comes last, and none is there without it.
    expect(await counts()).toEqual([0, 0]);
    const retry = async (): Promise<void> => {
      const { scheduler } = rig.newScheduler({}, { named });
      scheduler.start();
      await scheduler.whenCallbacksCalled();
      await scheduler.stop(0);
    };
    await retry();
    expect(await counts()).toEqual([0, 0]);
    isAway = false;
    await retry();
    expect(await counts()).toEqual([3, 1]);
    const rows = await metastore.runs.listTaskInstances("default", run.run.id);
    expect(new Set(rows.map(({ cacheStatus }) => cacheStatus))).toEqual(new Set(["populated"]));
    const again = await rig.run(version, {}, { named });
    expect(new Set(Object.values(again.states))).toEqual(new Set(["success/hit"]));
  });
});
