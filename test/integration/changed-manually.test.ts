import type { ClaimRequest, DagRun, DagVersion, PassWrite, RunStore, TaskInstance } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { cancelRun, clearRun, markRun, type MarkRequest } from "@memodag/scheduler";
import { Dag } from "memodag";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Script } from "./scripted-executor.ts";
import { SchedulerRig, type RigSchedulerOptions } from "./scheduler-rig.ts";

const inert: (args: Record<string, unknown>) => unknown = () => null;

const broken = () => {
  throw new Error("no");
};

/** Never by asking: what other hands do is to be heard of. */
const SCHEDULING = { pollMs: 600_000, leaseMs: 600_000 };

describe.each(TEST_DIALECTS)("a run changed by hand on %s", (dialect) => {
  let metastore: TestMetastore;
  let rig: SchedulerRig;
  let dagCount = 0;
  const stops: (() => Promise<void>)[] = [];
  const newDag = (): Dag => new Dag(`dag${(dagCount += 1)}`);

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });
  afterAll(() => metastore.close());

  async function latest({ team, dagId, runId }: DagRun): Promise<DagRun> {
    const run = await metastore.runs.findRun(team, dagId, runId);
    if (!run) throw new Error("the run is gone");
    return run;
  }

  async function mark(
    version: DagVersion,
    run: DagRun,
    request: Partial<MarkRequest> & Pick<MarkRequest, "taskId">,
  ) {
    const changed = await markRun(
      metastore.runs,
      { run: await latest(run), version },
      { state: "success", downstream: false, ...request },
    );
    return changed
      .map(({ taskId, mapIndex }) => (mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`))
      .toSorted();
  }

  async function statesOf({ team, id }: DagRun): Promise<Record<string, string>> {
    const rows = await metastore.runs.listTaskInstances(team, id);
    return Object.fromEntries(
      rows.map(({ taskId, mapIndex, state, cacheStatus }) => [
        mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`,
        `${state}/${cacheStatus}`,
      ]),
    );
  }

  /** A scheduler that has the database to itself, as another process would, and hears of what others do. */
  async function live(scripts: Record<string, Script>, options: RigSchedulerOptions = {}) {
    const own = await metastore.openAgain();
    const { scheduler, executor } = rig.newScheduler(scripts, {
      metastore: own,
      scheduling: SCHEDULING,
      ...options,
    });
    const watch = await own.changes.watchRuns(() => scheduler.wake());
    scheduler.start();
    stops.push(async () => {
      await watch.close();
      await scheduler.stop(0);
    });
    return { scheduler, executor };
  }

  /** Has a new scheduler bring the run to its end. */
  async function resume(run: DagRun, scripts: Record<string, Script>) {
    const { scheduler, executor } = rig.newScheduler(scripts);
    const over = scheduler.whenOver(run.id);
    scheduler.start();
    const ended = await over;
    await scheduler.stop(0);
    return { state: ended.state, submitted: executor.submitted.toSorted(), states: await statesOf(run) };
  }

  async function createRun({ id, team, dagId }: DagVersion, runId: string): Promise<DagRun> {
    return await metastore.runs.createRun({
      team,
      dagId,
      runId,
      runType: "manual",
      dagVersionId: id,
      logicalDate: null,
      dataIntervalStart: null,
      dataIntervalEnd: null,
      conf: {},
      params: {},
      cacheMode: "use",
    });
  }

  /** Begins a run of which a scheduler holds the task named, until it is told to stop. */
  async function beginRun(version: DagVersion, taskId: string, scripts: Record<string, Script>) {
    const begun = Promise.withResolvers<DagRun>();
    const reloaded = Promise.withResolvers<void>();
    let timesBegun = 0;
    const parts = await live(scripts, {
      listener: {
        runChanged({ state }) {
          if (state === "running" && (timesBegun += 1) === 2) reloaded.resolve();
        },
        instanceChanged(run: DagRun, instance: TaskInstance) {
          if (run.dagId !== version.dagId) return;
          if (instance.taskId === taskId && instance.state === "running") begun.resolve(run);
        },
      },
    });
    await createRun(version, "r1");
    return { ...parts, run: await begun.promise, reloaded: reloaded.promise };
  }

  /** The run store, with methods of the test's in place of its own. */
  function withMethods(methods: Partial<RunStore>): RunStore {
    const { runs } = metastore;
    return new Proxy(runs, {
      get(_, name) {
        const value: unknown = Reflect.get(methods, name) ?? Reflect.get(runs, name);
        return typeof value === "function" ? (value.bind(runs) as unknown) : value;
      },
    });
  }

  const forever = () => new Promise<never>(() => undefined);

  test("a failure set to success lets what it held up run, with null for its value, and is not cached", async () => {
    const dag = newDag();
    const load = dag.task("load", inert as () => number, { cache: true });
    const use = dag.task("use", inert, { cache: true });
    const after = dag.task("after", inert, { cache: true });
    after({ value: use({ n: load({}) }) });
    const version = await rig.define(dag);
    const first = await rig.run(version, { load: broken });
    expect(first.states).toEqual({
      load: "failed/miss",
      use: "upstream_failed/null",
      after: "upstream_failed/null",
    });

    expect(await mark(version, first.run, { taskId: "load" })).toEqual(["load"]);
    const given: unknown[] = [];
    const use1: Script = (_, { n }) => {
      given.push(n);
      return "from null";
    };
    const resumed = await resume(first.run, { use: use1, after: () => 1 });
    expect(resumed).toMatchObject({ state: "success", submitted: ["after", "use"] });
    expect(resumed.states).toEqual({
      load: "success/null",
      use: "success/populated",
      after: "success/populated",
    });
    expect(given).toEqual([null]);
    expect(await metastore.runs.listXComs("default", first.run.id, { taskId: "load", mapIndex: -1 })).toEqual(
      [],
    );

    // Nothing hits for it, and what its null led to is kept apart from what its value leads to.
    const second = await rig.run(version, { load: () => 7, use: use1, after: () => 2 });
    expect(second.states).toMatchObject({ load: "success/populated", use: "success/populated" });
    expect(given).toEqual([null, 7]);
    expect(await mark(version, first.run, { taskId: "load" })).toEqual([]);
  });

  test("a success set to failed fails the run, or not, by what comes after it", async () => {
    const dag = newDag();
    const load = dag.task("load", inert);
    const use = dag.task("use", inert);
    use({ n: load({}) });
    const version = await rig.define(dag);
    const { run } = await rig.run(version, {});
    expect(await mark(version, run, { taskId: "use", state: "failed" })).toEqual(["use"]);
    expect(await resume(run, {})).toEqual({
      state: "failed",
      submitted: [],
      states: { load: "success/disabled", use: "failed/null" },
    });
    const rows = await metastore.runs.listTaskInstances("default", run.id);
    expect(rows.find(({ taskId }) => taskId === "use")?.error?.code).toBe("state_set");
    // The last task says how a run ended, and it is not run again.
    await mark(version, run, { taskId: "use", state: "success" });
    await mark(version, run, { taskId: "load", state: "failed" });
    expect(await resume(run, {})).toMatchObject({
      state: "success",
      submitted: [],
      states: { load: "failed/null", use: "success/null" },
    });
    expect(await mark(version, run, { taskId: "load", state: "skipped", downstream: true })).toEqual([
      "load",
      "use",
    ]);
    expect(await resume(run, {})).toMatchObject({
      state: "success",
      states: { load: "skipped/null", use: "skipped/null" },
    });
  });

  test("what is cleared and fails again leaves what is below as it is, and the run by its last tasks", async () => {
    const dag = newDag();
    const load = dag.task("load", inert as () => number[]);
    const use = dag.task("use", inert);
    const each = dag.task("each", inert as (args: { n: number }) => number);
    const rows = load({});
    use({ n: rows });
    each.partial({}).expand({ n: rows });
    const version = await rig.define(dag);
    const { run } = await rig.run(version, { load: () => [1, 2] });
    await clearRun(metastore.runs, { run, version }, { taskId: "load", downstream: false, useCache: false });
    expect(await resume(run, { load: broken })).toEqual({
      state: "success",
      submitted: ["load"],
      states: {
        load: "failed/disabled",
        use: "success/disabled",
        "each[0]": "success/disabled",
        "each[1]": "success/disabled",
      },
    });
  });

  test("a task that decides a branch, set to success, chooses against nothing", async () => {
    const dag = newDag();
    const isOn = dag.task("isOn", inert as () => boolean);
    const yes = dag.task("yes", inert)({});
    const no = dag.task("no", inert)({});
    dag.if(isOn({})).then(yes).else(no);
    const version = await rig.define(dag);
    const { run } = await rig.run(version, { isOn: broken });
    await mark(version, run, { taskId: "isOn" });
    expect(await resume(run, {})).toMatchObject({ state: "success", submitted: ["no", "yes"] });
    // What it chose by itself is forgotten with its value, and what was skipped then stays so.
    const chosen = await rig.run(version, { isOn: () => true });
    await mark(version, chosen.run, { taskId: "isOn", state: "skipped" });
    await mark(version, chosen.run, { taskId: "isOn" });
    expect(await resume(chosen.run, {})).toMatchObject({
      state: "success",
      submitted: [],
      states: { isOn: "success/null", yes: "success/disabled", no: "skipped/null" },
    });
  });

  test("a running task set to success is ended at once, and what follows it begins", async () => {
    const dag = newDag();
    const stuck = dag.task("stuck", inert as (args: { n: number }) => number);
    const other = dag.task("other", inert);
    const last = dag.task("last", inert as (args: { all: unknown }) => unknown);
    last({ all: stuck.partial({}).expand({ n: [1, 2] }) }).after(other({}));
    const version = await rig.define(dag);
    const released = Promise.withResolvers<void>();
    let given: unknown;
    const { run, scheduler, executor, reloaded } = await beginRun(version, "stuck", {
      stuck: ({ mapIndex }) => (mapIndex === 1 ? forever() : 2),
      other: () => released.promise,
      last: (_, { all }) => (given = all),
    });
    const over = scheduler.whenOver(run.id);
    expect(await mark(version, run, { taskId: "stuck", mapIndex: 1 })).toEqual(["stuck[1]"]);
    await reloaded;
    released.resolve();
    expect(await over).toMatchObject({ state: "success" });
    expect(given).toEqual([2, null]);
    expect(executor.ended).toHaveLength(1);
    expect(executor.submitted.toSorted()).toEqual(["last", "other", "stuck[0]", "stuck[1]"]);
  });

  test("what another task came back with in the same moment is taken all the same", async () => {
    const dag = newDag();
    dag.task("stuck", inert)({});
    dag.task("other", inert)({});
    const version = await rig.define(dag);
    const { runs } = metastore;
    let isChanged = false;
    const rival = withMethods({
      async writePass(pass: PassWrite) {
        const ends = pass.instances.some(({ instance }) => instance.state === "success");
        if (ends && !isChanged) {
          isChanged = true;
          const marks = { tasks: [{ taskId: "stuck" }], state: "skipped", error: null, cleared: [] } as const;
          await runs.markTasks("default", pass.runId, marks);
        }
        return await runs.writePass(pass);
      },
    });
    const ended = await rig.run(version, { stuck: forever, other: () => "kept" }, { runs: rival });
    expect(isChanged).toBe(true);
    expect(ended.states).toEqual({ stuck: "skipped/null", other: "success/disabled" });
    expect(ended.executor.submitted.toSorted()).toEqual(["other", "stuck"]);
    expect(await rig.returned(ended, "other")).toBe("kept");
  });

  test("a change between a claim and its first pass is not lost", async () => {
    const dag = newDag();
    dag.task("early", inert)({});
    dag.task("late", inert)({});
    const version = await rig.define(dag);
    const { run } = await rig.run(version, {});
    const { runs } = metastore;
    const clear = async (taskId: string) =>
      await runs.clearTasks("default", run.id, [{ taskId, retries: 0, refreshReason: null }]);
    await clear("early");
    let isChanged = false;
    const rival = withMethods({
      async claimRuns(request: ClaimRequest) {
        const claimed = await runs.claimRuns(request);
        if (claimed.length > 0 && !isChanged) {
          isChanged = true;
          await clear("late");
        }
        return claimed;
      },
    });
    const { scheduler, executor } = rig.newScheduler({}, { runs: rival });
    const over = scheduler.whenOver(run.id);
    scheduler.start();
    await over;
    await scheduler.stop(0);
    expect(new Set(executor.submitted)).toEqual(new Set(["early", "late"]));
    expect(await statesOf(run)).toEqual({ early: "success/disabled", late: "success/disabled" });
  });

  test("a task set to success before its turn does not wait for what is above it", async () => {
    const dag = newDag();
    const slow = dag.task("slow", inert);
    const list = dag.task("list", inert as () => number[]);
    const each = dag.task("each", inert as (args: { n: number }) => number);
    const last = dag.task("last", inert);
    last({ n: each.partial({}).expand({ n: list({}).after(slow({})) }) });
    const version = await rig.define(dag);
    const released = Promise.withResolvers<void>();
    const lastRan = Promise.withResolvers<unknown>();
    const { run, scheduler } = await beginRun(version, "slow", {
      slow: () => released.promise,
      last: (_, { n }) => lastRan.resolve(n),
    });
    const over = scheduler.whenOver(run.id);
    expect(await mark(version, run, { taskId: "each" })).toEqual(["each"]);
    expect(await lastRan.promise).toEqual([]);
    released.resolve();
    await over;
    expect(await statesOf(run)).toMatchObject({ each: "success/null", last: "success/disabled" });
  });

  test("a run is cancelled in the hands of a scheduler, which hears of it and ends its attempts", async () => {
    const dag = newDag();
    const on = dag.task("on", inert);
    const next = dag.task("next", inert);
    next({ n: on({}) });
    const version = await rig.define(dag);
    const { run, scheduler, executor } = await beginRun(version, "on", { on: forever });
    const over = scheduler.whenOver(run.id);
    expect(await cancelRun(metastore.runs, { run, version })).toEqual({
      failed: [{ taskId: "on", mapIndex: -1 }],
      skipped: [{ taskId: "next", mapIndex: -1 }],
    });
    expect(await over).toMatchObject({ state: "failed" });
    expect(executor.ended).toHaveLength(1);
    expect(scheduler.heldRuns).toEqual([]);
    expect(await statesOf(run)).toEqual({ on: "failed/disabled", next: "skipped/null" });
    await expect(cancelRun(metastore.runs, { run, version })).rejects.toMatchObject({
      code: "run_ended",
      message: expect.stringContaining("has already ended (failed)"),
    });
  });

  test("a run that nobody has begun is cancelled too, and schedulers leave it alone until it is cleared", async () => {
    const dag = newDag();
    dag.task("only", inert)({});
    const version = await rig.define(dag);
    const run = await createRun(version, "r1");
    const { skipped } = await cancelRun(metastore.runs, { run, version });
    expect(skipped).toEqual([{ taskId: "only", mapIndex: -1 }]);
    expect(await resume(await createRun(version, "r2"), {})).toMatchObject({ submitted: ["only"] });
    expect(await latest(run)).toMatchObject({ state: "failed" });
    await clearRun(metastore.runs, { run, version }, { taskId: "only", downstream: false, useCache: false });
    expect(await resume(run, {})).toMatchObject({ state: "success", submitted: ["only"] });
  });

  test("what there is not is refused by name, and nothing changes", async () => {
    const dag = newDag();
    const list = dag.task("list", inert as () => number[]);
    const each = dag.task("each", inert as (args: { n: number }) => number);
    each.partial({}).expand({ n: list({}) });
    const version = await rig.define(dag);
    const { run } = await rig.run(version, { list: () => [1, 2] });
    for (const [request, message] of [
      [{ taskId: "lost" }, `Dag "${dag.dagId}" has no task "lost": its tasks are list, each`],
      [{ taskId: "list", mapIndex: 0 }, 'Task "list" has no instance 0: it is not mapped: omit the index'],
      [{ taskId: "each", mapIndex: 2 }, 'Task "each" has no instance 2: its indexes are 0 to 1'],
    ] as const)
      await expect(mark(version, run, request)).rejects.toMatchObject({ code: "task_not_found", message });
    expect(await latest(run)).toMatchObject({ state: "success" });
    const begun = await rig.run(version, { list: broken });
    await expect(mark(version, begun.run, { taskId: "each", mapIndex: 0 })).rejects.toMatchObject({
      message: expect.stringContaining("it is not expanded yet"),
    });
  });
});
