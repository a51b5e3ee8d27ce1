import type { Attempt, CallbackReport, LogFields, TaskInstanceState } from "@memodag/core";
import { systemClock } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { triggerRun } from "@memodag/scheduler";
import { Dag, type TaskOptions } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failed, type Script } from "./scripted-executor.ts";
import { SchedulerRig } from "./scheduler-rig.ts";

const inert: (args: Record<string, unknown>) => unknown = () => null;
const refuse: Script = () => {
  throw new Error("no rows");
};
const told = (): undefined => undefined;
const ALL = { onSuccess: told, onFailure: told, onRetry: told };

describe.each(TEST_DIALECTS)("callbacks on %s", (dialect) => {
  let rig: SchedulerRig;
  let metastore: TestMetastore;
  let dagCount = 0;

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  function oneTask(options: TaskOptions): Dag {
    const dag = new Dag(`dag${(dagCount += 1)}`);
    dag.task("it", inert, options)({});
    return dag;
  }

  /** A script that keeps what a callback is told, and how the database had its task then. */
  function listener(): { script: Script; reports: CallbackReport[]; stored: TaskInstanceState[] } {
    const reports: CallbackReport[] = [];
    const stored: TaskInstanceState[] = [];
    const script = async ({ callback, team, dagId, runId, taskId }: Attempt): Promise<null> => {
      if (callback) reports.push(callback);
      const run = await metastore.runs.findRun(team, dagId, runId);
      const instances = run ? await metastore.runs.listTaskInstances(team, run.id) : [];
      for (const row of instances) if (row.taskId === taskId) stored.push(row.state);
      return null;
    };
    return { script, reports, stored };
  }

  test("are told of each end, once it is committed", async () => {
    const version = await rig.define(oneTask({ retries: 1, retryDelay: 0, ...ALL }));
    const { script, reports, stored } = listener();
    const run = await rig.run(version, { it: refuse, "it.retry": script, "it.failure": script });
    expect(run.run).toMatchObject({ state: "failed", processesSpawned: 2 });
    const events = Object.fromEntries(reports.map((report) => [report.event, report]));
    expect(events).toEqual({
      retry: expect.objectContaining({
        state: "up_for_retry",
        error: { code: "task_failed", message: "no rows" },
        retryAt: expect.any(Number),
      }),
      failure: expect.objectContaining({
        state: "failed",
        cacheStatus: "disabled",
        error: { code: "task_failed", message: "no rows" },
        retryAt: null,
      }),
    });
    // Whatever has become of it since, none was called before its state was written.
    expect(stored).toHaveLength(2);
    expect(stored).not.toContain("running");
    expect(await metastore.callbacks.listOwners()).toEqual([]);
  });

  test("are called for hits, and can tell; tasks without them start no process", async () => {
    const name = `dag${(dagCount += 1)}`;
    const version = async () => {
      const dag = new Dag(name);
      const it = dag.task("it", inert, { cache: true, onSuccess: told })({});
      dag.task("plain", inert, { cache: true })({ it });
      return await rig.define(dag);
    };
    const first = listener();
    await rig.run(await version(), { it: () => 1, "it.success": first.script });
    expect(first.reports).toMatchObject([{ event: "success", cacheStatus: "miss", error: null }]);

    const second = listener();
    const again = await rig.run(await version(), { "it.success": second.script });
    expect(again.states).toEqual({ it: "success/hit", plain: "success/hit" });
    expect(again.run.processesSpawned).toBe(0);
    expect(again.executor.submitted).toEqual(["it.success"]);
    expect(second.reports).toMatchObject([
      { event: "success", state: "success", cacheStatus: "hit", durationMs: 0 },
    ]);
    expect(again.executor.attempts[0]).toMatchObject({ tryNumber: 0, executionTimeoutMs: 60_000 });
  });

  test("that a failure is remembered is told as a failure", async () => {
    const dag = oneTask({ cache: { errors: "1h" }, onFailure: told });
    const version = await rig.define(dag);
    await rig.run(version, { it: refuse });
    const { script, reports } = listener();
    const again = await rig.run(version, { it: refuse, "it.failure": script });
    expect(again.states).toEqual({ it: "failed/hit" });
    expect(reports).toMatchObject([
      {
        event: "failure",
        cacheStatus: "hit",
        cacheReason: "stored_failure",
        cacheReasonCode: "stored_failure",
      },
    ]);
  });

  test("hear of a mapped task that never was expanded", async () => {
    const dag = new Dag(`dag${(dagCount += 1)}`);
    const list = dag.task("list", inert)({});
    dag.task("it", inert, { onFailure: told }).expand({ of: list as never });
    const { script, reports } = listener();
    const run = await rig.run(await rig.define(dag), { list: () => ({ no: "list" }), "it.failure": script });
    expect(run.states).toMatchObject({ it: "failed/null" });
    expect(reports).toMatchObject([{ event: "failure", error: { code: "map_not_a_list" } }]);
  });

  test.each<[string, Script]>([
    ["throws", () => failed("no such channel", { code: "callback_failed" })],
    ["hangs", () => failed("ran too long", { code: "callback_failed" })],
    ["is killed", () => failed("was killed", { code: "task_killed" })],
  ])("one that %s changes nothing and is in the log", async (_name, script) => {
    const warnings: LogFields[] = [];
    const log = {
      debug: told,
      info: told,
      error: told,
      warn: (_message: string, fields: LogFields = {}) => void warnings.push(fields),
    };
    const version = await rig.define(oneTask({ onSuccess: told }));
    const run = await rig.run(version, { it: () => 1, "it.success": script }, { log });
    expect(run.states).toEqual({ it: "success/disabled" });
    expect(run.run.state).toBe("success");
    expect(warnings).toMatchObject([{ taskId: "it", tryNumber: 1, event: "success" }]);
    expect(await metastore.callbacks.listOwners()).toEqual([]);
  });

  test("are called by the next scheduler when one stops before it could", async () => {
    const version = await rig.define(oneTask({ onFailure: told }));
    const calling = Promise.withResolvers<void>();
    const first = rig.newScheduler({
      it: refuse,
      "it.failure": () => {
        calling.resolve();
        return new Promise(() => undefined);
      },
    });
    first.executor.endsAtShutdown = true;
    const { id } = await triggerRun(metastore.runs, systemClock, {
      version,
      conf: {},
      params: {},
      logicalDate: Date.now(),
      cacheMode: "use",
    });
    const over = first.scheduler.whenOver(id);
    first.scheduler.start();
    await Promise.all([over, calling.promise]);
    await first.scheduler.stop(0);
    expect(await metastore.callbacks.listOwners()).toHaveLength(1);

    const { script, reports } = listener();
    const next = rig.newScheduler({ "it.failure": script });
    next.scheduler.start();
    await next.scheduler.whenCallbacksCalled();
    await next.scheduler.stop(0);
    expect(reports).toMatchObject([{ event: "failure", error: { message: "no rows" } }]);
    expect(await metastore.callbacks.listOwners()).toEqual([]);
  });

  test("of two that claim at once, one gets each", async () => {
    const { callbacks, runs } = metastore;
    const version = await rig.define(oneTask({}));
    const { run } = await rig.run(version, {});
    const claimed = await triggerRun(runs, systemClock, {
      version,
      conf: {},
      params: {},
      logicalDate: Date.now(),
      cacheMode: "use",
    });
    const [held] = await runs.claimRuns({ owner: "gone", leaseMs: 60_000, limit: 1, deadOwners: [] });
    expect(held?.run.id).toBe(claimed.id);
    const ids = Array.from({ length: 40 }, (_, index) => `owed-${dialect}-${index}`);
    const report: CallbackReport = {
      event: "failure",
      state: "failed",
      cacheStatus: null,
      cacheReason: null,
      cacheReasonCode: null,
      cacheReasonDetail: null,
      error: { code: "task_failed", message: "a \u0000 and a \ud800" },
      durationMs: null,
      retryAt: null,
    };
    const pass = (leaves: "queued" | "success") => ({
      runId: claimed.id,
      owner: "gone",
      run: {
        leaves,
        state: "running" as const,
        startedAt: null,
        endedAt: null,
        processesSpawned: 0,
        lookups: 0,
      },
      instances: [],
      removed: [],
      xcoms: [],
      callbacks: {
        leaseMs: 60_000,
        owed: ids.map((id) => ({
          id,
          instance: { taskId: "it", mapIndex: -1, tryNumber: 1, maxTries: 1 },
          report,
        })),
      },
    });
    // A pass that is not written owes nothing.
    expect(await runs.writePass(pass("success"))).toMatchObject({ kind: "rejected" });
    expect(await callbacks.listOwners()).toEqual([]);
    expect(await runs.writePass(pass("queued"))).toEqual({ kind: "written" });
    expect(await callbacks.listOwners()).toEqual(["gone"]);

    const claim = { leaseMs: 60_000, limit: 100, deadOwners: [] };
    expect(await callbacks.claim({ ...claim, owner: "a" })).toEqual([]);
    const elsewhere = { team: "default", dagId: run.dagId === "x" ? "y" : "x" };
    const dead = { ...claim, deadOwners: ["gone"] };
    expect(await callbacks.claim({ ...dead, owner: "a", dag: elsewhere })).toEqual([]);
    const both = await Promise.all(["a", "b"].map((owner) => callbacks.claim({ ...dead, owner })));
    const taken = both.flat();
    expect(taken.map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect(taken[0]).toMatchObject({ run: { id: claimed.id, runId: claimed.runId }, report });

    await callbacks.release(ids.slice(0, 2));
    expect(await callbacks.claim({ ...claim, owner: "c" })).toHaveLength(2);
    await callbacks.remove(ids);
    expect(await callbacks.listOwners()).toEqual([]);
    await runs.releaseLeases("gone");
  });
});
