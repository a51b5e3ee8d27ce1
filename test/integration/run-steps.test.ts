// Tasks that make runs of other Dags, and wait for them: no process, and no slot.

import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inert, RunStepRig } from "./run-step-rig.ts";
import { failed } from "./scripted-executor.ts";

describe.each(TEST_DIALECTS)("a run step on %s", (dialect) => {
  let metastore: TestMetastore;
  let rig: RunStepRig;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new RunStepRig(metastore);
  });
  afterAll(() => metastore.close());

  test("makes a run with what other tasks returned, and returns its id", async () => {
    const other = await rig.defineOther("default", { params: { species: "Adelie", depth: 3 } });
    const dag = rig.newDag();
    const load = dag.task("load", inert as () => { count: number })({});
    dag.triggerDagRun("step", {
      dagId: other.dagId,
      conf: { loaded: load, depth: [1, load.field("count")] },
      params: { depth: 5 },
      logicalDate: "2026-11-03",
    });
    const { run, instance, executor } = await rig.runToEnd(await rig.define(dag), {
      load: () => ({ count: 2 }),
    });
    expect(run).toMatchObject({ state: "success", processesSpawned: 1 });
    expect(instance).toMatchObject({ state: "success", tryNumber: 1, cacheStatus: "disabled" });
    expect(executor.submitted[0]).toBe("load");
    const [made, ...more] = await rig.runsOf(other);
    expect(more).toEqual([]);
    expect(made).toMatchObject({
      runType: "manual",
      logicalDate: Date.UTC(2026, 10, 3),
      conf: { loaded: { count: 2 }, depth: [1, 2] },
      params: { species: "Adelie", depth: 5 },
    });
    expect(made?.runId).toMatch(new RegExp(`^triggered__${dag.dagId}\\.step_[0-9a-f]{12}$`));
    expect(await rig.xcomsOf(run)).toEqual({ return_value: made?.runId, trigger_run_id: made?.runId });
  });

  test("makes a run that uses the cache as its own run does", async () => {
    const other = await rig.defineOther();
    const dag = rig.newDag();
    dag.triggerDagRun("step", { dagId: other.dagId });
    const version = await rig.define(dag);
    const scheduling = rig.onlyOf(version);
    await rig.run(version, {}, { scheduling, cacheLimits: { ttlMs: 5_000, errors: false } });
    await rig.run(version, {}, { scheduling, cacheMode: "refresh" });
    expect(await rig.runsOf(other)).toMatchObject([
      { cacheMode: "refresh" },
      { cacheMode: "use", cacheLimits: { ttlMs: 5_000, errors: false } },
    ]);
  });

  test("that waits takes no slot, and hears of the end of the other run", async () => {
    const other = await rig.defineOther();
    const dag = rig.newDag({ maxActiveTasks: 1 });
    const step = dag.triggerDagRun("step", { dagId: other.dagId, waitForCompletion: true });
    dag.task("after", inert as (args: { of: string }) => unknown)({ of: step });
    const { run, executor, instances } = await rig.runToEnd(await rig.define(dag), {}, { slots: 1 });
    expect(run.state).toBe("success");
    expect(executor.submitted).toEqual(["work", "after"]);
    expect(instances.find(({ taskId }) => taskId === "after")).toMatchObject({ state: "success" });
  });

  test("that waits needs no place among the runs that are held", async () => {
    const other = await rig.defineOther();
    const middle = rig.newDag();
    middle.triggerDagRun("step", { dagId: other.dagId, waitForCompletion: true });
    await rig.define(middle);
    const dag = rig.newDag();
    dag.triggerDagRun("step", { dagId: middle.dagId, waitForCompletion: true });
    const { run } = await rig.runToEnd(await rig.define(dag), {}, { scheduling: { maxRuns: 1 } });
    expect(run.state).toBe("success");
  });

  test("that waits has that run alone brought to its end, where other Dags' runs are left to others", async () => {
    const other = await rig.defineOther();
    const unrelated = await rig.trigger(other);
    const dag = rig.newDag();
    dag.triggerDagRun("step", { dagId: other.dagId, waitForCompletion: true });
    expect((await rig.runToEnd(await rig.define(dag))).run.state).toBe("success");
    const left = await metastore.runs.findRun("default", other.dagId, unrelated.runId);
    expect(left?.state).toBe("queued");
  });

  test("fails as the run that it waits for, and says which; another try makes another run", async () => {
    const other = await rig.defineOther();
    const dag = rig.newDag();
    dag.triggerDagRun("step", { dagId: other.dagId, waitForCompletion: true, retries: 1, retryDelay: 0 });
    let works = 0;
    const flaky = await rig.runToEnd(await rig.define(dag), {
      work: () => ((works += 1) === 1 ? failed("no") : null),
    });
    expect(flaky.run.state).toBe("success");
    expect(flaky.instance).toMatchObject({ state: "success", tryNumber: 2 });
    const made = await rig.runsOf(other);
    expect(made.map(({ state }) => state)).toEqual(["success", "failed"]);
    expect((await rig.xcomsOf(flaky.run))["return_value"]).toBe(made[0]?.runId);

    const broken = await rig.runToEnd(await rig.define(dag, "v2"), { work: () => failed("no") });
    const [last] = await rig.runsOf(other);
    expect(broken.instance).toMatchObject({ state: "failed", tryNumber: 2 });
    expect(broken.instance?.error).toEqual({
      code: "dag_run_failed",
      message: expect.stringContaining(`Run "${last?.runId}" of Dag "${other.dagId}"`),
    });
  });

  test("succeeds in the states that it allows", async () => {
    const other = await rig.defineOther();
    const dag = rig.newDag();
    dag.triggerDagRun("step", {
      dagId: other.dagId,
      waitForCompletion: true,
      allowedStates: ["success", "failed"],
      failedStates: [],
    });
    const { run } = await rig.runToEnd(await rig.define(dag), { work: () => failed("no") });
    expect(run.state).toBe("success");
  });

  test("stops waiting when its executionTimeout is over, and leaves the other run alone", async () => {
    const other = await rig.defineOther();
    const dag = rig.newDag();
    dag.triggerDagRun("step", {
      dagId: other.dagId,
      waitForCompletion: true,
      executionTimeout: "1s",
      retries: 1,
      retryDelay: 0,
    });
    const { instance } = await rig.runToEnd(await rig.define(dag), {
      work: () => new Promise(() => undefined),
    });
    expect(instance).toMatchObject({ state: "failed", tryNumber: 2, error: { code: "task_timeout" } });
    expect(instance?.error?.message).toMatch(
      /Timed out after 1s: .* was still (queued|running); find out why, or raise the task's exec/,
    );
    expect((await rig.runsOf(other)).every(({ endedAt }) => endedAt === null)).toBe(true);
  });

  test.each<[string, object, string, RegExp]>([
    ["a Dag that is not there", { dagId: "nowhere" }, "dag_not_found", /There is no Dag "nowhere"/],
    ["a param that is none", { params: { depth: 1 } }, "conf_invalid", /has no param "depth"/],
    ["conf that is no object", { conf: "given" }, "conf_invalid", /conf must be an object.*; got a list/],
    [
      "a date that is none",
      { logicalDate: "given" },
      "conf_invalid",
      /logicalDate must be an ISO 8601 time.*; got a list/,
    ],
    ["an id that is none", { runId: "given" }, "conf_invalid", /runId must be a string.*; got a list/],
    ["more than a run should be given", { conf: { rows: "big" } }, "value_too_large", /more than 1048576/],
    ["a run that is there", { runId: "taken" }, "dag_run_exists", /has a run "taken"/],
    ["a paused Dag", { failWhenDagIsPaused: true }, "dag_paused", /is paused: unpause it/],
  ])("fails for %s, and makes nothing", async (_what, options, code, message) => {
    const other = await rig.defineOther();
    await metastore.runs.createRun({
      ...(await rig.trigger(other)),
      runId: "taken",
    });
    await metastore.dags.setPaused("default", other.dagId, true);
    const dag = rig.newDag();
    const given = dag.task("given", inert)({});
    const big = dag.task("big", inert)({});
    const refs = Object.entries(options).map(([name, value]) => [
      name,
      value === "given" ? given : name === "conf" ? { rows: big } : (value as unknown),
    ]);
    dag.triggerDagRun("step", { dagId: other.dagId, ...Object.fromEntries(refs) }).after(given);
    const { run, instance } = await rig.runToEnd(await rig.define(dag), {
      given: () => [1],
      big: () => "x".repeat(2 ** 20),
    });
    expect(run.state).toBe("failed");
    expect(instance).toMatchObject({ state: "failed", tryNumber: 1, error: { code } });
    expect(instance?.error?.message).toMatch(message);
    expect(await rig.runsOf(other)).toHaveLength(2);
  });

  test("is skipped for a run that is there, where that is asked for", async () => {
    const other = await rig.defineOther();
    const dag = rig.newDag();
    dag.triggerDagRun("step", { dagId: other.dagId, runId: "mine", skipWhenAlreadyExists: true });
    const version = await rig.define(dag);
    expect((await rig.runToEnd(version)).instance).toMatchObject({ state: "success" });
    const again = await rig.runToEnd(version);
    expect(again.run.state).toBe("success");
    expect(again.instance).toMatchObject({ state: "skipped", error: { code: "dag_run_exists" } });
    expect(await rig.runsOf(other)).toHaveLength(1);
  });

  test("sees the Dags of its own team alone", async () => {
    const theirs = await rig.defineOther("blue");
    const dag = rig.newDag();
    dag.triggerDagRun("step", { dagId: theirs.dagId });
    dag.waitForDagRun("wait", { dagId: theirs.dagId, runId: "any" });
    const { instances } = await rig.runToEnd(await rig.define(dag));
    expect(instances).toMatchObject([
      { error: { code: "dag_not_found" } },
      { error: { code: "dag_not_found" } },
    ]);
    expect(await rig.runsOf(theirs)).toEqual([]);
  });
});
