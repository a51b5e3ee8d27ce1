// The order in which tasks of equal weight start: that with the longest path ahead of it first, as earlier runs took.

import { setTimeout as rest } from "node:timers/promises";
import { openTestMetastore, TEST_DIALECTS } from "@memodag/metastore/testing";
import { Dag } from "memodag";
import { describe, expect, test } from "vitest";
import { SchedulerRig } from "./scheduler-rig.ts";

const inert: (args: Record<string, unknown>) => unknown = () => null;

describe.each(TEST_DIALECTS)("order on %s", (dialect) => {
  test("the next run begins with the longest path, and hits of the last one count for nothing", async () => {
    await using metastore = await openTestMetastore(dialect);
    const rig = new SchedulerRig(metastore);
    const dag = new Dag("order");
    for (const n of [1, 2, 3]) dag.task(`short${n}`, inert)({});
    const first = dag.task("first", inert)({});
    dag.task("slow", inert)({ first });
    dag.task("remembered", inert, { cache: true })({});
    dag.task("heavy", inert, { priorityWeight: 2 })({});
    const version = await rig.define(dag);
    const take = (ms: number) => async () => {
      await rest(ms);
      return ms;
    };
    const scripts = {
      slow: take(120),
      remembered: take(400),
      short1: take(10),
      short2: take(5),
      short3: take(1),
    };
    await rig.run(version, scripts, { slots: 1 });
    for (let runs = 0; runs < 3; runs += 1) await rig.run(version, scripts, { slots: 1 });
    const { executor } = await rig.run(version, scripts, { slots: 1 });
    expect(executor.submitted.slice(0, 3)).toEqual(["heavy", "first", "slow"]);
    expect(executor.submitted).not.toContain("remembered");
  });
});
