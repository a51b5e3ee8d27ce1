// Transactions with one record for all of their tasks: all of them are hits, or all of them run.

import {
  systemClock,
  type DagRun,
  type DagVersion,
  type JsonObject,
  type MarkedState,
  type TaskInstance,
} from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { MemoryRecordStore, MemoryResultStore } from "@memodag/result-cache";
import { clearRun, markRun, triggerRun, type ClearRequest } from "@memodag/scheduler";
import { Dag, type TaskRef, type TransactionOptions } from "memodag";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { failed, succeeded, type Script } from "./scripted-executor.ts";
import { SchedulerRig, type RigRun } from "./scheduler-rig.ts";

const inert: (args: Record<string, unknown>) => unknown = () => null;
const told = (): undefined => undefined;
const ANY = inert as never as (args: Record<string, unknown>) => never;

type Scripts = Readonly<Record<string, Script>>;

describe.each(TEST_DIALECTS)("records of transactions on %s", (dialect) => {
  let rig: SchedulerRig;
  let metastore: TestMetastore;
  let dagCount = 0;

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  const PARAMS = { params: { species: "Adelie" } };
  const newDag = (): Dag => new Dag(`dag${(dagCount += 1)}`, PARAMS);

  /** `load`, then a `fit` for each element, then `best`; `load` takes a result from outside. */
  async function pipeline(
    options: TransactionOptions = {},
    source = "v1",
    dag = newDag(),
  ): Promise<DagVersion> {
    const given = dag.task("given", ANY)({});
    const etl = dag.transaction("etl", { cache: true, ...options });
    const rows = etl.task("load", ANY)({ given, limit: 3 });
    const models = etl.task("fit", ANY).partial({ depth: 2 }).expand({ row: rows });
    const best = etl.task("best", ANY)({ models });
    dag.task("report", ANY)({ best });
    return await rig.define(dag, source);
  }

  const STEPS: Scripts = {
    given: () => "day 1",
    "etl.load": () => ["a", "b"],
    "etl.fit": (_, { row }) => `model of ${String(row)}`,
    "etl.best": (_, { models }) => ({ models }),
  };

  async function recordsOf({ team, dag }: DagVersion) {
    return await metastore.records.list({ team, dagId: dag.dagId }, { limit: 100, offset: 0 });
  }

  const submitted = ({ executor }: RigRun): string[] =>
    executor.submitted.filter((name) => name.startsWith("etl.")).toSorted();
  const ALL = ["etl.best", "etl.fit[0]", "etl.fit[1]", "etl.load"];

  const rowOf = ({ instances }: RigRun, taskId: string): TaskInstance | undefined =>
    instances.find((row) => row.taskId === taskId);

  /** Changes a run that has ended, and runs it again. */
  async function again(
    version: DagVersion,
    run: DagRun,
    scripts: Scripts,
    change: () => Promise<unknown>,
  ): Promise<{ readonly states: Record<string, string>; readonly submitted: string[] }> {
    await change();
    const { scheduler, executor } = rig.newScheduler(scripts);
    const over = scheduler.whenOver(run.id);
    scheduler.start();
    await over;
    await scheduler.whenCallbacksCalled();
    await scheduler.stop(0);
    const rows = await metastore.runs.listTaskInstances(version.team, run.id);
    const nameOf = ({ taskId, mapIndex }: TaskInstance) => (mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`);
    return {
      states: Object.fromEntries(rows.map((row) => [nameOf(row), `${row.state}/${row.cacheStatus}`])),
      submitted: executor.submitted.filter((name) => name.startsWith("etl.")),
    };
  }

  const clear = (version: DagVersion, run: DagRun, request: Partial<ClearRequest>) => () =>
    clearRun(metastore.runs, { run, version }, { downstream: false, useCache: false, ...request });
  const mark = (version: DagVersion, run: DagRun, taskId: string, state: MarkedState) => () =>
    markRun(metastore.runs, { run, version }, { taskId, state, downstream: false });

  test("all run, one record is stored, and all are hits without a process", async () => {
    const version = await pipeline();
    const first = await rig.run(version, STEPS);
    expect(first.states).toEqual({
      given: "success/disabled",
      "etl.load": "success/populated",
      "etl.fit[0]": "success/populated",
      "etl.fit[1]": "success/populated",
      "etl.best": "success/populated",
      report: "success/disabled",
    });
    const [record, ...others] = await recordsOf(version);
    expect(others).toEqual([]);
    expect(record).toMatchObject({ taskId: "etl", hitCount: 0, producer: { runId: first.run.runId } });
    expect(record?.components.inputs).toHaveProperty(["etl.load(given)"]);
    const second = await rig.run(version, STEPS);
    expect(second.executor.submitted).toEqual(["given", "report"]);
    expect(second.states).toMatchObject({
      "etl.load": "success/hit",
      "etl.fit[0]": "success/hit",
      "etl.fit[1]": "success/hit",
      "etl.best": "success/hit",
    });
    expect(await rig.returned(second, "etl.fit", 1)).toBe("model of b");
    expect(await rig.returned(second, "etl.best")).toEqual({ models: ["model of a", "model of b"] });
    expect(second.instances.find(({ mapIndex }) => mapIndex === 1)).toMatchObject({
      cacheKey: record?.key,
      cacheReason: { code: "of_transaction", detail: { transaction: "etl" } },
      producer: { runId: first.run.runId, mapIndex: 1, tryNumber: 1 },
    });
    expect((await recordsOf(version))[0]?.hitCount).toBe(1);
  });

  test.each<[string, Scripts, Parameters<typeof pipeline>, JsonObject]>([
    ["a value from outside", { given: () => "day 2" }, [], {}],
    ["the code of a task", {}, [{}, "v2"], {}],
    ["the version", {}, [{ cache: { version: "2" } }], {}],
    [
      "what it includes of the run",
      {},
      [{ cache: { includeInputs: ["params.species"] } }],
      { species: "Gentoo" },
    ],
    ["what decides whether it is committed", {}, [{ failOn: "leaves" }], {}],
  ])("all run again when %s changes", async (_, scripts, [options, source], params) => {
    const dag = newDag();
    const before = options?.cache && "includeInputs" in (options.cache as object) ? options : {};
    await rig.run(await pipeline(before, "v1", dag), STEPS);
    const changed = await pipeline(options, source, new Dag(dag.dagId, PARAMS));
    const run = await rig.run(changed, { ...STEPS, ...scripts }, { params });
    expect(submitted(run)).toEqual(ALL);
    expect(rowOf(run, "etl.load")?.cacheStatus).toBe("populated");
    expect(await recordsOf(changed)).toHaveLength(2);
  });

  test("what does not decide on a result keeps the record", async () => {
    const dag = newDag();
    const of = async (own: object) => {
      const next = new Dag(dag.dagId, PARAMS);
      next.transaction("etl", { cache: true, onCommit: told }).task("load", ANY, own)({});
      return await rig.define(next);
    };
    await rig.run(await of({}), {});
    const run = await rig.run(
      await of({ retries: 3, priorityWeight: 2, executionTimeout: "1h", queue: "slow" }),
      {},
    );
    expect(run.states).toEqual({ "etl.load": "success/hit" });
  });

  test("nothing is stored when one fails, and then all run", async () => {
    const version = await pipeline();
    const first = await rig.run(version, { ...STEPS, "etl.best": () => failed("no") });
    expect(first.states).toMatchObject({ "etl.load": "success/rolled_back", "etl.best": "failed/miss" });
    expect(await recordsOf(version)).toEqual([]);
    expect(submitted(await rig.run(version, STEPS))).toEqual(ALL);
    expect(submitted(await rig.run(version, STEPS))).toEqual([]);
  });

  test("one whose result cannot be cached keeps all from being stored, and is named", async () => {
    const version = await pipeline();
    const reads = { code: "undeclared_input", detail: { names: ["env.REGION"] } } as const;
    const scripts = { ...STEPS, "etl.fit": () => succeeded("m", { uncacheable: reads }) };
    const run = await rig.run(version, scripts);
    expect(run.states).toMatchObject({
      "etl.load": "success/uncacheable",
      "etl.fit[0]": "success/uncacheable",
      "etl.best": "success/uncacheable",
    });
    expect(rowOf(run, "etl.fit")?.cacheReason).toEqual(reads);
    expect(rowOf(run, "etl.load")?.cacheReason).toEqual({
      code: "transaction_uncacheable",
      detail: { transaction: "etl", what: "etl.fit[0]: undeclared_input(env.REGION)" },
    });
    expect(await recordsOf(version)).toEqual([]);
    expect(submitted(await rig.run(version, scripts))).toEqual(ALL);
  });

  test("every task is watched, and told what the transaction declares", async () => {
    const dag = newDag();
    const etl = dag.transaction("etl", { cache: { env: ["REGION"] } });
    etl.task("load", ANY, { cache: { env: ["HOME"], includeInputs: ["params.depth"] } })({});
    etl.task("plain", ANY)({});
    const { executor } = await rig.run(await rig.define(dag), {});
    const declared = executor.attempts.map(({ taskId, declaredEnv, declaredContext }) => [
      taskId,
      declaredEnv,
      declaredContext,
    ]);
    expect(declared.toSorted()).toEqual([
      ["etl.load", ["HOME", "REGION"], ["params.depth"]],
      ["etl.plain", ["REGION"], []],
    ]);
  });

  test("a task that waits for nothing waits for the lookup, and then for none", async () => {
    const dag = newDag();
    const given = dag.task("given", ANY)({});
    const etl = dag.transaction("etl", { cache: true });
    etl.task("free", ANY)({});
    etl.task("bound", ANY)({ given });
    const version = await rig.define(dag);
    const order: string[] = [];
    const seen: (TaskInstance | undefined)[] = [];
    const note = (name: string) => () => void order.push(name);
    const first = await rig.run(version, {
      given: async ({ runId }) => {
        const [run] = await metastore.runs.listRuns({ dagId: dag.dagId, limit: 1 });
        expect(run?.runId).toBe(runId);
        const rows = await metastore.runs.listTaskInstances("default", run?.id ?? 0);
        seen.push(rows.find(({ taskId }) => taskId === "etl.free"));
        order.push("given");
        return 1;
      },
      "etl.free": note("free"),
      "etl.bound": note("bound"),
    });
    expect(order[0]).toBe("given");
    expect(order.toSorted()).toEqual(["bound", "free", "given"]);
    expect(seen).toMatchObject([
      {
        state: "scheduled",
        cacheReason: { code: "waiting_for_transaction", detail: { transaction: "etl", what: "given" } },
      },
    ]);
    expect(first.states["etl.free"]).toBe("success/populated");
    const second = await rig.run(version, { given: () => 1 });
    expect(second.executor.submitted).toEqual(["given"]);
  });

  test("it is not looked up, nor stored, when a task outside has not succeeded", async () => {
    const dag = newDag();
    const given = dag.task("given", ANY)({});
    const etl = dag.transaction("etl", { cache: true, failOn: "leaves" });
    etl.task("load", ANY, { triggerRule: "all_done" })({ given });
    const version = await rig.define(dag);
    await rig.run(version, { given: () => null });
    const run = await rig.run(version, { given: () => failed("no"), "etl.load": () => "without" });
    expect(run.states["etl.load"]).toBe("success/uncacheable");
    expect(rowOf(run, "etl.load")?.cacheReason).toEqual({
      code: "transaction_uncacheable",
      detail: { transaction: "etl", what: "given before it has ended as failed" },
    });
    expect(await recordsOf(version)).toHaveLength(1);
    const third = await rig.run(version, { given: () => null });
    expect(await rig.returned(third, "etl.load")).toBeNull();
  });

  describe("branches", () => {
    async function branching(decidesOutside: boolean): Promise<DagVersion> {
      const dag = newDag();
      const size = dag.task("size", ANY)({});
      const etl = dag.transaction("etl", { cache: true });
      const scope = decidesOutside ? dag : etl;
      const isBig = scope.task("is_big", ANY)({ size });
      const big = etl.task("big", ANY)({});
      const small = etl.task("small", ANY)({});
      dag
        .if(isBig as TaskRef<boolean>)
        .then(big as never)
        .else(small as never);
      etl.task("join", ANY, { triggerRule: "none_failed" })({ big, small });
      return await rig.define(dag);
    }

    test.each([
      ["a task of the transaction", false, "etl.is_big"],
      ["a task outside", true, "is_big"],
    ])("%s decides: each way has a record of its own", async (_, isOutside, decider) => {
      const version = await branching(isOutside);
      const scripts = (size: number): Scripts => ({
        size: () => size,
        [decider]: () => size > 1,
        "etl.big": () => "big",
        "etl.small": () => "small",
        "etl.join": (__, { big, small }) => ({ big, small }),
      });
      for (const [size, big, small] of [
        [1, "skipped", "success"],
        [2, "success", "skipped"],
      ] as const) {
        const first = await rig.run(version, scripts(size));
        expect(first.states).toMatchObject({ "etl.join": "success/populated" });
        const second = await rig.run(version, scripts(size));
        expect(submitted(second)).toEqual([]);
        expect([rowOf(second, "etl.big")?.state, rowOf(second, "etl.small")?.state]).toEqual([big, small]);
        const expected = size > 1 ? { big: "big", small: null } : { big: null, small: "small" };
        expect(await rig.returned(second, "etl.join")).toEqual(expected);
      }
      expect(await recordsOf(version)).toHaveLength(2);
    });
  });

  test("a list without elements is part of the record", async () => {
    const version = await pipeline();
    const none = { ...STEPS, "etl.load": () => [] };
    const first = await rig.run(version, none);
    expect(first.states).toMatchObject({ "etl.load": "success/populated", "etl.fit": "skipped/null" });
    const second = await rig.run(version, none);
    expect(submitted(second)).toEqual([]);
    expect(second.states).toMatchObject({ "etl.load": "success/hit", "etl.fit": "skipped/null" });
  });

  test("a task that skips itself keeps all from being stored", async () => {
    const dag = newDag();
    const etl = dag.transaction("etl", { cache: true });
    etl.task("load", ANY)({});
    etl.task("maybe", ANY)({});
    const version = await rig.define(dag);
    const skip = { "etl.maybe": () => ({ kind: "skipped", reason: "no file", durationMs: 1 }) };
    const run = await rig.run(version, skip);
    expect(run.states).toMatchObject({ "etl.load": "success/uncacheable", "etl.maybe": "skipped/miss" });
    expect(await recordsOf(version)).toEqual([]);
    expect(submitted(await rig.run(version, {}))).toEqual(["etl.load", "etl.maybe"]);
  });

  describe("clearing and setting states", () => {
    const NEW: Scripts = { ...STEPS, "etl.best": () => "better" };

    test.each(["committed", "a hit"])("a cleared task of one that is %s replaces the record", async (how) => {
      const version = await pipeline();
      const first = await rig.run(version, STEPS);
      const { run } = how === "a hit" ? await rig.run(version, STEPS) : first;
      const cleared = await again(version, run, NEW, clear(version, run, { taskId: "etl.best" }));
      expect(cleared.submitted).toEqual(["etl.best"]);
      expect(cleared.states).toMatchObject({ "etl.best": "success/skipped" });
      const hit = await rig.run(version, STEPS);
      expect(submitted(hit)).toEqual([]);
      expect(await rig.returned(hit, "etl.best")).toBe("better");
      expect(await rig.returned(hit, "etl.fit", 0)).toBe("model of a");
      expect(await recordsOf(version)).toHaveLength(1);
    });

    test("a task that is cleared to use the cache takes its result from the record", async () => {
      const version = await pipeline();
      const { run } = await rig.run(version, STEPS);
      const request = { taskId: "etl.best", useCache: true };
      const cleared = await again(version, run, NEW, clear(version, run, request));
      expect(cleared.submitted).toEqual([]);
      expect(cleared.states).toMatchObject({ "etl.best": "success/hit" });
    });

    test("results that were kept do not live longer in a new record", async () => {
      const version = await pipeline({ cache: { ttl: "1h", expires: "30m" } });
      const { run } = await rig.run(version, STEPS);
      const before = (await recordsOf(version))[0]?.validForMs;
      await again(version, run, NEW, clear(version, run, { taskId: "etl.best" }));
      const after = (await recordsOf(version))[0]?.validForMs;
      expect(before).toBe(1_800_000);
      expect(after).toBeLessThan(1_800_000);
    });

    test("nothing is stored when the record of the results that were kept is gone", async () => {
      const version = await pipeline();
      const { run } = await rig.run(version, STEPS);
      const cleared = await again(version, run, NEW, async () => {
        await metastore.records.purge({ team: "default", dagId: version.dag.dagId });
        await clear(version, run, { taskId: "etl.best" })();
      });
      expect(cleared.states).toMatchObject({ "etl.best": "success/uncacheable" });
      expect(await recordsOf(version)).toEqual([]);
    });

    test("nothing is stored of tasks with other inputs than the cleared one", async () => {
      const version = await pipeline();
      const { run } = await rig.run(version, STEPS);
      const { key } = (await recordsOf(version))[0] ?? {};
      const other = { ...NEW, given: () => "day 2" };
      const cleared = await again(version, run, other, async () => {
        await clear(version, run, { taskId: "given" })();
        await clear(version, run, { taskId: "etl.best" })();
      });
      expect(cleared.submitted).toEqual(["etl.best"]);
      expect(cleared.states).toMatchObject({ "etl.best": "success/uncacheable" });
      const records = await recordsOf(version);
      expect(records.map((record) => record.key)).toEqual([key]);
      expect(await rig.returned(await rig.run(version, STEPS), "etl.best")).toEqual({
        models: ["model of a", "model of b"],
      });
    });

    test.each(["etl.load", "etl.fit"])(
      "nothing is stored of tasks that took another result of %s",
      async (taskId) => {
        const version = await pipeline();
        const { run } = await rig.run(version, STEPS);
        const newer = { ...STEPS, "etl.load": () => ["c", "d"], "etl.fit": () => "newer" };
        const cleared = await again(version, run, newer, clear(version, run, { taskId }));
        expect(cleared.states["etl.best"]).toBe("success/populated");
        expect(Object.values(cleared.states)).toContain("success/uncacheable");
        const hit = await rig.run(version, STEPS);
        expect(submitted(hit)).toEqual([]);
        expect(await rig.returned(hit, "etl.load")).toEqual(["a", "b"]);
        expect(await rig.returned(hit, "etl.best")).toEqual({ models: ["model of a", "model of b"] });
      },
    );

    test("nor of a task that had begun before the other one was cleared", async () => {
      const dag = newDag();
      const etl = dag.transaction("etl", { cache: true });
      const rows = etl.task("load", ANY)({});
      etl.task("fit", ANY)({ rows });
      const version = await rig.define(dag);
      const [fitting, reloaded] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      let loads = 0;
      const { scheduler, executor } = rig.newScheduler({
        "etl.load": () => (loads += 1),
        "etl.fit": async (_, { rows: given }) => {
          fitting.resolve();
          await reloaded.promise;
          return given;
        },
      });
      const request = { version, conf: {}, params: {}, logicalDate: null, cacheMode: "use" } as const;
      const run = await triggerRun(metastore.runs, systemClock, request);
      const over = scheduler.whenOver(run.id);
      scheduler.start();
      await fitting.promise;
      await clear(version, run, { taskId: "etl.load" })();
      scheduler.wake();
      const loadOf = async () =>
        (await metastore.runs.listTaskInstances("default", run.id)).find((row) => row.taskId === "etl.load");
      await vi.waitUntil(async () => loads === 2 && (await loadOf())?.state === "success", 20_000);
      reloaded.resolve();
      await over;
      await scheduler.stop(0);
      expect(executor.submitted).toEqual(["etl.load", "etl.fit", "etl.load"]);
      expect(await recordsOf(version)).toEqual([]);
    });

    test.each<[string, MarkedState]>([
      ["etl.load", "success"],
      ["etl.best", "success"],
      ["etl.best", "skipped"],
    ])("nothing is stored where the state of %s was set to %s", async (taskId, state) => {
      const version = await pipeline();
      const broken = { ...STEPS, [taskId]: () => failed("no") };
      const { run } = await rig.run(version, broken);
      await again(version, run, STEPS, mark(version, run, taskId, state));
      const cleared = await again(version, run, STEPS, clear(version, run, { taskId: "etl.fit" }));
      expect(cleared.states[taskId]).toBe(`${state}/null`);
      expect(await recordsOf(version)).toEqual([]);
    });
  });

  test.each([
    ["the same", {}, 1],
    ["other", { given: () => "day 2" }, 0],
  ])("a run that another scheduler takes over is stored: %s inputs", async (_, scripts, count) => {
    const version = await pipeline();
    const reached = Promise.withResolvers<void>();
    const first = rig.newScheduler({
      ...STEPS,
      "etl.fit": () => {
        reached.resolve();
        return new Promise(() => undefined);
      },
    });
    const run = await triggerRun(metastore.runs, systemClock, {
      version,
      conf: {},
      params: {},
      logicalDate: null,
      cacheMode: "use",
    });
    first.scheduler.start();
    await reached.promise;
    first.executor.endsAtShutdown = true;
    await first.scheduler.stop(0);
    const taken = await again(version, run, { ...STEPS, ...scripts }, async () => {
      if (count === 0) await clear(version, run, { taskId: "given" })();
    });
    expect(taken.submitted.toSorted()).toEqual(["etl.best", "etl.fit[0]", "etl.fit[1]"]);
    expect(taken.states["etl.best"]).toBe(count === 0 ? "success/uncacheable" : "success/populated");
    expect(await recordsOf(version)).toHaveLength(count);
    expect(submitted(await rig.run(version, STEPS))).toHaveLength(count === 0 ? 4 : 0);
  });

  test("all results together are no larger than a result may be", async () => {
    const version = await pipeline();
    const large = "x".repeat(2 ** 23 - 100);
    const scripts = {
      ...STEPS,
      "etl.fit": (_: unknown, { row }: Record<string, unknown>) => `${String(row)}${large}`,
    };
    const run = await rig.run(version, { ...scripts, "etl.best": () => 1 });
    expect(rowOf(run, "etl.load")).toMatchObject({
      cacheStatus: "uncacheable",
      cacheReason: { code: "result_too_large", detail: { limitBytes: 2 ** 24 } },
    });
    expect(await recordsOf(version)).toEqual([]);
  });

  test("a refresh replaces the record, also of a task by name", async () => {
    const version = await pipeline();
    await rig.run(version, STEPS);
    let result = 0;
    const newer = { ...STEPS, "etl.best": () => (result += 1) };
    for (const options of [
      { cacheMode: "refresh" },
      { cacheLimits: { refresh: ["etl"] } },
      { cacheLimits: { refresh: ["etl.fit"] } },
    ] as const) {
      expect(submitted(await rig.run(version, newer, options))).toEqual(ALL);
      expect(await rig.returned(await rig.run(version, STEPS), "etl.best")).toBe(result);
    }
    const off = await rig.run(version, newer, { cacheMode: "off" });
    expect(off.states["etl.load"]).toBe("success/disabled");
    expect(await recordsOf(version)).toHaveLength(1);
  });

  test.each([
    ["read", "success/uncacheable", 0],
    ["keep", "success/populated", 1],
    ["refresh", "success/skipped", 1],
  ] as const)("mode %s holds for the record", async (mode, state, count) => {
    const version = await pipeline({ cache: { mode } });
    const run = await rig.run(version, STEPS);
    expect(run.states["etl.load"]).toBe(state);
    expect(await recordsOf(version)).toHaveLength(count);
  });

  test("a record is too old for the shortest ttl of its tasks, and expires as the first of them", async () => {
    const dag = newDag();
    const etl = dag.transaction("etl", { cache: { ttl: null } });
    etl.task("short", ANY, { cache: { ttl: "1h" } })({});
    etl.task("long", ANY, { cache: { ttl: "7d", expires: "2h" } })({});
    const version = await rig.define(dag);
    await rig.run(version, {});
    expect((await recordsOf(version))[0]).toMatchObject({ validForMs: 7_200_000 });
    const aged = new Proxy(metastore.records, {
      get(target, name) {
        const member = Reflect.get(target, name) as unknown;
        if (name !== "find") return typeof member === "function" ? member.bind(target) : member;
        return async (...given: Parameters<typeof target.find>) => {
          const found = await target.find(...given);
          return new Map(Array.from(found, ([key, one]) => [key, { ...one, ageMs: 5_400_000 }]));
        };
      },
    });
    const run = await rig.run(version, {}, { records: aged });
    expect(run.states).toEqual({ "etl.short": "success/populated", "etl.long": "success/populated" });
  });

  test("a task with the id of an earlier transaction shares nothing with it", async () => {
    const dagId = newDag().dagId;
    const group = new Dag(dagId);
    group.transaction("etl", { cache: true }).task("load", ANY)({});
    await rig.run(await rig.define(group), { "etl.load": () => "in a group" });
    const single = new Dag(dagId);
    single.task("etl", ANY, { cache: true })({});
    const version = await rig.define(single);
    const run = await rig.run(version, { etl: () => "alone" });
    expect(run.states).toEqual({ etl: "success/populated" });
    const records = await recordsOf(version);
    expect(new Set(records.map(({ key }) => key)).size).toBe(2);
    const { sourceHash = "" } = records.find(({ components }) => !("etl.load" in components.inputs)) ?? {};
    expect(await metastore.records.purge({ dagId, taskId: "etl", sourceHash })).toBe(1);
  });

  test("records of tasks are neither used nor made", async () => {
    const dag = newDag();
    const define = async (cache: boolean) => {
      const own = new Dag(dag.dagId, PARAMS);
      own.transaction("etl", { cache }).task("load", ANY, { cache: true })({});
      return await rig.define(own);
    };
    await rig.run(await define(false), { "etl.load": () => "by itself" });
    const grouped = await define(true);
    const run = await rig.run(grouped, { "etl.load": () => "with all" });
    expect(run.executor.submitted).toEqual(["etl.load"]);
    expect((await recordsOf(grouped)).map(({ taskId }) => taskId).toSorted()).toEqual(["etl", "etl.load"]);
    expect(await rig.returned(await rig.run(grouped, {}), "etl.load")).toBe("with all");
    expect(await rig.returned(await rig.run(await define(false), {}), "etl.load")).toBe("by itself");
  });

  test("an inner one is stored with the transaction around it, or not at all", async () => {
    const dag = newDag();
    const outer = dag.transaction("outer");
    const first = outer.transaction("first", { cache: true }).task("a", ANY)({});
    const second = outer.transaction("second", { cache: true }).task("b", ANY)({ first });
    outer.task("c", ANY, { cache: true })({ second });
    const version = await rig.define(dag);
    await rig.run(version, { "outer.c": () => failed("no") });
    expect(await recordsOf(version)).toEqual([]);
    await rig.run(version, {});
    const records = await recordsOf(version);
    expect(records.map(({ taskId }) => taskId).toSorted()).toEqual([
      "outer.c",
      "outer.first",
      "outer.second",
    ]);
    const hit = await rig.run(version, {});
    expect(hit.executor.submitted).toEqual([]);
  });

  test("a rollback that undoes a refresh removes the record", async () => {
    const version = await pipeline({ onRollback: told });
    await rig.run(version, STEPS);
    await rig.run(version, { ...STEPS, "etl.best": () => failed("no") }, { cacheMode: "refresh" });
    expect(await recordsOf(version)).toEqual([]);
  });

  test("callbacks are called for what ran, and not for hits", async () => {
    const version = await pipeline({ onCommit: told });
    let commits = 0;
    const scripts = { ...STEPS, "etl.commit": () => void (commits += 1) };
    await rig.run(version, scripts);
    await rig.run(version, scripts);
    expect(commits).toBe(1);
  });

  test("what the cache does not take at the end of a run is stored later", async () => {
    const version = await pipeline();
    let isAway = true;
    const records = new Proxy(metastore.records, {
      get(target, name) {
        if (name === "putAll" && isAway) return () => Promise.reject(new Error("the cache is away"));
        const member = Reflect.get(target, name) as unknown;
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
    const run = await rig.run(version, STEPS, { records });
    expect(run.states).toMatchObject({ "etl.load": "success/staged" });
    isAway = false;
    const { scheduler } = rig.newScheduler(STEPS, { records });
    scheduler.start();
    await scheduler.whenCallbacksCalled();
    await scheduler.stop(0);
    expect(await recordsOf(version)).toHaveLength(1);
    expect(submitted(await rig.run(version, STEPS))).toEqual([]);
  });

  test("a lookup that fails lets all run, and stores them", async () => {
    const version = await pipeline();
    const records = new Proxy(metastore.records, {
      get(target, name) {
        if (name === "find") return () => Promise.reject(new Error("away"));
        const member = Reflect.get(target, name) as unknown;
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
    const run = await rig.run(version, STEPS, { records });
    expect(run.states).toMatchObject({ "etl.load": "success/lookup_failure" });
    expect(submitted(await rig.run(version, STEPS))).toEqual([]);
  });

  test.each([{ until: "etl.load" }, { only: "etl.best" }])(
    "a part of it is not stored: %j",
    async (selection) => {
      const version = await pipeline();
      await rig.run(version, STEPS);
      const [record] = await recordsOf(version);
      const part = await rig.run(version, { ...STEPS, given: () => "day 2" }, { selection });
      const [taskId = ""] = Object.values(selection);
      expect(part.states[taskId]).toMatch(/^success\/(uncacheable|hit)$/);
      expect((await recordsOf(version)).map(({ key }) => key)).toEqual([record?.key]);
    },
  );

  test("a store that takes records one by one, and values of its own, has all in one record", async () => {
    const records = new MemoryRecordStore(systemClock);
    Object.defineProperty(records, "putAll", { value: undefined });
    const results = new MemoryResultStore();
    const named = { records: { rows: records }, results: { blobs: results } };
    const version = await pipeline({ cache: { keyStorage: "rows", resultStorage: "blobs" } });
    const first = await rig.run(version, STEPS, { named });
    expect(first.states).toMatchObject({ "etl.best": "success/populated" });
    const [record, ...others] = await records.list({}, { limit: 10, offset: 0 });
    expect(others).toEqual([]);
    expect(new Set(record?.xcoms.map(({ store }) => store))).toEqual(new Set(["blobs"]));
    expect(await recordsOf(version)).toEqual([]);
    const second = await rig.run(version, STEPS, { named });
    expect(submitted(second)).toEqual([]);
    expect(await rig.returned(second, "etl.best")).toEqual({ models: ["model of a", "model of b"] });
  });

  test("every value of a record is kept", async () => {
    const version = await pipeline();
    await rig.run(version, STEPS);
    const [record] = await recordsOf(version);
    const digests = record?.xcoms.map(({ digest }) => digest) ?? [];
    expect(record?.xcoms.map(({ key }) => key).toSorted()).toEqual([
      "attempts",
      "etl.best return_value",
      "etl.fit[0] return_value",
      "etl.fit[1] return_value",
      "etl.load return_value",
      "return_value",
    ]);
    expect(new Set((await metastore.results.read("default", digests)).keys())).toEqual(new Set(digests));
  });
});
