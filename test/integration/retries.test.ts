import { systemClock } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { triggerRun } from "@memodag/scheduler";
import { Dag } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failed } from "./scripted-executor.ts";
import { SchedulerRig } from "./scheduler-rig.ts";

const inert: (args: Record<string, unknown>) => unknown = () => null;

describe.each(TEST_DIALECTS)("attempts on %s", (dialect) => {
  let rig: SchedulerRig;
  let metastore: TestMetastore;

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  test("follow a failure after a delay that is drawn once, whichever scheduler continues", async () => {
    const dag = new Dag("waits");
    dag.task("it", inert, {
      retries: 3,
      retryDelay: "1h",
      retryExponentialBackoff: 3,
      maxRetryDelay: "100h",
    })({});
    const version = await rig.define(dag);
    const { id } = await triggerRun(metastore.runs, systemClock, {
      version,
      conf: {},
      params: {},
      logicalDate: Date.now(),
      cacheMode: "use",
    });
    const rowOf = async () => (await metastore.runs.listTaskInstances(version.team, id))[0];

    const waiting = Promise.withResolvers<void>();
    const first = rig.newScheduler(
      { it: () => failed("not yet") },
      {
        random: () => 0.5,
        listener: {
          instanceChanged: (_run, { state }) => {
            if (state === "up_for_retry") waiting.resolve();
          },
        },
      },
    );
    first.scheduler.start();
    await waiting.promise;
    await first.scheduler.stop(0);
    const before = await rowOf();
    expect(before).toMatchObject({ state: "up_for_retry", tryNumber: 1 });
    expect((before?.retryAt ?? 0) - (before?.endedAt ?? 0)).toBe(1.5 * 3_600_000);

    const claimed = Promise.withResolvers<void>();
    const silent = (): undefined => undefined;
    const log = {
      debug: silent,
      warn: silent,
      error: silent,
      info: (message: string) => {
        if (message === "interrupted run taken over") claimed.resolve();
      },
    };
    const second = rig.newScheduler({}, { random: () => 0.9, log });
    second.scheduler.start();
    await claimed.promise;
    await second.scheduler.stop(0);
    expect(await rowOf()).toEqual(before);
    expect(second.executor.submitted).toEqual([]);
  });

  test("end with one that says that another is of no use", async () => {
    const dag = new Dag("final");
    dag.task("it", inert, { retries: 5, retryDelay: 0 })({});
    const outcome = { ...failed("the account is closed"), retryable: false };
    const run = await rig.run(await rig.define(dag), { it: () => outcome });
    expect(run.states).toEqual({ it: "failed/disabled" });
    expect(run.executor.submitted).toEqual(["it"]);
  });

  test("that skip their task skip what needs it, and nothing is remembered", async () => {
    const dag = new Dag("skips");
    const it = dag.task("it", inert, { cache: true, retries: 2 })({});
    dag.task("after", inert)({ it });
    dag.task("anyway", inert, { triggerRule: "all_done" })({}).after(it);
    const version = await rig.define(dag);
    const skip = { kind: "skipped", reason: "no rows today", durationMs: 1 };
    for (let turn = 0; turn < 2; turn += 1) {
      const run = await rig.run(version, { it: () => skip });
      expect(run.run.state).toBe("success");
      expect(run.states).toEqual({ it: "skipped/miss", after: "skipped/null", anyway: "success/disabled" });
      expect(run.executor.submitted).toEqual(["it", "anyway"]);
      expect(run.instances.find(({ taskId }) => taskId === "it")?.error).toEqual({
        code: "task_skipped",
        message: "no rows today",
      });
    }
  });
});
