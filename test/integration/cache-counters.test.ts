import { TEST_DIALECTS, openTestMetastore } from "@memodag/metastore/testing";
import type { CacheCounts } from "@memodag/result-cache";
import { Dag } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SchedulerRig } from "./scheduler-rig.ts";
import { succeeded } from "./scripted-executor.ts";

/** Authoring needs handlers; what they would do is in the scripts. */
const inert: (args: Record<string, unknown>) => unknown = () => null;

describe.each(TEST_DIALECTS)("what a scheduler counts on %s", (dialect) => {
  let rig: SchedulerRig;
  let close: () => Promise<void>;

  beforeAll(async () => {
    const metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
    close = () => metastore.close();
  });
  afterAll(() => close());

  function define(dagId: string) {
    const dag = new Dag(dagId);
    const load = dag.task("load", inert, { cache: true });
    const report = dag.task("report", inert);
    report({ rows: load({}) });
    return rig.define(dag);
  }

  async function countsOf(dagId: string): Promise<Record<string, CacheCounts>> {
    const counted = await rig.metastore.counters.list({ team: "default", dagId });
    return Object.fromEntries(counted.map(({ taskId, counts }) => [taskId, counts]));
  }

  test("misses, what they stored, hits, and what those saved; nothing of uncached tasks", async () => {
    const version = await define("counted");
    const scripts = { load: () => [1, 2], report: () => "ok" };
    await rig.run(version, scripts);
    const first = await countsOf("counted");
    expect(first).toEqual({
      load: expect.objectContaining({ hits: 0, misses: 1, populated: 1, storedBytes: 5, lookups: 1 }),
    });
    for (let run = 0; run < 3; run += 1) await rig.run(version, scripts);
    const { load } = await countsOf("counted");
    expect(load).toMatchObject({ hits: 3, misses: 1, populated: 1, storedBytes: 5, lookups: 4 });
    expect(load?.lookupMs).toBeGreaterThan(0);
    expect(load?.lookupMs).toBeGreaterThanOrEqual(load?.lookupMaxMs ?? Number.NaN);
    const [record] = await rig.metastore.records.list({ dagId: "counted" }, { limit: 1, offset: 0 });
    expect(record?.hitCount).toBe(3);
    expect(load?.savedMs).toBeCloseTo((record?.durationMs ?? Number.NaN) * 3);
  });

  test("each way in which the cache was of no use, once for each instance", async () => {
    const version = await define("unlucky");
    const scripts = { load: () => [1], report: () => "ok" };
    const refuse = async () => {
      throw new Error("connection refused");
    };
    const { records } = rig.metastore;
    const broken = (fault: object) => Object.assign(Object.create(records) as typeof records, fault);
    await rig.run(version, scripts, {
      records: broken({ find: refuse, put: records.put.bind(records), touch: refuse }),
    });
    expect((await countsOf("unlucky"))["load"]).toMatchObject({ lookupFailures: 1, misses: 0 });
    await records.purge({ dagId: "unlucky" });
    await rig.run(version, scripts, {
      records: broken({ find: records.find.bind(records), put: refuse, touch: refuse }),
    });
    expect((await countsOf("unlucky"))["load"]).toMatchObject({ misses: 1, putFailures: 1, populated: 0 });
    await rig.run(version, {
      ...scripts,
      load: () => succeeded([1], { uncacheable: { code: "undeclared_input", detail: { names: ["x"] } } }),
    });
    expect((await countsOf("unlucky"))["load"]).toMatchObject({ misses: 2, uncacheable: 1 });
    await rig.run(version, scripts, { cacheMode: "refresh" });
    expect((await countsOf("unlucky"))["load"]).toMatchObject({ misses: 2, refreshes: 1 });
  });

  test("a result that differs from the live one, which its record tells, too", async () => {
    const version = await define("dice");
    const { records } = rig.metastore;
    await rig.run(version, { load: () => 1, report: () => "ok" });
    // Another scheduler looked before that was stored.
    const blind = Object.assign(Object.create(records) as typeof records, {
      find: async () => new Map(),
      put: records.put.bind(records),
      touch: records.touch.bind(records),
    });
    const second = await rig.run(version, { load: () => 2, report: () => "ok" }, { records: blind });
    expect(second.run.state).toBe("success");
    expect((await countsOf("dice"))["load"]).toMatchObject({ misses: 2, populated: 1, nondeterministic: 1 });
    const [record] = await records.list({ dagId: "dice" }, { limit: 1, offset: 0 });
    expect(record?.differing).toMatchObject({ count: 1, runId: second.run.runId });
    const third = await rig.run(version, { load: () => 3, report: () => "ok" });
    expect(await rig.returned(third, "load")).toBe(1);
  });
});
