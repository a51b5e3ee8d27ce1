// Values in a store of their own: a pass refers to them, and neither an outage nor a collection costs a run anything.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RETURN_VALUE, systemClock } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import {
  ByteResultStore,
  FilesystemByteStore,
  MemoryResultStore,
  ShownRetention,
  type ResultStore,
} from "@memodag/result-cache";
import { Dag } from "@memodag/sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SchedulerRig, type RigRunOptions } from "./scheduler-rig.ts";

const TEAM = "default";
const inert = (): never => {
  throw new Error("handlers are scripted");
};

describe.each(TEST_DIALECTS)("values in a store of their own, on %s", (dialect) => {
  const folder = mkdtempSync(join(tmpdir(), "memodag-values-"));
  let metastore: TestMetastore;
  let rig: SchedulerRig;
  let count = 0;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(async () => {
    await metastore.close();
    rmSync(folder, { recursive: true });
  });

  const openStore = (): ResultStore =>
    new ByteResultStore(new FilesystemByteStore(join(folder, `${(count += 1)}`), systemClock));

  /** load → each[0..2] → sum: values are read as arguments, as elements, and to expand. */
  const given = async () => {
    const dag = new Dag(`values${(count += 1)}`);
    const load = dag.task("load", inert as () => number[], { cache: true })();
    const each = dag.task("each", inert as (args: { n: number }) => number, { cache: true });
    dag.task("sum", inert as (args: { all: number[] }) => number, { cache: true })({
      all: each.expand({ n: load }),
    });
    const salt = `of ${dialect} ${count}`;
    const scripts = {
      load: () => [1, 2, 3].map((n) => `${n} ${salt}`),
      each: (_: unknown, { n }: Record<string, unknown>) => `twice ${String(n)}`,
      sum: (_: unknown, { all }: Record<string, unknown>) => `all ${JSON.stringify(all)}`,
    };
    const version = await rig.define(dag);
    return { run: (options: RigRunOptions) => rig.run(version, scripts as never, options) };
  };

  const storesOf = async ({ run }: { readonly run: { readonly id: number } }) =>
    new Set((await metastore.runs.listXComs(TEAM, run.id)).map(({ store }) => store));
  const inDatabase = async ({ run }: { readonly run: { readonly id: number } }) => {
    const xcoms = await metastore.runs.listXComs(TEAM, run.id);
    return (
      await metastore.results.read(
        TEAM,
        xcoms.map(({ digest }) => digest),
      )
    ).size;
  };
  const statusesOf = ({
    instances,
  }: {
    readonly instances: readonly { readonly cacheStatus: unknown }[];
  }) => [...new Set(instances.map(({ cacheStatus }) => cacheStatus))];

  test("are referred to by misses and by hits, and copied by neither", async () => {
    const results = openStore();
    const { run } = await given();
    const missed = await run({ results, valueStore: "files" });
    const hit = await run({ results, valueStore: "files" });
    expect(statusesOf(missed)).toEqual(["populated"]);
    expect(statusesOf(hit)).toEqual(["hit"]);
    for (const one of [missed, hit]) {
      expect(one.run.state).toBe("success");
      expect(await storesOf(one)).toEqual(new Set(["files"]));
      expect(await inDatabase(one)).toBe(0);
    }
    expect(await rig.returned(hit, "sum")).toBe(await rig.returned(missed, "sum"));
  });

  test("go to the database while the store fails or is late, and the run goes on", async () => {
    for (const write of [
      () => Promise.reject(new Error("the bucket is gone")),
      () => new Promise<never>(() => undefined),
    ]) {
      const results = Object.assign(openStore(), { write });
      const { run } = await given();
      const ended = await run({ results, valueStore: "files", storeTimeoutMs: 50 });
      expect(ended.run.state).toBe("success");
      expect(statusesOf(ended)).toEqual(["put_failure"]);
      expect(await storesOf(ended)).toEqual(new Set([null]));
      expect(await inDatabase(ended)).toBe(5);
      expect(ended.executor.submitted).toHaveLength(5);
    }
  });

  test("are copied where the cache's store may forget them", async () => {
    const results = new MemoryResultStore();
    const { run } = await given();
    await run({ results });
    await metastore.execute("delete from xcom; delete from result");
    const hit = await run({ results });
    expect(statusesOf(hit)).toEqual(["hit"]);
    expect(await storesOf(hit)).toEqual(new Set([null]));
    expect(await inDatabase(hit)).toBe(5);
  });

  test("of a record stay where they were put when the config names another store", async () => {
    const { run } = await given();
    await run({});
    const results = openStore();
    const hit = await run({ results, valueStore: "files" });
    expect(statusesOf(hit)).toEqual(["hit"]);
    expect(await storesOf(hit)).toEqual(new Set([null]));
  });

  test("that are gone, or were changed, cost a run of the task, whose result takes their place", async () => {
    for (const harm of ["delete", "change"] as const) {
      const results = openStore();
      const { run } = await given();
      const missed = await run({ results, valueStore: "files" });
      const [xcom] = await metastore.runs.listXComs(TEAM, missed.run.id, { taskId: "load", mapIndex: -1 });
      const { digest = "" } = xcom ?? {};
      if (harm === "delete") await results.delete(TEAM, [digest]);
      else await results.write(TEAM, [{ digest, bytes: Buffer.from('"other"') }]);
      const again = await run({ results, valueStore: "files" });
      expect(again.states).toMatchObject({ load: "success/populated", sum: "success/hit" });
      expect(statusesOf(await run({ results, valueStore: "files" }))).toEqual(["hit"]);
    }
  });

  test("in a store that is away fail no task that reads them", async () => {
    const right = openStore();
    let outages = 2;
    const results = Object.assign(Object.create(right) as ResultStore, {
      write: right.write.bind(right),
      read: async (...call: Parameters<ResultStore["read"]>) => {
        if ((outages -= 1) >= 0) throw new Error("the bucket is away");
        return await right.read(...call);
      },
    });
    const dag = new Dag(`away${(count += 1)}`);
    const load = dag.task("load", inert as () => string, { cache: true })();
    dag.task("use", inert as (args: { load: string }) => string, { retries: 1, retryDelay: 0 })({ load });
    const version = await rig.define(dag);
    // The second attempt is made when the value is not at hand any more.
    const failure = { kind: "failed", error: { code: "task_failed", message: "once" }, durationMs: 1 };
    const use = ({ tryNumber }: { readonly tryNumber: number }, args: Record<string, unknown>) =>
      tryNumber === 1 ? { ...failure, retryable: true } : `used ${String(args["load"])}`;
    const scripts = { load: () => `rows ${dialect}`, use };
    const ended = await rig.run(version, scripts as never, { results, valueStore: "files" });
    expect(outages).toBeLessThan(0);
    expect(ended.states).toEqual({ load: "success/populated", use: "success/disabled" });
    expect(await metastore.runs.listXComs(TEAM, ended.run.id, { taskId: "use", mapIndex: -1 })).toHaveLength(
      1,
    );
  });

  test("are kept by a collection as long as a run refers to them", async () => {
    const results = openStore();
    const { run } = await given();
    const missed = await run({ results, valueStore: "files" });
    const [xcom] = await metastore.runs.listXComs(TEAM, missed.run.id, { taskId: "sum", mapIndex: -1 });
    expect(xcom?.key).toBe(RETURN_VALUE);
    const digest = xcom?.digest ?? "";
    const retention = new ShownRetention((await results.retention?.())!, (team, digests) =>
      metastore.runs.findShownDigests(team, "files", digests),
    );
    const shown: boolean[] = [];
    for await (const page of retention.scan(2)) for (const one of page) shown.push(one.isShown);
    expect(shown).toEqual([true, true, true, true, true]);
    expect(await retention.deleteUnnamed(TEAM, [digest], 0)).toMatchObject({ count: 0 });
    expect((await results.read(TEAM, [digest])).size).toBe(1);
    await metastore.execute("delete from xcom");
    expect(await retention.deleteUnnamed(TEAM, [digest], 0)).toMatchObject({ count: 1 });
    expect((await results.read(TEAM, [digest])).size).toBe(0);
  });
});
