// Sensors that end between pokes: what they take meanwhile, how long they go on, and what survives.

import {
  systemClock,
  type AttemptOutcome,
  type DagRun,
  type DagVersion,
  type TaskInstance,
} from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { clearRun, triggerRun } from "@memodag/scheduler";
import { Dag, type SensorOptions } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SchedulerRig } from "./scheduler-rig.ts";
import { failed } from "./scripted-executor.ts";

const never = (): boolean => false;

const notThere = (afterMs: number): AttemptOutcome => ({ kind: "rescheduled", afterMs, durationMs: 1 });

/** What a worker says of a sensor whose time is over. */
const timedOut: AttemptOutcome = {
  kind: "failed",
  error: { code: "sensor_timeout", message: "not there in time" },
  durationMs: 1,
  retryable: false,
};

describe.each(TEST_DIALECTS)("a sensor on %s", (dialect) => {
  let metastore: TestMetastore;
  let rig: SchedulerRig;
  let dagCount = 0;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  const newDag = (options = {}): Dag => new Dag(`sensing${(dagCount += 1)}`, options);

  async function defineSensor(options: SensorOptions = {}): Promise<DagVersion> {
    const dag = newDag();
    dag.sensor("sensor", never, { mode: "reschedule", ...options })();
    return await rig.define(dag);
  }

  const trigger = (version: DagVersion): Promise<DagRun> =>
    triggerRun(metastore.runs, systemClock, {
      version,
      conf: {},
      params: {},
      logicalDate: null,
      cacheMode: "use",
    });

  /** Resolves with the first row that waits to be asked again. */
  function whenRescheduled() {
    const seen = Promise.withResolvers<TaskInstance>();
    const listener = {
      instanceChanged(_run: DagRun, instance: TaskInstance) {
        if (instance.state === "up_for_reschedule") seen.resolve(instance);
      },
    };
    return { listener, rescheduled: seen.promise };
  }

  test("holds no slot, no pool and no place of its Dag until it asks again", async () => {
    const dag = newDag({ maxActiveTasks: 1 });
    dag.sensor("sensor", never, { mode: "reschedule", pool: "one", priorityWeight: 9 })();
    dag.task("other", () => null, { pool: "one" })();
    let hasRun = false;
    const scripts = {
      sensor: () => (hasRun ? null : notThere(1)),
      other: () => {
        hasRun = true;
        return null;
      },
    };
    const poolSlots = new Map([["one", 1]]);
    const { run, executor } = await rig.run(await rig.define(dag), scripts, {
      slots: 1,
      scheduling: { poolSlots },
    });
    expect(run.state).toBe("success");
    expect(executor.submitted[0]).toBe("sensor");
    expect(executor.submitted.at(-1)).toBe("sensor");
  });

  test("goes on with one try, whose time counts from the first poke", async () => {
    const { listener, rescheduled } = whenRescheduled();
    const scripts = {
      sensor: ({ sensor }: { sensor?: { waitedMs: number } }) => (sensor?.waitedMs ? 7 : notThere(20)),
    };
    const version = await defineSensor({ timeout: "1h" });
    const sensing = await rig.run(version, scripts, { listener });
    const { run, executor, instances } = sensing;
    expect(await rescheduled).toMatchObject({ tryNumber: 1, attemptId: null });
    expect((await rescheduled).retryAt).toBeGreaterThan((await rescheduled).waitingSince ?? Infinity);
    expect(run).toMatchObject({ state: "success", processesSpawned: 2 });
    expect(instances[0]).toMatchObject({ state: "success", tryNumber: 1, waitingSince: null, retryAt: null });
    expect(executor.attempts.map(({ tryNumber }) => tryNumber)).toEqual([1, 1]);
    expect(executor.attempts[0]?.sensor).toMatchObject({ waitedMs: 0, timeoutMs: 3_600_000 });
    expect(executor.attempts[1]?.sensor?.waitedMs).toBeGreaterThanOrEqual(15);
    expect(await rig.returned(sensing, "sensor")).toBe(7);
  });

  test("fails for good when its time is over, whatever its retries", async () => {
    const { run, instances } = await rig.run(await defineSensor({ retries: 3 }), { sensor: () => timedOut });
    expect(run.state).toBe("failed");
    expect(instances[0]).toMatchObject({
      state: "failed",
      tryNumber: 1,
      error: { code: "sensor_timeout", message: "not there in time" },
    });
  });

  test("that may fail softly is skipped when its time is over, and what follows it with it", async () => {
    const dag = newDag();
    const sensor = dag.sensor("sensor", never, { softFail: true })();
    dag
      .task("after", () => null)()
      .after(sensor);
    dag
      .task("always", () => null, { triggerRule: "all_done" })()
      .after(sensor);
    const { run, states, instances } = await rig.run(await rig.define(dag), { sensor: () => timedOut });
    expect(run.state).toBe("success");
    expect(states).toMatchObject({
      sensor: "skipped/disabled",
      after: "skipped/null",
      always: "success/disabled",
    });
    const row = instances.find(({ taskId }) => taskId === "sensor");
    expect(row?.error).toMatchObject({ code: "sensor_timeout" });
  });

  test("that may fail softly is skipped when its handler gives up", async () => {
    const givesUp = { ...timedOut, error: { code: "task_failed", message: "refused" } };
    const { states } = await rig.run(await defineSensor({ softFail: true, retries: 1 }), {
      sensor: () => givesUp,
    });
    expect(states).toEqual({ sensor: "skipped/disabled" });
    expect((await rig.run(await defineSensor(), { sensor: () => givesUp })).run.state).toBe("failed");
  });

  test("that may fail softly fails all the same by an error of its own, after its retries", async () => {
    const version = await defineSensor({ softFail: true, retries: 1, retryDelay: 0 });
    const { run, executor, instances } = await rig.run(version, { sensor: () => failed("no network") });
    expect(run.state).toBe("failed");
    expect(instances[0]).toMatchObject({ state: "failed", tryNumber: 2, error: { code: "task_failed" } });
    // A new try has all of its time before it.
    expect(executor.attempts.map(({ sensor }) => sensor?.waitedMs)).toEqual([0, 0]);
  });

  test("goes on in the hands of another scheduler, with the time that it has waited", async () => {
    const { listener, rescheduled } = whenRescheduled();
    const run = await trigger(await defineSensor());
    const first = rig.newScheduler({ sensor: () => notThere(50) }, { listener });
    first.scheduler.start();
    const { waitingSince } = await rescheduled;
    await first.scheduler.stop(0);

    const second = rig.newScheduler({ sensor: () => "there" });
    const over = second.scheduler.whenOver(run.id);
    second.scheduler.start();
    expect((await over).state).toBe("success");
    await second.scheduler.stop(0);
    const [attempt] = second.executor.attempts;
    expect(attempt?.tryNumber).toBe(1);
    expect(attempt?.sensor?.waitedMs).toBeGreaterThanOrEqual(45);
    expect(waitingSince).not.toBeNull();
  });

  test("whose poke was lost with its scheduler asks again at once, within the same try", async () => {
    const run = await trigger(await defineSensor());
    const asked = Promise.withResolvers<void>();
    let pokes = 0;
    const hang = (): unknown => {
      pokes += 1;
      if (pokes === 1) return notThere(1);
      asked.resolve();
      return new Promise(() => undefined);
    };
    const first = rig.newScheduler({ sensor: hang });
    first.scheduler.start();
    await asked.promise;
    await first.scheduler.stop(0);

    const second = rig.newScheduler({ sensor: () => "there" });
    const over = second.scheduler.whenOver(run.id);
    second.scheduler.start();
    expect((await over).state).toBe("success");
    await second.scheduler.stop(0);
    const [instance] = await metastore.runs.listTaskInstances(run.team, run.id);
    expect(instance).toMatchObject({ state: "success", tryNumber: 1 });
  });

  test("that is cleared while it waits begins anew", async () => {
    const { listener, rescheduled } = whenRescheduled();
    const version = await defineSensor();
    const run = await trigger(version);
    let isCleared = false;
    const { scheduler, executor } = rig.newScheduler(
      { sensor: () => (isCleared ? "there" : notThere(3_600_000)) },
      { listener, scheduling: { pollMs: 50 } },
    );
    const over = scheduler.whenOver(run.id);
    scheduler.start();
    await rescheduled;
    isCleared = true;
    const wish = { taskId: "sensor", downstream: false, useCache: false };
    const held = await metastore.runs.findRun(run.team, run.dagId, run.runId);
    await clearRun(metastore.runs, { run: held ?? run, version }, wish);
    expect((await over).state).toBe("success");
    await scheduler.stop(0);
    expect(executor.attempts.map(({ tryNumber, sensor }) => [tryNumber, sensor?.waitedMs])).toEqual([
      [1, 0],
      [2, 0],
    ]);
  });

  test("is remembered when that is asked for: what it found, once it has", async () => {
    let pokes = 0;
    const scripts = { sensor: () => ((pokes += 1) === 1 ? notThere(1) : { rows: 3 }) };
    const version = await defineSensor({ cache: true });
    expect((await rig.run(version, scripts)).states).toEqual({ sensor: "success/populated" });
    const again = await rig.run(version, scripts);
    expect(again.states).toEqual({ sensor: "success/hit" });
    expect(again.run.processesSpawned).toBe(0);
    expect(await rig.returned(again, "sensor")).toEqual({ rows: 3 });
    const uncached = await defineSensor();
    expect((await rig.run(uncached, scripts)).states).toEqual({ sensor: "success/disabled" });
  });
});
