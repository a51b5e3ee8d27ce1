// Transactions: results of several tasks that become visible together, or not at all.

import {
  reportReason,
  systemClock,
  type Attempt,
  type CallbackReport,
  type DagRun,
  type DagVersion,
} from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { cancelRun, clearRun, triggerRun } from "@memodag/scheduler";
import { Dag, type CacheConfig, type TransactionOptions } from "memodag";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { failed, type Script } from "./scripted-executor.ts";
import { SchedulerRig } from "./scheduler-rig.ts";

const inert: (args: Record<string, unknown>) => unknown = () => null;
const told = (): undefined => undefined;
const refuse: Script = () => {
  throw new Error("no rows");
};
const HOOKS = { onCommit: told, onRollback: told };

describe.each(TEST_DIALECTS)("transactions on %s", (dialect) => {
  let rig: SchedulerRig;
  let metastore: TestMetastore;
  let dagCount = 0;

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  /** `load`, then `process`, in a transaction, and `report` after it. */
  async function pipeline(options: TransactionOptions = {}, task = {}): Promise<DagVersion> {
    const dag = new Dag(`dag${(dagCount += 1)}`);
    const etl = dag.transaction("etl", options);
    const rows = etl.task("load", inert, { cache: true, ...task })({});
    const done = etl.task("process", inert, { cache: true, ...task })({ rows });
    dag.task("report", inert, { triggerRule: "all_done" })({ done });
    return await rig.define(dag);
  }

  async function keysOf(version: DagVersion): Promise<string[]> {
    const { team, dag } = version;
    const page = { limit: 100, offset: 0 };
    const records = await metastore.records.list({ team, dagId: dag.dagId }, page);
    return records.map(({ taskId }) => taskId).toSorted();
  }

  /** Scripts that note the callbacks in the order in which they are called. */
  function hooks(...names: string[]): {
    calls: string[];
    reports: CallbackReport[];
    scripts: Record<string, Script>;
  } {
    const calls: string[] = [];
    const reports: CallbackReport[] = [];
    const note =
      (name: string): Script =>
      (attempt, { returned }) => {
        calls.push(returned === undefined ? name : `${name} ${JSON.stringify(returned)}`);
        if (attempt.callback) reports.push(attempt.callback);
        return null;
      };
    return { calls, reports, scripts: Object.fromEntries(names.map((name) => [name, note(name)])) };
  }

  test("neither is remembered when one fails; then both run and are; then both hit", async () => {
    const version = await pipeline();
    const first = await rig.run(version, { "etl.load": () => ["a"], "etl.process": refuse });
    expect(first.states).toEqual({
      "etl.load": "success/rolled_back",
      "etl.process": "failed/miss",
      report: "success/disabled",
    });
    expect(first.instances.find(({ taskId }) => taskId === "etl.load")?.cacheReason).toEqual({
      code: "rolled_back",
      detail: { transaction: "etl", what: "etl.process failed" },
    });
    expect(await keysOf(version)).toEqual([]);
    const second = await rig.run(version, { "etl.load": () => ["a"], "etl.process": () => 1 });
    expect(second.executor.submitted).toEqual(["etl.load", "etl.process", "report"]);
    expect(second.states).toMatchObject({
      "etl.load": "success/populated",
      "etl.process": "success/populated",
    });
    expect(await keysOf(version)).toEqual(["etl.load", "etl.process"]);
    const third = await rig.run(version, {});
    expect(third.states).toMatchObject({ "etl.load": "success/hit", "etl.process": "success/hit" });
    expect(third.executor.submitted).toEqual(["report"]);
  });

  test("nothing is visible before all have succeeded", async () => {
    const version = await pipeline();
    const seen: string[][] = [];
    await rig.run(version, {
      "etl.process": async () => {
        seen.push(await keysOf(version));
        const [run] = await metastore.runs.listRuns({ dagId: version.dag.dagId, limit: 1 });
        const rows = await metastore.runs.listTaskInstances("default", run?.id ?? 0);
        expect(rows.find(({ taskId }) => taskId === "etl.load")).toMatchObject({
          state: "success",
          cacheStatus: "staged",
          cacheReason: { code: "in_transaction", detail: { transaction: "etl" } },
        });
        return 1;
      },
    });
    expect(seen).toEqual([[]]);
    expect(await keysOf(version)).toEqual(["etl.load", "etl.process"]);
  });

  test("a failed attempt whose retry succeeds commits", async () => {
    const version = await pipeline({}, { retries: 1, retryDelay: 0 });
    let tries = 0;
    const run = await rig.run(version, {
      "etl.process": () => ((tries += 1) === 1 ? failed("once") : 1),
    });
    expect(tries).toBe(2);
    expect(run.states).toMatchObject({
      "etl.load": "success/populated",
      "etl.process": "success/populated",
    });
  });

  test("callbacks of a rollback are called one after another, the last first, whatever becomes of one", async () => {
    const dag = new Dag(`dag${(dagCount += 1)}`);
    const etl = dag.transaction("etl", HOOKS);
    const a = etl.task("a", inert, { cache: true, ...HOOKS })({});
    const b = etl.task("b", inert, { ...HOOKS })({ a });
    etl.task("c", inert, { cache: true, ...HOOKS })({ b });
    const version = await rig.define(dag);
    const { calls, reports, scripts } = hooks(
      "etl.a.rollback",
      "etl.b.rollback",
      "etl.rollback",
      "etl.commit",
    );
    const b2: Script = (...given) => {
      void scripts["etl.b.rollback"]?.(...given);
      throw new Error("cannot undo");
    };
    const run = await rig.run(version, {
      "etl.a": () => ({ file: "a" }),
      "etl.b": () => "b",
      "etl.c": refuse,
      ...scripts,
      "etl.b.rollback": b2,
    });
    expect(run.states).toMatchObject({ "etl.a": "success/rolled_back", "etl.b": "success/rolled_back" });
    expect(calls).toEqual(['etl.b.rollback "b"', 'etl.a.rollback {"file":"a"}', "etl.rollback"]);
    expect(reports.map(({ transaction }) => transaction)).toEqual([
      { id: "etl", outcome: "rolled_back", reason: "etl.c failed" },
      { id: "etl", outcome: "rolled_back", reason: "etl.c failed" },
      {
        id: "etl",
        outcome: "rolled_back",
        reason: "etl.c failed",
        members: [
          { taskId: "etl.a", mapIndex: -1, state: "success", cacheStatus: "rolled_back" },
          { taskId: "etl.b", mapIndex: -1, state: "success", cacheStatus: "rolled_back" },
          { taskId: "etl.c", mapIndex: -1, state: "failed", cacheStatus: "miss" },
        ],
      },
    ]);
    expect(await metastore.callbacks.listOwners()).toEqual([]);
  });

  test("callbacks of a commit come once the records are there; hits have none", async () => {
    const version = await pipeline(HOOKS, HOOKS);
    const keys: string[][] = [];
    const { calls, scripts } = hooks("etl.load.commit", "etl.process.commit", "etl.commit");
    const commit: Script = async (...given) => {
      keys.push(await keysOf(version));
      return scripts["etl.commit"]?.(...given);
    };
    await rig.run(version, { "etl.process": () => 2, ...scripts, "etl.commit": commit });
    expect(calls.toSorted()).toEqual(["etl.commit", "etl.load.commit null", "etl.process.commit 2"]);
    expect(keys).toEqual([["etl.load", "etl.process"]]);
    const again = await rig.run(version, scripts);
    expect(again.executor.submitted).toEqual(["report"]);
    expect(calls).toHaveLength(3);
  });

  test("two members with one key run once, and both are settled", async () => {
    const dag = new Dag(`dag${(dagCount += 1)}`);
    const etl = dag.transaction("etl");
    const many = etl.task("many", inert, { cache: true }).expand({ n: [1, 1, 2, 1] });
    etl.task("sum", inert)({ many });
    const version = await rig.define(dag);
    const fails = {
      "etl.many": (_: Attempt, { n }: Readonly<Record<string, unknown>>) => n,
      "etl.sum": refuse,
    };
    const first = await rig.run(version, fails);
    expect(first.executor.submitted.toSorted()).toEqual(["etl.many[0]", "etl.many[2]", "etl.sum"]);
    expect(first.states).toMatchObject({
      "etl.many[0]": "success/rolled_back",
      "etl.many[1]": "success/rolled_back",
      "etl.many[2]": "success/rolled_back",
      "etl.many[3]": "success/rolled_back",
    });
    expect(await keysOf(version)).toEqual([]);
    const second = await rig.run(version, { ...fails, "etl.sum": () => 5 });
    expect(second.states).toMatchObject({
      "etl.many[0]": "success/populated",
      "etl.many[1]": "success/hit",
      "etl.many[2]": "success/populated",
      "etl.many[3]": "success/hit",
    });
    expect(await keysOf(version)).toEqual(["etl.many", "etl.many"]);
  });

  test.each<[string, CacheConfig]>([
    ["the ttl of its reader", { ttl: "1h" }],
    ["its own expiry", { ttl: null, expires: "1h" }],
    ["the next date of a schedule", { ttl: null, expires: "@hourly" }],
  ])("a staged result is not taken beyond %s", async (_, settings) => {
    for (const [hours, isTaken] of [
      [0, true],
      [2, false],
    ] as const) {
      const dag = new Dag(`dag${(dagCount += 1)}`);
      const cache = { ...settings, share: dag.dagId, source: "version", version: "1" } as const;
      const etl = dag.transaction("etl");
      const first = etl.task("first", inert, { cache })({});
      const between = etl.task("between", inert)({ first });
      etl.task("second", inert, { cache })({}).after(between);
      let passedMs = 0;
      const clock = { ...systemClock, now: () => systemClock.now() + passedMs };
      const pass = (): null => {
        passedMs = hours * 3_600_000;
        return null;
      };
      const run = await rig.run(await rig.define(dag), { "etl.between": pass }, { clock });
      expect(run.states["etl.second"]).toBe(isTaken ? "success/hit" : "success/populated");
    }
  });

  test("a date that passes before the commit keeps a result from being stored", async () => {
    const version = await pipeline({}, { cache: { ttl: null, expires: "@daily" } });
    let passedMs = 0;
    const clock = { ...systemClock, now: () => systemClock.now() + passedMs };
    const pass = (): null => {
      passedMs = 25 * 3_600_000;
      return null;
    };
    const run = await rig.run(version, { "etl.process": pass }, { clock });
    expect(run.states).toMatchObject({
      "etl.load": "success/uncacheable",
      "etl.process": "success/populated",
    });
    expect(await keysOf(version)).toEqual(["etl.process"]);
  });

  test("of two members with one key the second runs when the first has failed", async () => {
    const dag = new Dag(`dag${(dagCount += 1)}`);
    const etl = dag.transaction("etl", { failOn: "leaves" });
    const many = etl.task("many", inert, { cache: true }).expand({ n: [1, 1] });
    etl.task("sum", inert, { cache: true, triggerRule: "all_done" })({ many });
    const version = await rig.define(dag);
    let calls = 0;
    const run = await rig.run(version, {
      "etl.many": () => ((calls += 1) === 1 ? failed("once") : "done"),
    });
    expect(run.states).toMatchObject({
      "etl.many[0]": "failed/miss",
      "etl.many[1]": "success/populated",
      "etl.sum": "success/populated",
    });
  });

  test("an inner transaction is committed with the outer one, unless it is eager", async () => {
    const dag = new Dag(`dag${(dagCount += 1)}`);
    const outer = dag.transaction("outer", HOOKS);
    const lazy = outer.transaction("lazy", HOOKS).task("a", inert, { cache: true, ...HOOKS })({});
    const eager = outer
      .transaction("eager", { commit: "eager", onCommit: told })
      .task("b", inert, { cache: true })({ lazy });
    outer.task("c", inert, { cache: true })({ eager });
    const version = await rig.define(dag);
    const { calls, scripts } = hooks(
      "outer.lazy.a.rollback",
      "outer.lazy.rollback",
      "outer.rollback",
      "outer.eager.commit",
      "outer.commit",
      "outer.lazy.commit",
    );
    const run = await rig.run(version, { ...scripts, "outer.c": refuse });
    expect(run.states).toMatchObject({
      "outer.lazy.a": "success/rolled_back",
      "outer.eager.b": "success/populated",
    });
    expect(await keysOf(version)).toEqual(["outer.eager.b"]);
    expect(calls.filter((name) => name.includes("rollback"))).toEqual([
      "outer.lazy.a.rollback null",
      "outer.lazy.rollback",
      "outer.rollback",
    ]);
    expect(calls.filter((name) => name.includes("commit"))).toEqual(["outer.eager.commit"]);
    const again = await rig.run(version, { ...scripts, "outer.c": () => 1 });
    expect(again.states).toMatchObject({
      "outer.lazy.a": "success/populated",
      "outer.c": "success/populated",
    });
    expect(calls).toEqual(expect.arrayContaining(["outer.commit", "outer.lazy.commit"]));
  });

  test.each([
    [true, "populated", null],
    [false, "rolled_back", "transaction etl: etl.check returned false"],
    ["yes", "rolled_back", 'transaction etl: etl.check returned "yes"'],
  ])("a task that decides and returns %j leaves the others %s", async (answer, status, reason) => {
    const dag = new Dag(`dag${(dagCount += 1)}`);
    const etl = dag.transaction("etl");
    const rows = etl.task("load", inert, { cache: true })({});
    etl.commitWhen(etl.task("check", inert)({ rows }) as never);
    const run = await rig.run(await rig.define(dag), { "etl.check": () => answer });
    expect(run.states["etl.load"]).toBe(`success/${status}`);
    expect(run.run.state).toBe("success");
    const load = run.instances.find(({ taskId }) => taskId === "etl.load");
    expect(load && reportReason(load.cacheReason).cacheReason).toBe(reason ?? "no_entry");
  });

  test("a failure that a trigger rule forgives rolls back, unless only leaves count", async () => {
    const define = async (failOn: "any" | "leaves"): Promise<DagVersion> => {
      const dag = new Dag(`dag${(dagCount += 1)}`);
      const etl = dag.transaction("etl", { failOn });
      const a = etl.task("a", inert, { cache: true })({});
      const b = etl.task("b", inert, { cache: true })({});
      etl.task("c", inert, { cache: true, triggerRule: "all_done" })({ a, b });
      return await rig.define(dag);
    };
    const any = await rig.run(await define("any"), { "etl.b": refuse });
    expect(any.states).toMatchObject({ "etl.a": "success/rolled_back", "etl.c": "success/rolled_back" });
    const leaves = await rig.run(await define("leaves"), { "etl.b": refuse });
    expect(leaves.states).toMatchObject({ "etl.a": "success/populated", "etl.c": "success/populated" });
  });

  test("without the cache nothing is staged, and the callbacks are called", async () => {
    const version = await pipeline({}, { onCommit: told });
    const { calls, scripts } = hooks("etl.load.commit", "etl.process.commit");
    const run = await rig.run(version, scripts, { cacheMode: "off" });
    expect(run.states).toMatchObject({ "etl.load": "success/disabled", "etl.process": "success/disabled" });
    expect(calls.toSorted()).toEqual(["etl.load.commit null", "etl.process.commit null"]);
  });

  test("a refresh replaces records at the commit, and removes them at a rollback that undoes", async () => {
    const version = await pipeline();
    await rig.run(version, { "etl.process": () => 1 });
    await rig.run(version, { "etl.process": refuse }, { cacheMode: "refresh" });
    expect(await keysOf(version)).toEqual(["etl.load", "etl.process"]);
    const refreshed = await rig.run(version, { "etl.process": () => 2 }, { cacheMode: "refresh" });
    expect(refreshed.states).toMatchObject({ "etl.process": "success/skipped" });
    const hit = await rig.run(version, {});
    expect(await rig.returned(hit, "etl.process")).toBe(2);

    const undone = await pipeline({}, { onRollback: told });
    await rig.run(undone, { "etl.process": () => 1 });
    await rig.run(undone, { "etl.process": refuse }, { cacheMode: "refresh" });
    expect(await keysOf(undone)).toEqual(["etl.process"]);
  });

  test("mapped members are all members, and an empty list does not matter", async () => {
    const dag = new Dag(`dag${(dagCount += 1)}`);
    const etl = dag.transaction("etl");
    const list = etl.task("list", inert, { cache: true })({});
    etl.task("each", inert, { cache: true }).expand({ n: list as never });
    const version = await rig.define(dag);
    const one = await rig.run(version, {
      "etl.list": () => [1, 2],
      "etl.each": (_, { n }) => (n === 2 ? failed("no") : 1),
    });
    expect(one.states).toMatchObject({
      "etl.list": "success/rolled_back",
      "etl.each[0]": "success/rolled_back",
    });
    const none = await rig.run(version, { "etl.list": () => [] });
    expect(none.states).toMatchObject({ "etl.list": "success/populated", "etl.each": "skipped/null" });
  });

  /** Clears what failed in a run and runs it again. */
  async function clearAndRun(
    version: DagVersion,
    run: DagRun,
    scripts: Readonly<Record<string, Script>>,
  ): Promise<{ states: Record<string, string>; cleared: string[]; submitted: string[] }> {
    const request = { downstream: false, useCache: false };
    const cleared = await clearRun(metastore.runs, { run, version }, request);
    const { scheduler, executor } = rig.newScheduler(scripts);
    const over = scheduler.whenOver(run.id);
    scheduler.start();
    await over;
    await scheduler.whenCallbacksCalled();
    await scheduler.stop(0);
    const rows = await metastore.runs.listTaskInstances("default", run.id);
    return {
      states: Object.fromEntries(rows.map((row) => [row.taskId, `${row.state}/${row.cacheStatus}`])),
      cleared: cleared.map(({ taskId }) => taskId).toSorted(),
      submitted: executor.submitted,
    };
  }

  test("clearing what failed clears what was rolled back, and commits both", async () => {
    const version = await pipeline();
    const { run } = await rig.run(version, { "etl.process": refuse });
    const again = await clearAndRun(version, run, { "etl.process": () => 1 });
    expect(again.cleared).toEqual(["etl.load", "etl.process"]);
    expect(again.submitted).toEqual(["etl.load", "etl.process"]);
    expect(again.states).toMatchObject({
      "etl.load": "success/populated",
      "etl.process": "success/skipped",
    });
    expect(await keysOf(version)).toEqual(["etl.load", "etl.process"]);
  });

  test("a cleared member waits until the callbacks of the rollback have ended", async () => {
    const version = await pipeline({}, { onRollback: told });
    const undoing = Promise.withResolvers<void>();
    const undone = Promise.withResolvers<null>();
    const order: string[] = [];
    const first = rig.newScheduler({
      "etl.load": () => "file",
      "etl.process": refuse,
      "etl.load.rollback": () => {
        undoing.resolve();
        return undone.promise.then(() => order.push("undone"));
      },
    });
    const run = await triggerRun(metastore.runs, systemClock, {
      version,
      conf: {},
      params: {},
      logicalDate: null,
      cacheMode: "use",
    });
    const over = first.scheduler.whenOver(run.id);
    first.scheduler.start();
    await over;
    await undoing.promise;
    await clearRun(metastore.runs, { run, version }, { downstream: false, useCache: false });
    const second = rig.newScheduler(
      {
        "etl.load": () => void order.push("load"),
        "etl.process": () => 1,
      },
      { metastore: await metastore.openAgain() },
    );
    const overAgain = second.scheduler.whenOver(run.id);
    second.scheduler.start();
    const loadOf = async () => {
      const rows = await metastore.runs.listTaskInstances("default", run.id);
      return rows.find(({ taskId }) => taskId === "etl.load");
    };
    await vi.waitUntil(async () => (await loadOf())?.cacheReason?.code === "waiting_for_rollback", 20_000);
    expect(order).toEqual([]);
    undone.resolve(null);
    await overAgain;
    expect(order).toEqual(["undone", "load"]);
    expect(await loadOf()).toMatchObject({ state: "success", cacheStatus: "populated" });
    await first.scheduler.stop(0);
    await second.scheduler.stop(0);
  });

  test("a cancelled run is rolled back, and its callbacks are called once nothing of it runs", async () => {
    const version = await pipeline({ onRollback: told }, { onRollback: told });
    const { calls, scripts } = hooks("etl.load.rollback", "etl.rollback");
    const running = Promise.withResolvers<void>();
    const { scheduler } = rig.newScheduler({
      ...scripts,
      "etl.process": () => {
        running.resolve();
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
    const over = scheduler.whenOver(run.id);
    scheduler.start();
    await running.promise;
    await cancelRun(metastore.runs, { run, version });
    scheduler.wake();
    await over;
    await scheduler.whenCallbacksCalled();
    await scheduler.stop(0);
    const rows = await metastore.runs.listTaskInstances("default", run.id);
    expect(rows.find(({ taskId }) => taskId === "etl.load")).toMatchObject({
      state: "success",
      cacheStatus: "rolled_back",
      cacheReason: { detail: { what: "its run was cancelled" } },
    });
    expect(calls).toEqual(["etl.load.rollback null", "etl.rollback"]);
    expect(await keysOf(version)).toEqual([]);
  });

  test("what the cache does not take at the end of a run is stored later, and then committed", async () => {
    const version = await pipeline({ onCommit: told });
    const { calls, scripts } = hooks("etl.commit");
    let isAway = true;
    const records = new Proxy(metastore.records, {
      get(target, name) {
        if (name === "putAll" && isAway) return () => Promise.reject(new Error("the cache is away"));
        const member = Reflect.get(target, name) as unknown;
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
    const run = await rig.run(version, { "etl.process": () => 1, ...scripts }, { records });
    expect(run.run.state).toBe("success");
    expect(run.states).toMatchObject({ "etl.load": "success/staged", "etl.process": "success/staged" });
    expect([await keysOf(version), calls]).toEqual([[], []]);
    isAway = false;
    const { scheduler } = rig.newScheduler(scripts, { records });
    scheduler.start();
    await scheduler.whenCallbacksCalled();
    await scheduler.stop(0);
    expect(await keysOf(version)).toEqual(["etl.load", "etl.process"]);
    expect(calls).toEqual(["etl.commit"]);
    const rows = await metastore.runs.listTaskInstances("default", run.run.id);
    expect(rows.find(({ taskId }) => taskId === "etl.load")?.cacheStatus).toBe("populated");
  });
});
