// A Dag with a task of every trigger rule, run with each way in which its upstream can end.

import { TRIGGER_RULES, type TriggerRule } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS } from "@memodag/metastore/testing";
import { Dag } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SchedulerRig } from "./scheduler-rig.ts";
import type { Script } from "./scripted-executor.ts";

type End = "success" | "failed" | "skipped";

const inert = (): null => null;

/** What each rule makes of two upstream tasks: Airflow's answers. */
const STATES: Record<string, Record<TriggerRule, string>> = {
  "success, success": {
    all_success: "success",
    all_failed: "skipped",
    all_done: "success",
    all_skipped: "skipped",
    one_success: "success",
    one_failed: "skipped",
    one_done: "success",
    none_failed: "success",
    none_failed_min_one_success: "success",
    none_skipped: "success",
    always: "success",
  },
  "failed, failed": {
    all_success: "upstream_failed",
    all_failed: "success",
    all_done: "success",
    all_skipped: "skipped",
    one_success: "upstream_failed",
    one_failed: "success",
    one_done: "success",
    none_failed: "upstream_failed",
    none_failed_min_one_success: "upstream_failed",
    none_skipped: "success",
    always: "success",
  },
  "skipped, skipped": {
    all_success: "skipped",
    all_failed: "skipped",
    all_done: "success",
    all_skipped: "success",
    one_success: "skipped",
    one_failed: "skipped",
    one_done: "skipped",
    none_failed: "success",
    none_failed_min_one_success: "skipped",
    none_skipped: "skipped",
    always: "success",
  },
  "success, failed": {
    all_success: "upstream_failed",
    all_failed: "skipped",
    all_done: "success",
    all_skipped: "skipped",
    one_success: "success",
    one_failed: "success",
    one_done: "success",
    none_failed: "upstream_failed",
    none_failed_min_one_success: "upstream_failed",
    none_skipped: "success",
    always: "success",
  },
  "success, skipped": {
    all_success: "skipped",
    all_failed: "skipped",
    all_done: "success",
    all_skipped: "skipped",
    one_success: "success",
    one_failed: "skipped",
    one_done: "success",
    none_failed: "success",
    none_failed_min_one_success: "success",
    none_skipped: "skipped",
    always: "success",
  },
  "failed, skipped": {
    all_success: "upstream_failed",
    all_failed: "skipped",
    all_done: "success",
    all_skipped: "skipped",
    one_success: "upstream_failed",
    one_failed: "success",
    one_done: "success",
    none_failed: "upstream_failed",
    none_failed_min_one_success: "upstream_failed",
    none_skipped: "skipped",
    always: "success",
  },
};

describe.each(TEST_DIALECTS)("every trigger rule on %s", (dialect) => {
  let rig: SchedulerRig;
  let close: () => Promise<void>;

  beforeAll(async () => {
    const metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
    close = () => metastore.close();
  });
  afterAll(() => close());

  test.each(Object.keys(STATES))("after %s", async (ends) => {
    const dag = new Dag(`rules_${ends.replace(", ", "_")}`);
    const scripts: Record<string, Script> = {};
    const upstream = (ends.split(", ") as End[]).map((end, index) => {
      const task = dag.task(`up${index}`, inert)();
      if (end === "skipped") dag.if(dag.task(`choose${index}`, (): boolean => false)()).then(task);
      scripts[`choose${index}`] = () => false;
      scripts[`up${index}`] = () => {
        if (end === "failed") throw new Error("no");
        return 1;
      };
      return task;
    });
    for (const triggerRule of TRIGGER_RULES) dag.task(triggerRule, inert, { triggerRule })().after(upstream);
    const expected = STATES[ends] as Record<TriggerRule, string>;
    const { run, instances, executor } = await rig.run(await rig.define(dag), scripts);
    const states = Object.fromEntries(instances.map(({ taskId, state }) => [taskId, state]));
    expect(Object.fromEntries(TRIGGER_RULES.map((rule) => [rule, states[rule]]))).toEqual(expected);
    expect([states["up0"], states["up1"]].join(", ")).toBe(ends);
    // What was to run ran once, and nothing else.
    const ran = TRIGGER_RULES.filter((rule) => expected[rule] === "success");
    expect(executor.submitted.filter((taskId) => taskId in expected).toSorted()).toEqual(ran.toSorted());
    // A run fails when a task that nothing follows did; of these, some follow.
    const hasFailedLeaf = Object.values(expected).includes("upstream_failed");
    expect(run.state).toBe(hasFailedLeaf ? "failed" : "success");
  });
});
