// Queues of workers: tasks, their callbacks and what waits for a lock start where a worker of their queue is free.

import { setTimeout as rest } from "node:timers/promises";
import { systemClock, type DagRun, type DagVersion } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { triggerRun } from "@memodag/scheduler";
import { Dag } from "memodag";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SchedulerRig } from "./scheduler-rig.ts";

const inert: (args: Record<string, unknown>) => unknown = () => null;

describe.each(TEST_DIALECTS)("queues on %s", (dialect) => {
  let metastore: TestMetastore;
  let rig: SchedulerRig;
  beforeEach(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterEach(() => metastore.close());

  const trigger = (version: DagVersion): Promise<DagRun> =>
    triggerRun(metastore.runs, systemClock, {
      version,
      conf: {},
      params: {},
      logicalDate: null,
      cacheMode: "use",
    });

  test("a queue without workers holds up no other queue, and its tasks start when a worker comes", async () => {
    const dag = new Dag("queues", { queue: "gpu" });
    for (let n = 0; n < 6; n += 1) dag.task(`heavy${n}`, inert, { priorityWeight: 9 })({});
    const locked = { cache: { serialize: true }, priorityWeight: 9 } as const;
    dag.task("locked", inert, locked)({});
    const light = dag.task("light", inert, { queue: "default", onSuccess: () => undefined })({});
    dag.task("after", inert, { queue: "default" })({ light });
    const version = await rig.define(dag);
    const { scheduler, executor } = rig.newScheduler({}, { slots: 2 });
    executor.closedQueues.add("gpu");
    const run = await trigger(version);
    const over = scheduler.whenOver(run.id);
    scheduler.start();
    while (executor.submitted.length < 3) await rest(5);
    expect(executor.submitted.toSorted()).toEqual(["after", "light", "light.success"]);
    expect(executor.attempts.map(({ queue }) => queue)).toEqual(["default", "default", "default"]);
    executor.openQueue("gpu");
    expect((await over).state).toBe("success");
    expect(new Set(executor.attempts.slice(3).map(({ queue }) => queue))).toEqual(new Set(["gpu"]));
    expect(executor.attempts).toHaveLength(10);
    await scheduler.stop(0);
  });

  test("a callback waits for a worker of its task's queue", async () => {
    const dag = new Dag("callbacks");
    dag.task("work", inert, { queue: "gpu", onSuccess: () => undefined })({});
    const version = await rig.define(dag);
    const { scheduler, executor } = rig.newScheduler({ work: () => void executor.closedQueues.add("gpu") });
    const run = await trigger(version);
    const over = scheduler.whenOver(run.id);
    scheduler.start();
    await over;
    expect(executor.submitted).toEqual(["work"]);
    executor.openQueue("gpu");
    await scheduler.whenCallbacksCalled();
    expect(executor.attempts.map(({ queue }) => queue)).toEqual(["gpu", "gpu"]);
    await scheduler.stop(0);
  });
});
