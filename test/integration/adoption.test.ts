// Attempts that outlive their scheduler: the next one goes on with them.

import { setTimeout as rest } from "node:timers/promises";
import { systemClock, type DagRun, type DagVersion, type TaskInstance } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { triggerRun } from "@memodag/scheduler";
import { Dag } from "memodag";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SchedulerRig } from "./scheduler-rig.ts";

const inert: (args: Record<string, unknown>) => unknown = () => null;

/** Waits for what no event tells of. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await rest(5);
}

describe.each(TEST_DIALECTS)("adoption on %s", (dialect) => {
  let metastore: TestMetastore;
  let rig: SchedulerRig;
  let version: DagVersion;
  beforeEach(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
    const dag = new Dag("adopted");
    dag.task("work", inert)({});
    version = await rig.define(dag);
  });
  afterEach(() => metastore.close());

  const trigger = (): Promise<DagRun> =>
    triggerRun(metastore.runs, systemClock, {
      version,
      conf: {},
      params: {},
      logicalDate: null,
      cacheMode: "use",
    });

  async function instanceOf(run: DagRun): Promise<TaskInstance | undefined> {
    return (await metastore.runs.listTaskInstances(run.team, run.id))[0];
  }

  test("an attempt that runs on while no scheduler is there is not run again", async () => {
    const result = Promise.withResolvers<string>();
    const first = rig.newScheduler({ work: () => result.promise });
    first.executor.outlives = true;
    const run = await trigger();
    first.scheduler.start();
    await until(async () => (await instanceOf(run))?.state === "running");
    await first.scheduler.stop(0);
    expect(await instanceOf(run)).toMatchObject({ state: "running", tryNumber: 1 });
    const second = rig.newScheduler({}, { executor: first.executor });
    const over = second.scheduler.whenOver(run.id);
    second.scheduler.start();
    await until(() => second.scheduler.heldRuns.length > 0);
    result.resolve("kept");
    expect((await over).state).toBe("success");
    expect(await instanceOf(run)).toMatchObject({ state: "success", tryNumber: 1, maxTries: 1, losses: 0 });
    expect(first.executor.attempts).toHaveLength(1);
    // What was recorded is not kept any longer.
    const ids = first.executor.attempts.map(({ attemptId }) => attemptId);
    expect((await first.executor.adopt(ids)).map(({ state }) => state)).toEqual(["unknown"]);
    await second.scheduler.stop(0);
  });

  test("an end that no scheduler heard is the end of the attempt", async () => {
    const result = Promise.withResolvers<string>();
    const first = rig.newScheduler({ work: () => result.promise });
    first.executor.outlives = true;
    const run = await trigger();
    first.scheduler.start();
    await until(async () => (await instanceOf(run))?.state === "running");
    await first.scheduler.stop(0);
    result.resolve("kept");
    await until(() => first.executor.running === 0);
    const second = rig.newScheduler({}, { executor: first.executor });
    const over = second.scheduler.whenOver(run.id);
    second.scheduler.start();
    expect((await over).state).toBe("success");
    expect(await instanceOf(run)).toMatchObject({ state: "success", tryNumber: 1, maxTries: 1 });
    expect(first.executor.attempts).toHaveLength(1);
    await second.scheduler.stop(0);
  });

  test("each method of an executor may fail once, at any call, and no task fails", async () => {
    const dag = new Dag("twice");
    const one = dag.task("one", inert)({});
    dag.task("two", inert)({ one });
    version = await rig.define(dag);
    for (const method of ["submit", "adopt", "settle", "cancel"] as const) {
      const { scheduler, executor } = rig.newScheduler({ one: () => 1, two: ({ tryNumber }) => tryNumber });
      const right = executor[method].bind(executor) as (...args: unknown[]) => Promise<never>;
      let calls = 0;
      Object.assign(executor, {
        [method]: async (...args: unknown[]) => {
          calls += 1;
          if (calls % 2 === 1) throw new Error(`${method} failed`);
          return await right(...args);
        },
      });
      const run = await trigger();
      const over = scheduler.whenOver(run.id);
      scheduler.start();
      expect([method, (await over).state]).toEqual([method, "success"]);
      const instances = await metastore.runs.listTaskInstances(run.team, run.id);
      expect(instances.map(({ tryNumber, losses }) => [tryNumber, losses])).toEqual([
        [1, 0],
        [1, 0],
      ]);
      await scheduler.stop(0);
    }
  });
});
