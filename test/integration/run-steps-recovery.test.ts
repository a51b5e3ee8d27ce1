// Run steps that are interrupted, by the loss of their scheduler or by hand: one run, whatever happens.

import type { RunStore } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { cancelRun, clearRun } from "@memodag/scheduler";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RunStepRig, whenWaiting } from "./run-step-rig.ts";
import { failed } from "./scripted-executor.ts";

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
  let rig: RunStepRig;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new RunStepRig(metastore);
  });
  afterAll(() => metastore.close());

  test("makes one run, whenever its scheduler is lost", async () => {
    const other = await rig.defineOther();
    const dag = rig.newDag();
    dag.triggerDagRun("step", { dagId: other.dagId, waitForCompletion: true });
    const version = await rig.define(dag);
    const run = await rig.trigger(version);
    const scheduling = rig.onlyOf(version);
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
    expect(await rig.runsOf(other)).toHaveLength(1);

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
    expect(await rig.runsOf(other)).toMatchObject([{ state: "success" }]);
  });

  test("hears of the end of a run in the hands of another process", async () => {
    const other = await rig.defineOther();
    const { runId } = await rig.trigger(other);
    const dag = rig.newDag();
    dag.waitForDagRun("step", { dagId: other.dagId, runId, pokeInterval: "1h" });
    const version = await rig.define(dag);
    const run = await rig.trigger(version);
    const { listener, waiting } = whenWaiting();
    const { scheduler } = rig.newScheduler({}, { listener, scheduling: rig.onlyOf(version) });
    const watch = await metastore.changes.watchRuns(() => scheduler.wake());
    const over = scheduler.whenOver(run.id);
    scheduler.start();
    await waiting;

    const far = rig.newScheduler(
      {},
      { metastore: await metastore.openAgain(), scheduling: rig.onlyOf(other) },
    );
    far.scheduler.start();
    expect((await over).state).toBe("success");
    await watch.close();
    await Promise.all([scheduler.stop(0), far.scheduler.stop(0)]);
  });

  test("is carried out again after a fault, and finds the run that it had made", async () => {
    const other = await rig.defineOther();
    const dag = rig.newDag();
    dag.triggerDagRun("step", { dagId: other.dagId });
    const version = await rig.define(dag);
    const { id } = await rig.trigger(version);
    let calls = 0;
    const runs = afterCall(metastore.runs, "createRun", () => {
      calls += 1;
      throw new Error("the connection broke");
    });
    const { scheduler } = rig.newScheduler({}, { runs, scheduling: rig.onlyOf(version) });
    const over = scheduler.whenOver(id);
    scheduler.start();
    expect((await over).state).toBe("success");
    await scheduler.stop(0);
    expect(calls).toBe(1);
    expect(await rig.runsOf(other)).toHaveLength(1);
  });

  test("ends with its run when that is cancelled, and makes nothing more", async () => {
    const other = await rig.defineOther();
    const dag = rig.newDag();
    dag.waitForDagRun("step", { dagId: other.dagId, runId: "never" });
    const version = await rig.define(dag);
    const { id, dagId, runId } = await rig.trigger(version);
    const { listener, waiting } = whenWaiting();
    const { scheduler } = rig.newScheduler({}, { listener, scheduling: rig.onlyOf(version) });
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
    const other = await rig.defineOther();
    const dag = rig.newDag();
    dag.triggerDagRun("step", { dagId: other.dagId });
    const version = await rig.define(dag);
    const { run } = await rig.runToEnd(version);
    await clearRun(metastore.runs, { run, version }, { taskId: "step", downstream: false, useCache: false });
    const { scheduler } = rig.newScheduler({}, { scheduling: rig.onlyOf(version) });
    const over = scheduler.whenOver(run.id);
    scheduler.start();
    expect((await over).state).toBe("success");
    await scheduler.stop(0);
    expect(await rig.runsOf(other)).toHaveLength(2);
    expect(await metastore.runs.listTaskInstances("default", run.id)).toMatchObject([{ tryNumber: 2 }]);
  });

  test("has a run that is there run again, where that is asked for, and no more than once", async () => {
    const other = await rig.defineOther();
    const { run: there } = await rig.runToEnd(other, { work: () => failed("no") });
    expect(there.state).toBe("failed");
    const dag = rig.newDag();
    dag.triggerDagRun("step", {
      dagId: other.dagId,
      runId: there.runId,
      resetDagRun: true,
      waitForCompletion: true,
    });
    const version = await rig.define(dag);
    const { id } = await rig.trigger(version);
    const { listener, waiting } = whenWaiting();
    const never = { work: () => new Promise(() => undefined) };
    const first = rig.newScheduler(never, { listener, scheduling: rig.onlyOf(version) });
    first.scheduler.start();
    await waiting;
    await first.scheduler.stop(0);

    // It ends while nobody holds the run that waits for it, and stays as it is.
    const theirs = rig.newScheduler({}, { scheduling: rig.onlyOf(other) });
    const ended = theirs.scheduler.whenOver(there.id);
    theirs.scheduler.start();
    expect((await ended).state).toBe("success");
    await theirs.scheduler.stop(0);
    const second = rig.newScheduler({}, { scheduling: rig.onlyOf(version) });
    const over = second.scheduler.whenOver(id);
    second.scheduler.start();
    expect((await over).state).toBe("success");
    await second.scheduler.stop(0);
    expect(second.executor.submitted).toEqual([]);
    expect(await rig.runsOf(other)).toMatchObject([{ runId: there.runId, state: "success" }]);
  });
});
