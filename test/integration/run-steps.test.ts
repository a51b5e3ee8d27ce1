// Tasks that make runs of other Dags and wait for them: no process, no slot, and one run whatever happens.

import {
  systemClock,
  type DagRun,
  type DagVersion,
  type JsonObject,
  type RunStore,
  type TaskInstance,
} from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { cancelRun, clearRun, triggerRun } from "@memodag/scheduler";
import { Dag } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SchedulerRig, type RigSchedulerOptions } from "./scheduler-rig.ts";
import { failed, type Script } from "./scripted-executor.ts";

const inert: (args: Record<string, unknown>) => unknown = () => null;

/** A poll that no test waits for: what has to be heard of is heard of. */
const SCHEDULING = { pollMs: 3_600_000 };

/** Called at the end of a call of the store by that name, which has done its work; it may throw. */
function afterCall(runs: RunStore, name: keyof RunStore, then: () => void): RunStore {
  return new Proxy(runs, {
    get(target, member) {
      const method = Reflect.get(target, member) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        const result = await method.apply(target, args);
        if (member === name) then();
        return result;
      };
    },
  });
}

describe.each(TEST_DIALECTS)("a run step on %s", (dialect) => {
  let metastore: TestMetastore;
  let rig: SchedulerRig;
  let dagCount = 0;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  const newDag = (options = {}): Dag => new Dag(`stepping${(dagCount += 1)}`, options);

  /** A Dag of one task, `work`, that others make runs of. */
  async function defineOther(team = "default", options = {}): Promise<DagVersion> {
    const dag = newDag(options);
    dag.task("work", inert)({});
    return await rig.define(dag, "v1", team);
  }

  const trigger = (version: DagVersion, logicalDate: number | null = null): Promise<DagRun> =>
    triggerRun(metastore.runs, systemClock, {
      version,
      conf: {},
      params: {},
      logicalDate,
      cacheMode: "use",
    });

  /** A run to its end, in a scheduler that runs its Dag alone, and what it waits for. */
  async function runToEnd(
    version: DagVersion,
    scripts: Readonly<Record<string, Script>> = {},
    { slots, scheduling }: Pick<RigSchedulerOptions, "slots" | "scheduling"> = {},
  ) {
    const { id } = await trigger(version);
    const { scheduler, executor } = rig.newScheduler(scripts, {
      scheduling: { ...onlyOf(version), ...scheduling },
      ...(slots !== undefined && { slots }),
    });
    const over = scheduler.whenOver(id);
    scheduler.start();
    const run = await over;
    await scheduler.stop(0);
    const instances = await metastore.runs.listTaskInstances(run.team, id);
    return { run, executor, instances, instance: instances.find(({ taskId }) => taskId === "step") };
  }

  const onlyOf = ({ team, dagId }: DagVersion) => ({ ...SCHEDULING, dag: { team, dagId } });

  const runsOf = (version: DagVersion): Promise<DagRun[]> =>
    metastore.runs.listRuns({ team: version.team, dagId: version.dagId, limit: 10 });

  /** The XComs of the task `step`. */
  async function xcomsOf(run: DagRun): Promise<JsonObject> {
    const xcoms = await metastore.runs.listXComs(run.team, run.id, { taskId: "step", mapIndex: -1 });
    const bytes = await metastore.runs.readXComBytes(
      run.team,
      xcoms.map(({ digest }) => digest),
    );
    return Object.fromEntries(
      xcoms.map(({ key, digest }) => [
        key,
        JSON.parse(Buffer.from(bytes.get(digest) ?? "").toString()) as string,
      ]),
    );
  }

  /** Resolves when a task has begun to wait. */
  function whenWaiting() {
    const seen = Promise.withResolvers<TaskInstance>();
    const listener = {
      instanceChanged(_run: DagRun, instance: TaskInstance) {
        if (instance.state === "up_for_reschedule") seen.resolve(instance);
      },
    };
    return { listener, waiting: seen.promise };
  }

  test("makes a run with what other tasks returned, and returns its id", async () => {
    const other = await defineOther("default", { params: { species: "Adelie", depth: 3 } });
    const dag = newDag();
    const load = dag.task("load", inert as () => { count: number })({});
    dag.triggerDagRun("step", {
      dagId: other.dagId,
      conf: { loaded: load, depth: [1, load.field("count")] },
      params: { depth: 5 },
      logicalDate: "2026-11-03",
    });
    const { run, instance, executor } = await runToEnd(await rig.define(dag), {
      load: () => ({ count: 2 }),
    });
    expect(run).toMatchObject({ state: "success", processesSpawned: 1 });
    expect(instance).toMatchObject({ state: "success", tryNumber: 1, cacheStatus: "disabled" });
    expect(executor.submitted[0]).toBe("load");
    const [made, ...more] = await runsOf(other);
    expect(more).toEqual([]);
    expect(made).toMatchObject({
      runType: "manual",
      logicalDate: Date.UTC(2026, 10, 3),
      conf: { loaded: { count: 2 }, depth: [1, 2] },
      params: { species: "Adelie", depth: 5 },
    });
    expect(made?.runId).toMatch(new RegExp(`^triggered__${dag.dagId}\\.step_[0-9a-f]{12}$`));
    expect(await xcomsOf(run)).toEqual({ return_value: made?.runId, trigger_run_id: made?.runId });
  });

  test("that waits takes no slot, and hears of the end of the other run", async () => {
    const other = await defineOther();
    const dag = newDag({ maxActiveTasks: 1 });
    const step = dag.triggerDagRun("step", { dagId: other.dagId, waitForCompletion: true });
    dag.task("after", inert as (args: { of: string }) => unknown)({ of: step });
    const { run, executor, instances } = await runToEnd(await rig.define(dag), {}, { slots: 1 });
    expect(run.state).toBe("success");
    expect(executor.submitted).toEqual(["work", "after"]);
    expect(instances.find(({ taskId }) => taskId === "after")).toMatchObject({ state: "success" });
  });

  test("that waits needs no place among the runs that are held", async () => {
    const other = await defineOther();
    const middle = newDag();
    middle.triggerDagRun("step", { dagId: other.dagId, waitForCompletion: true });
    await rig.define(middle);
    const dag = newDag();
    dag.triggerDagRun("step", { dagId: middle.dagId, waitForCompletion: true });
    const { run } = await runToEnd(await rig.define(dag), {}, { scheduling: { maxRuns: 1 } });
    expect(run.state).toBe("success");
  });

  test("that waits has that run alone brought to its end, where other Dags' runs are left to others", async () => {
    const other = await defineOther();
    const unrelated = await trigger(other);
    const dag = newDag();
    dag.triggerDagRun("step", { dagId: other.dagId, waitForCompletion: true });
    expect((await runToEnd(await rig.define(dag))).run.state).toBe("success");
    const left = await metastore.runs.findRun("default", other.dagId, unrelated.runId);
    expect(left?.state).toBe("queued");
  });

  test("fails as the run that it waits for, and says which; another try makes another run", async () => {
    const other = await defineOther();
    const dag = newDag();
    dag.triggerDagRun("step", { dagId: other.dagId, waitForCompletion: true, retries: 1, retryDelay: 0 });
    let works = 0;
    const flaky = await runToEnd(await rig.define(dag), {
      work: () => ((works += 1) === 1 ? failed("no") : null),
    });
    expect(flaky.run.state).toBe("success");
    expect(flaky.instance).toMatchObject({ state: "success", tryNumber: 2 });
    const made = await runsOf(other);
    expect(made.map(({ state }) => state)).toEqual(["success", "failed"]);
    expect((await xcomsOf(flaky.run))["return_value"]).toBe(made[0]?.runId);

    const broken = await runToEnd(await rig.define(dag, "v2"), { work: () => failed("no") });
    const [last] = await runsOf(other);
    expect(broken.instance).toMatchObject({ state: "failed", tryNumber: 2 });
    expect(broken.instance?.error).toEqual({
      code: "dag_run_failed",
      message: expect.stringContaining(`Run "${last?.runId}" of Dag "${other.dagId}"`),
    });
  });

  test("succeeds in the states that it allows", async () => {
    const other = await defineOther();
    const dag = newDag();
    dag.triggerDagRun("step", {
      dagId: other.dagId,
      waitForCompletion: true,
      allowedStates: ["success", "failed"],
      failedStates: [],
    });
    const { run } = await runToEnd(await rig.define(dag), { work: () => failed("no") });
    expect(run.state).toBe("success");
  });

  test("makes one run, whenever its scheduler is lost", async () => {
    const other = await defineOther();
    const dag = newDag();
    dag.triggerDagRun("step", { dagId: other.dagId, waitForCompletion: true });
    const version = await rig.define(dag);
    const run = await trigger(version);
    const scheduling = onlyOf(version);
    // The run is made, and its maker dies before it can say so.
    const died = Promise.withResolvers<void>();
    const runs = afterCall(metastore.runs, "createRun", () => {
      died.resolve();
      throw new Error("the power is out");
    });
    const first = rig.newScheduler({}, { runs, scheduling });
    first.scheduler.start();
    await died.promise;
    await first.scheduler.stop(0);
    expect(await runsOf(other)).toHaveLength(1);

    // The next one waits, and dies too.
    const { listener, waiting } = whenWaiting();
    const gate = Promise.withResolvers<null>();
    const second = rig.newScheduler({ work: () => gate.promise }, { listener, scheduling });
    second.scheduler.start();
    expect(await waiting).toMatchObject({ tryNumber: 1, attemptId: null });
    await second.scheduler.stop(0);

    const third = rig.newScheduler({}, { scheduling });
    const over = third.scheduler.whenOver(run.id);
    third.scheduler.start();
    expect((await over).state).toBe("success");
    await third.scheduler.stop(0);
    expect(await runsOf(other)).toMatchObject([{ state: "success" }]);
  });

  test("hears of the end of a run in the hands of another process", async () => {
    const other = await defineOther();
    const { runId } = await trigger(other);
    const dag = newDag();
    dag.waitForDagRun("step", { dagId: other.dagId, runId, pokeInterval: "1h" });
    const version = await rig.define(dag);
    const run = await trigger(version);
    const { listener, waiting } = whenWaiting();
    const { scheduler } = rig.newScheduler({}, { listener, scheduling: onlyOf(version) });
    const watch = await metastore.changes.watchRuns(() => scheduler.wake());
    const over = scheduler.whenOver(run.id);
    scheduler.start();
    await waiting;

    const far = rig.newScheduler({}, { metastore: await metastore.openAgain(), scheduling: onlyOf(other) });
    far.scheduler.start();
    expect((await over).state).toBe("success");
    await watch.close();
    await Promise.all([scheduler.stop(0), far.scheduler.stop(0)]);
  });

  test("is carried out again after a fault, and finds the run that it had made", async () => {
    const other = await defineOther();
    const dag = newDag();
    dag.triggerDagRun("step", { dagId: other.dagId });
    const version = await rig.define(dag);
    const { id } = await trigger(version);
    let calls = 0;
    const runs = afterCall(metastore.runs, "createRun", () => {
      calls += 1;
      throw new Error("the connection broke");
    });
    const { scheduler } = rig.newScheduler({}, { runs, scheduling: onlyOf(version) });
    const over = scheduler.whenOver(id);
    scheduler.start();
    expect((await over).state).toBe("success");
    await scheduler.stop(0);
    expect(calls).toBe(1);
    expect(await runsOf(other)).toHaveLength(1);
  });

  test("stops waiting when its executionTimeout is over, and leaves the other run alone", async () => {
    const other = await defineOther();
    const dag = newDag();
    dag.triggerDagRun("step", {
      dagId: other.dagId,
      waitForCompletion: true,
      executionTimeout: "50ms",
      retries: 1,
      retryDelay: 0,
    });
    const { instance } = await runToEnd(await rig.define(dag), { work: () => new Promise(() => undefined) });
    expect(instance).toMatchObject({ state: "failed", tryNumber: 2, error: { code: "task_timeout" } });
    expect(instance?.error?.message).toMatch(
      /was (queued|running) after 50ms: see why, or raise the task's exec/,
    );
    expect((await runsOf(other)).every(({ endedAt }) => endedAt === null)).toBe(true);
  });

  test("ends with its run when that is cancelled, and makes nothing more", async () => {
    const other = await defineOther();
    const dag = newDag();
    dag.waitForDagRun("step", { dagId: other.dagId, runId: "never" });
    const version = await rig.define(dag);
    const { id, dagId, runId } = await trigger(version);
    const { listener, waiting } = whenWaiting();
    const { scheduler } = rig.newScheduler({}, { listener, scheduling: onlyOf(version) });
    const over = scheduler.whenOver(id);
    scheduler.start();
    await waiting;
    const run = await metastore.runs.findRun("default", dagId, runId);
    if (!run) throw new Error("the run is gone");
    await cancelRun(metastore.runs, { run, version });
    scheduler.wake();
    expect((await over).state).toBe("failed");
    await scheduler.stop(0);
    const [instance] = await metastore.runs.listTaskInstances("default", id);
    expect(instance).toMatchObject({ waitingSince: null });
    expect(["failed", "skipped"]).toContain(instance?.state);
  });

  test("that is cleared makes another run", async () => {
    const other = await defineOther();
    const dag = newDag();
    dag.triggerDagRun("step", { dagId: other.dagId });
    const version = await rig.define(dag);
    const { run } = await runToEnd(version);
    await clearRun(metastore.runs, { run, version }, { taskId: "step", downstream: false, useCache: false });
    const { scheduler } = rig.newScheduler({}, { scheduling: onlyOf(version) });
    const over = scheduler.whenOver(run.id);
    scheduler.start();
    expect((await over).state).toBe("success");
    await scheduler.stop(0);
    expect(await runsOf(other)).toHaveLength(2);
    expect(await metastore.runs.listTaskInstances("default", run.id)).toMatchObject([{ tryNumber: 2 }]);
  });

  test.each<[string, object, string, RegExp]>([
    ["a Dag that is not there", { dagId: "nowhere" }, "dag_not_found", /There is no Dag "nowhere"/],
    ["a param that is none", { params: { depth: 1 } }, "conf_invalid", /has no param "depth"/],
    ["conf that is no object", { conf: "given" }, "conf_invalid", /conf came to a list: give it an object/],
    ["a date that is none", { logicalDate: "given" }, "conf_invalid", /logicalDate came to a list/],
    ["an id that is none", { runId: "given" }, "conf_invalid", /runId came to a list: give it a text/],
    ["more than a run should be given", { conf: { rows: "big" } }, "value_too_large", /more than 1048576/],
    ["a run that is there", { runId: "taken" }, "dag_run_exists", /has a run "taken"/],
    ["a paused Dag", { failWhenDagIsPaused: true }, "dag_paused", /is paused: unpause it/],
  ])("fails for %s, and makes nothing", async (_what, options, code, message) => {
    const other = await defineOther();
    await metastore.runs.createRun({
      ...(await trigger(other)),
      runId: "taken",
    });
    await metastore.dags.setPaused("default", other.dagId, true);
    const dag = newDag();
    const given = dag.task("given", inert)({});
    const big = dag.task("big", inert)({});
    const refs = Object.entries(options).map(([name, value]) => [
      name,
      value === "given" ? given : name === "conf" ? { rows: big } : (value as unknown),
    ]);
    dag.triggerDagRun("step", { dagId: other.dagId, ...Object.fromEntries(refs) }).after(given);
    const { run, instance } = await runToEnd(await rig.define(dag), {
      given: () => [1],
      big: () => "x".repeat(2 ** 20),
    });
    expect(run.state).toBe("failed");
    expect(instance).toMatchObject({ state: "failed", tryNumber: 1, error: { code } });
    expect(instance?.error?.message).toMatch(message);
    expect(await runsOf(other)).toHaveLength(2);
  });

  test("is skipped for a run that is there, where that is asked for", async () => {
    const other = await defineOther();
    const dag = newDag();
    dag.triggerDagRun("step", { dagId: other.dagId, runId: "mine", skipWhenAlreadyExists: true });
    const version = await rig.define(dag);
    expect((await runToEnd(version)).instance).toMatchObject({ state: "success" });
    const again = await runToEnd(version);
    expect(again.run.state).toBe("success");
    expect(again.instance).toMatchObject({ state: "skipped", error: { code: "dag_run_exists" } });
    expect(await runsOf(other)).toHaveLength(1);
  });

  test("has a run that is there run again, where that is asked for, and no more than once", async () => {
    const other = await defineOther();
    const { run: there } = await runToEnd(other, { work: () => failed("no") });
    expect(there.state).toBe("failed");
    const dag = newDag();
    dag.triggerDagRun("step", {
      dagId: other.dagId,
      runId: there.runId,
      resetDagRun: true,
      waitForCompletion: true,
    });
    const version = await rig.define(dag);
    const { id } = await trigger(version);
    const { listener, waiting } = whenWaiting();
    const never = { work: () => new Promise(() => undefined) };
    const first = rig.newScheduler(never, { listener, scheduling: onlyOf(version) });
    first.scheduler.start();
    await waiting;
    await first.scheduler.stop(0);

    // It ends while nobody holds the run that waits for it, and stays as it is.
    const theirs = rig.newScheduler({}, { scheduling: onlyOf(other) });
    const ended = theirs.scheduler.whenOver(there.id);
    theirs.scheduler.start();
    expect((await ended).state).toBe("success");
    await theirs.scheduler.stop(0);
    const second = rig.newScheduler({}, { scheduling: onlyOf(version) });
    const over = second.scheduler.whenOver(id);
    second.scheduler.start();
    expect((await over).state).toBe("success");
    await second.scheduler.stop(0);
    expect(second.executor.submitted).toEqual([]);
    expect(await runsOf(other)).toMatchObject([{ runId: there.runId, state: "success" }]);
  });

  test("sees the Dags of its own team alone", async () => {
    const theirs = await defineOther("blue");
    const dag = newDag();
    dag.triggerDagRun("step", { dagId: theirs.dagId });
    dag.waitForDagRun("wait", { dagId: theirs.dagId, runId: "any" });
    const { instances } = await runToEnd(await rig.define(dag));
    expect(instances).toMatchObject([
      { error: { code: "dag_not_found" } },
      { error: { code: "dag_not_found" } },
    ]);
    expect(await runsOf(theirs)).toEqual([]);
  });

  describe("that waits for a run of others", () => {
    const DAY_MS = 86_400_000;

    test("hears of it by its logical date, and returns its id", async () => {
      const other = await defineOther();
      const date = Date.UTC(2026, 0, 2);
      const dag = newDag();
      dag.waitForDagRun("step", { dagId: other.dagId, executionDelta: "1d" });
      const version = await rig.define(dag);
      const run = await trigger(version, date);
      const { listener, waiting } = whenWaiting();
      const { scheduler } = rig.newScheduler({}, { listener, scheduling: onlyOf(version) });
      const over = scheduler.whenOver(run.id);
      scheduler.start();
      await waiting;
      await trigger(other, date);
      const wanted = await trigger(other, date - DAY_MS);
      const theirs = rig.newScheduler({}, { scheduling: onlyOf(other) });
      const hasEnded = theirs.scheduler.whenOver(wanted.id);
      theirs.scheduler.start();
      await hasEnded;
      await theirs.scheduler.stop(0);
      scheduler.wake();
      const ended = await over;
      await scheduler.stop(0);
      expect(ended).toMatchObject({ state: "success", processesSpawned: 0 });
      expect(await xcomsOf(ended)).toEqual({ return_value: wanted.runId });
    });

    test("hears of one that has ended long ago, by its id", async () => {
      const other = await defineOther();
      const { run } = await runToEnd(other);
      const dag = newDag();
      const id = dag.task("id", inert as () => string)({});
      dag.waitForDagRun("step", { dagId: other.dagId, runId: id });
      const waited = await runToEnd(await rig.define(dag), { id: () => run.runId });
      expect(waited.run.state).toBe("success");
    });

    test.each([
      [false, "failed"],
      [true, "skipped"],
    ])("gives up when its time is over; softFail %s: %s", async (softFail, state) => {
      const other = await defineOther();
      const dag = newDag();
      dag.waitForDagRun("step", {
        dagId: other.dagId,
        runId: "never",
        timeout: "50ms",
        softFail,
        retries: 2,
      });
      const { instance } = await runToEnd(await rig.define(dag));
      expect(instance).toMatchObject({ state, tryNumber: 1, error: { code: "sensor_timeout" } });
      expect(instance?.error?.message).toMatch(/had no run "never" within 50ms/);
    });

    test("fails when the run does", async () => {
      const other = await defineOther();
      const { run } = await runToEnd(other, { work: () => failed("no") });
      const dag = newDag();
      dag.waitForDagRun("step", { dagId: other.dagId, runId: run.runId });
      const { instance } = await runToEnd(await rig.define(dag));
      expect(instance).toMatchObject({ state: "failed", error: { code: "dag_run_failed" } });
    });

    test("fails when nothing says which run, and when it is its own", async () => {
      const dag = newDag();
      dag.waitForDagRun("step", { dagId: dag.dagId });
      const version = await rig.define(dag);
      const undated = await runToEnd(version);
      expect(undated.instance?.error?.message).toMatch(/has no logical date that a run of Dag/);
      const { instances } = await rig.run(version, {}, { scheduling: onlyOf(version) });
      expect(instances[0]?.error?.message).toMatch(/waits for itself, and would never end/);
    });
  });
});
