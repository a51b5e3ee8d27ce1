// Runs that end with a task: which tasks run, how the run ends, and what clearing its tasks changes.

import { systemClock } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { clearRun, triggerRun } from "@memodag/scheduler";
import { Dag } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SchedulerRig } from "./scheduler-rig.ts";

const inert = (): null => null;
const list = (): number[] => [];
const one = ({ item }: { item: number }): number => item;

describe.each(TEST_DIALECTS)("a run that ends with a task, on %s", (dialect) => {
  let rig: SchedulerRig;
  let metastore: TestMetastore;
  let dagCount = 0;
  const newDag = (): Dag => new Dag(`selected${(dagCount += 1)}`);

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  /** top → middle → bottom; top → side; rules below that would run whatever happens. */
  function defineChain(): Dag {
    const dag = newDag();
    const top = dag.task("top", inert, { cache: true })();
    const middle = dag.task("middle", inert, { cache: true })().after(top);
    dag.task("side", inert, { triggerRule: "always" })().after(top);
    dag.task("bottom", inert, { triggerRule: "all_done" })().after(middle);
    dag.task("apart", inert)();
    return dag;
  }

  test("runs that task and what is upstream of it, whatever the rules of the others", async () => {
    const version = await rig.define(defineChain());
    const { run, instances, states } = await rig.run(version, {}, { selection: { until: "middle" } });
    expect(run).toMatchObject({ state: "success", selection: { until: "middle" } });
    expect(states).toEqual({
      top: "success/populated",
      middle: "success/populated",
      side: "skipped/null",
      bottom: "skipped/null",
      apart: "skipped/null",
    });
    const skipped = instances.filter(({ state }) => state === "skipped");
    for (const { error } of skipped) {
      expect(error).toMatchObject({ code: "not_selected" });
      expect(error?.message).toContain('"middle" (--until)');
    }
    // What it stored is a hit of a run of all tasks.
    const { states: all } = await rig.run(version, {});
    expect(all).toMatchObject({ top: "success/hit", middle: "success/hit" });
    expect(all["bottom"]).toMatch(/^success/);
  });

  test("fails when its last task does, although that is no leaf of the Dag", async () => {
    const version = await rig.define(defineChain());
    const fails = (): never => {
      throw new Error("broken");
    };
    const { run } = await rig.run(version, { middle: fails }, { selection: { until: "middle" } });
    expect(run.state).toBe("failed");
    const upstream = await rig.run(
      version,
      { top: fails },
      { cacheMode: "off", selection: { until: "middle" } },
    );
    expect(upstream.run.state).toBe("failed");
    expect(upstream.states["middle"]).toBe("upstream_failed/null");
  });

  test("skips mapped tasks and branches that it does not include, without expanding them", async () => {
    const dag = newDag();
    const items = dag.task("items", list)();
    dag.task("each", one).expand({ item: items });
    const yes = dag.task("yes", inert)();
    const no = dag.task("no", inert)();
    const choice = dag.task("choice", (): boolean => true)();
    dag.if(choice).then(yes).else(no);
    const version = await rig.define(dag);
    const { states } = await rig.run(
      version,
      { choice: () => true, items: () => [1, 2] },
      { selection: { until: "items" } },
    );
    expect(states).toMatchObject({ each: "skipped/null", choice: "skipped/null", yes: "skipped/null" });
    // A branch upstream decides as ever.
    const { states: chosen } = await rig.run(version, { choice: () => true }, { selection: { until: "no" } });
    expect(chosen).toMatchObject({ no: "skipped/null", yes: "skipped/null" });
    expect(chosen["choice"]).toMatch(/^success/);
  });

  test("stays one when its tasks are cleared, by whichever scheduler", async () => {
    const version = await rig.define(defineChain());
    const { run } = await rig.run(version, {}, { selection: { until: "middle" } });
    await clearRun(metastore.runs, { run, version }, { taskId: "top", downstream: true, useCache: false });
    const { scheduler } = rig.newScheduler({});
    const over = scheduler.whenOver(run.id);
    scheduler.start();
    expect((await over).state).toBe("success");
    await scheduler.stop(0);
    const instances = await metastore.runs.listTaskInstances(run.team, run.id);
    expect(Object.fromEntries(instances.map(({ taskId, state }) => [taskId, state]))).toEqual({
      top: "success",
      middle: "success",
      side: "skipped",
      bottom: "skipped",
      apart: "skipped",
    });
  });

  test("is not made for a task that the Dag does not have", async () => {
    const version = await rig.define(defineChain());
    const request = { version, conf: {}, params: {}, logicalDate: null, cacheMode: "use" as const };
    await expect(
      triggerRun(metastore.runs, systemClock, { ...request, selection: { until: "midle" } }),
    ).rejects.toMatchObject({ code: "task_not_found", message: expect.stringContaining('"middle"') });
    expect(await metastore.runs.listRuns({ dagId: version.dagId, limit: 1 })).toEqual([]);
  });
});
