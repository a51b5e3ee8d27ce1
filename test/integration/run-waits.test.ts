// Tasks that wait for runs that others make.

import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inert, RunStepRig, whenWaiting } from "./run-step-rig.ts";
import { failed } from "./scripted-executor.ts";

describe.each(TEST_DIALECTS)("a task that waits for a run of others on %s", (dialect) => {
  let metastore: TestMetastore;
  let rig: RunStepRig;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new RunStepRig(metastore);
  });
  afterAll(() => metastore.close());

  const DAY_MS = 86_400_000;

  test("hears of it by its logical date, and returns its id", async () => {
    const other = await rig.defineOther();
    const date = Date.UTC(2026, 0, 2);
    const dag = rig.newDag();
    dag.waitForDagRun("step", { dagId: other.dagId, executionDelta: "1d" });
    const version = await rig.define(dag);
    const run = await rig.trigger(version, date);
    const { listener, waiting } = whenWaiting();
    const { scheduler } = rig.newScheduler({}, { listener, scheduling: rig.onlyOf(version) });
    const over = scheduler.whenOver(run.id);
    scheduler.start();
    await waiting;
    await rig.trigger(other, date);
    const wanted = await rig.trigger(other, date - DAY_MS);
    const theirs = rig.newScheduler({}, { scheduling: rig.onlyOf(other) });
    const hasEnded = theirs.scheduler.whenOver(wanted.id);
    theirs.scheduler.start();
    await hasEnded;
    await theirs.scheduler.stop(0);
    scheduler.wake();
    const ended = await over;
    await scheduler.stop(0);
    expect(ended).toMatchObject({ state: "success", processesSpawned: 0 });
    expect(await rig.xcomsOf(ended)).toEqual({ return_value: wanted.runId });
  });

  test("hears of one that has ended long ago, by its id", async () => {
    const other = await rig.defineOther();
    const { run } = await rig.runToEnd(other);
    const dag = rig.newDag();
    const id = dag.task("id", inert as () => string)({});
    dag.waitForDagRun("step", { dagId: other.dagId, runId: id });
    const waited = await rig.runToEnd(await rig.define(dag), { id: () => run.runId });
    expect(waited.run.state).toBe("success");
  });

  test.each([
    [false, "failed"],
    [true, "skipped"],
  ])("gives up when its time is over; softFail %s: %s", async (softFail, state) => {
    const other = await rig.defineOther();
    const dag = rig.newDag();
    dag.waitForDagRun("step", {
      dagId: other.dagId,
      runId: "never",
      timeout: "50ms",
      softFail,
      retries: 2,
    });
    const { instance } = await rig.runToEnd(await rig.define(dag));
    expect(instance).toMatchObject({ state, tryNumber: 1, error: { code: "sensor_timeout" } });
    expect(instance?.error?.message).toMatch(/Timed out after 50ms: .* had no run "never"/);
  });

  test("fails when the run does", async () => {
    const other = await rig.defineOther();
    const { run } = await rig.runToEnd(other, { work: () => failed("no") });
    const dag = rig.newDag();
    dag.waitForDagRun("step", { dagId: other.dagId, runId: run.runId });
    const { instance } = await rig.runToEnd(await rig.define(dag));
    expect(instance).toMatchObject({ state: "failed", error: { code: "dag_run_failed" } });
  });

  test("fails when nothing says which run, and when it is its own", async () => {
    const dag = rig.newDag();
    dag.waitForDagRun("step", { dagId: dag.dagId });
    const version = await rig.define(dag);
    const undated = await rig.runToEnd(version);
    expect(undated.instance?.error?.message).toMatch(/has no logical date to match with a run of Dag/);
    const { instances } = await rig.run(version, {}, { scheduling: rig.onlyOf(version) });
    expect(instances[0]?.error?.message).toMatch(/waits for itself, and would never end/);
  });
});
