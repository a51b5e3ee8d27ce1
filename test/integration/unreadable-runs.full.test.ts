// Runs whose rows cannot be read: they stop no other, and whoever waits for one hears of it.

import { systemClock, type DagRun, type DagVersion } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { triggerRun } from "@memodag/scheduler";
import { Dag } from "memodag";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SchedulerRig } from "./scheduler-rig.ts";

describe.each(TEST_DIALECTS)("a run whose row cannot be read on %s", (dialect) => {
  let metastore: TestMetastore;
  let rig: SchedulerRig;
  beforeEach(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterEach(() => metastore.close());

  const trigger = async (version: DagVersion): Promise<DagRun> =>
    await triggerRun(metastore.runs, systemClock, {
      version,
      conf: {},
      params: {},
      logicalDate: null,
      cacheMode: "use",
    });

  test.each(["conf", "params"])("by its %s stops no other, and is told of", async (column) => {
    const dag = new Dag("d");
    dag.task("t", (() => null) as (args: Record<string, unknown>) => unknown)({});
    const version = await rig.define(dag);
    const bad = await trigger(version);
    const good = await trigger(version);
    await metastore.execute(`update dag_run set ${column} = '{"half' where id = ${bad.id}`);
    const told = Promise.withResolvers<[number, string]>();
    const { scheduler } = rig.newScheduler(
      {},
      {
        scheduling: { pollMs: 50 },
        listener: { runNotLoaded: ({ id }, reason) => told.resolve([id, reason]) },
      },
    );
    const over = scheduler.whenOver(good.id);
    scheduler.start();
    expect(await over).toMatchObject({ id: good.id, state: "success" });
    const [id, reason] = await told.promise;
    await scheduler.stop(0);
    expect(id).toBe(bad.id);
    expect(reason).toMatch(/its row cannot be read/);
  });
});
