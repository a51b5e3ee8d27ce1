import type { DagRun, DagVersion } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS } from "@memodag/metastore/testing";
import { clearRun, type ClearRequest } from "@memodag/scheduler";
import { Dag } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Script } from "./scripted-executor.ts";
import { SchedulerRig, type RigSchedulerOptions } from "./scheduler-rig.ts";

const inert: (args: Record<string, unknown>) => unknown = () => null;

describe.each(TEST_DIALECTS)("a cleared run on %s", (dialect) => {
  let rig: SchedulerRig;
  let close: () => Promise<void>;
  let dagCount = 0;
  const newDag = (): Dag => new Dag(`dag${(dagCount += 1)}`);

  beforeAll(async () => {
    const metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
    close = () => metastore.close();
  });
  afterAll(() => close());

  async function clear(
    version: DagVersion,
    { team, dagId, runId }: DagRun,
    request: Partial<ClearRequest> = {},
  ) {
    const run = await rig.metastore.runs.findRun(team, dagId, runId);
    if (!run) throw new Error("the run is gone");
    const cleared = await clearRun(
      rig.metastore.runs,
      { run, version },
      { downstream: false, useCache: false, ...request },
    );
    return cleared
      .map(({ taskId, mapIndex }) => (mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`))
      .toSorted();
  }

  /** Has a scheduler bring the run to its end. */
  async function resume(run: DagRun, scripts: Record<string, Script>, options: RigSchedulerOptions = {}) {
    const { scheduler, executor } = rig.newScheduler(scripts, options);
    const over = scheduler.whenOver(run.id);
    scheduler.start();
    const ended = await over;
    await scheduler.stop(0);
    return { run: ended, submitted: executor.submitted.toSorted(), states: await statesOf(run) };
  }

  async function statesOf({ team, id }: DagRun) {
    const instances = await rig.metastore.runs.listTaskInstances(team, id);
    return Object.fromEntries(
      instances.map(({ taskId, mapIndex, state, cacheStatus, tryNumber }) => [
        mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`,
        `${state}/${cacheStatus} ${tryNumber}`,
      ]),
    );
  }

  const broken = () => {
    throw new Error("no");
  };

  test("runs what failed and what it held up, with tries that go on", async () => {
    const dag = newDag();
    const load = dag.task("load", inert, { cache: true });
    const use = dag.task("use", inert, { cache: true, retries: 1, retryDelay: "1ms" });
    const after = dag.task("after", inert, { cache: true });
    after({ value: use({ rows: load({}) }) });
    const version = await rig.define(dag);
    const first = await rig.run(version, { load: () => 1, use: broken });
    expect(await statesOf(first.run)).toEqual({
      load: "success/populated 1",
      use: "failed/miss 2",
      after: "upstream_failed/null 0",
    });

    expect(await clear(version, first.run)).toEqual(["after", "use"]);
    const again = await resume(first.run, { use: broken });
    expect(again).toMatchObject({ run: { state: "failed" }, submitted: ["use", "use"] });
    expect(again.states).toMatchObject({ use: "failed/skipped 4" });

    await clear(version, first.run);
    const mended = await resume(first.run, { use: () => 2, after: () => 3 });
    expect(mended).toMatchObject({ run: { state: "success" }, submitted: ["after", "use"] });
    expect(mended.states).toEqual({
      load: "success/populated 1",
      use: "success/skipped 5",
      after: "success/populated 1",
    });
    expect(await clear(version, first.run)).toEqual([]);
    const next = await rig.run(version, {});
    expect(new Set(Object.values(next.states))).toEqual(new Set(["success/hit"]));
    expect(await rig.returned(next, "use")).toBe(2);
  });

  test("replaces what the cache held for what is named, and looks the rest up", async () => {
    const dag = newDag();
    const load = dag.task("load", inert, { cache: true });
    const clean = dag.task("clean", inert, { cache: true });
    const report = dag.task("report", inert, { cache: true });
    report({ rows: clean({ rows: load({}) }) });
    const version = await rig.define(dag);
    const first = await rig.run(version, { load: () => 1, clean: () => 2, report: () => "old" });

    expect(await clear(version, first.run, { taskId: "load" })).toEqual(["load"]);
    const alone = await resume(first.run, { load: () => 1 });
    expect(alone).toMatchObject({ run: { state: "success" }, submitted: ["load"] });

    const request = { taskId: "load", downstream: true };
    expect(await clear(version, first.run, request)).toEqual(["clean", "load", "report"]);
    const same = await resume(first.run, { load: () => 1 });
    expect(same).toMatchObject({ run: { state: "success" }, submitted: ["load"] });
    expect(same.states).toEqual({
      load: "success/skipped 3",
      clean: "success/hit 1",
      report: "success/hit 1",
    });

    await clear(version, first.run, request);
    const other = await resume(first.run, { load: () => 7, clean: () => 8, report: () => "new" });
    expect(other.submitted).toEqual(["clean", "load", "report"]);
    expect(await rig.returned(first, "report")).toBe("new");

    await clear(version, first.run, { ...request, useCache: true });
    const cached = await resume(first.run, {});
    expect(cached).toMatchObject({ run: { state: "success" }, submitted: [] });
    expect(await rig.returned(first, "report")).toBe("new");
  });

  test("has the instances that the list has come to, no more", async () => {
    const dag = newDag();
    const list = dag.task("list", inert as () => number[]);
    const square = dag.task("square", inert as (args: { n: number }) => number, { cache: true });
    const sum = dag.task("sum", inert as (args: { all: number[] }) => number);
    sum({ all: square.partial({}).expand({ n: list({}) }) });
    const version = await rig.define(dag);
    const scripts = {
      square: (_: unknown, { n }: { n?: number }) => Number(n) ** 2,
      sum: (_: unknown, { all }: { all?: number[] }) => JSON.stringify(all),
    };
    const first = await rig.run(version, { ...scripts, list: () => [3, 1, 2] });
    const request = { taskId: "list", downstream: true };
    const indexes = ["list", "square[0]", "square[1]", "square[2]", "sum"];
    expect(await clear(version, first.run, request)).toEqual(indexes);
    const shorter = await resume(first.run, { ...scripts, list: () => [1, 3] });
    expect(Object.keys(shorter.states).toSorted()).toEqual(["list", "square[0]", "square[1]", "sum"]);
    expect(await rig.returned(first, "sum")).toBe("[1,9]");

    await clear(version, first.run, request);
    const longer = await resume(first.run, { ...scripts, list: () => [1, 2, 3, 4] });
    expect(longer.submitted).toEqual(["list", "square[3]", "sum"]);
    expect(await rig.returned(first, "sum")).toBe("[1,4,9,16]");

    await clear(version, first.run, { taskId: "list" });
    const uncleared = await resume(first.run, { ...scripts, list: () => [1] });
    expect(Object.keys(uncleared.states).toSorted()).toEqual(["list", "square[0]", "sum"]);

    await clear(version, first.run, request);
    const failed = await resume(first.run, { ...scripts, list: broken });
    expect(failed.states).toMatchObject({ list: "failed/disabled 5", square: "upstream_failed/null 0" });
    expect(Object.keys(failed.states).toSorted()).toEqual(["list", "square", "sum"]);

    expect(await clear(version, first.run)).toEqual(["list", "square", "sum"]);
    const mended = await resume(first.run, { ...scripts, list: () => [2] });
    expect(Object.keys(mended.states).toSorted()).toEqual(["list", "square[0]", "sum"]);
    expect(await rig.returned(first, "sum")).toBe("[4]");
  });

  test("goes on with what runs while it is cleared", async () => {
    const dag = newDag();
    const quick = dag.task("quick", inert);
    const slow = dag.task("slow", inert as (args: { n: number }) => number);
    const last = dag.task("last", inert);
    last({}).after(quick({}), slow.partial({}).expand({ n: [1, 2] }));
    const version = await rig.define(dag);
    const released = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<DagRun>();
    const quickRan: number[] = [];
    const scripts: Record<string, Script> = {
      quick: ({ tryNumber }) => {
        quickRan.push(tryNumber);
        if (tryNumber === 2) released.resolve();
        return tryNumber;
      },
      slow: () => released.promise,
    };
    const running = rig.run(version, scripts, {
      scheduling: { pollMs: 20 },
      listener: {
        instanceChanged(run, { taskId, state }) {
          if (taskId === "quick" && state === "success") begun.resolve(run);
        },
      },
    });
    const run = await begun.promise;
    expect(await clear(version, run, { taskId: "quick" })).toEqual(["quick"]);
    const ended = await running;
    expect(ended.run.state).toBe("success");
    expect(quickRan).toEqual([1, 2]);
    expect(ended.executor.submitted.toSorted()).toEqual(["last", "quick", "quick", "slow[0]", "slow[1]"]);
  });

  test("takes what runs below for true, whether it ends before or after what was cleared above", async () => {
    const dag = newDag();
    const list = dag.task("list", inert as () => number[]);
    const each = dag.task("each", inert as (args: { n: number }) => number);
    each.partial({}).expand({ n: list({}) });
    const version = await rig.define(dag);
    const held = Promise.withResolvers<void>();
    const early = Promise.withResolvers<void>();
    const late = Promise.withResolvers<void>();
    const eachBegan = Promise.withResolvers<DagRun>();
    let ended = 0;
    const scripts: Record<string, Script> = {
      list: async ({ tryNumber }) => {
        if (tryNumber === 2) await early.promise;
        return [1, 2];
      },
      each: async ({ mapIndex }) => await (mapIndex === 0 ? held.promise : late.promise),
    };
    const running = rig.run(version, scripts, {
      scheduling: { pollMs: 20 },
      listener: {
        instanceChanged(run, { taskId, mapIndex, state, tryNumber }) {
          if (taskId === "each" && mapIndex === 1 && state === "running") eachBegan.resolve(run);
          // The clear has arrived: of two that run, one ends while the list is made again, one after.
          if (taskId === "list" && state === "running" && tryNumber === 2) held.resolve();
          if (taskId === "each" && state === "success" && (ended += 1) === 1) early.resolve();
          if (taskId === "list" && state === "success" && tryNumber === 2) late.resolve();
        },
      },
    });
    await clear(version, await eachBegan.promise, { taskId: "list" });
    const { run, states, executor } = await running;
    expect(run.state).toBe("success");
    expect(states).toMatchObject({ "each[0]": "success/disabled", "each[1]": "success/disabled" });
    expect(executor.submitted.toSorted()).toEqual(["each[0]", "each[1]", "list", "list"]);
  });
});
