import { reasonSentence, systemClock, type DagVersion, type TaskInstance } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import type { LeaseStore } from "@memodag/result-cache";
import { triggerRun, type SchedulerListener } from "@memodag/scheduler";
import { Dag, type CacheConfig } from "memodag";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Script } from "./scripted-executor.ts";
import { SchedulerRig } from "./scheduler-rig.ts";

const INSTANCES = 20;

const waitFor = (holds: () => boolean) => vi.waitUntil(holds, { timeout: 30_000, interval: 5 });

const inert: (args: Record<string, unknown>) => unknown = () => null;

/** Something that a test lets happen when it is time. */
const gate = () => Promise.withResolvers<void>();

describe.each(TEST_DIALECTS)("single flight on %s", (dialect) => {
  let rig: SchedulerRig;
  let metastore: TestMetastore;
  let dagCount = 0;

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  /** A Dag of one task that is mapped over the same value `count` times: all instances have one key. */
  function sameKey(count = INSTANCES, cache: CacheConfig<never> = { serialize: true }, retries = 0): Dag {
    const dag = new Dag(`dag${(dagCount += 1)}`);
    const work = dag.task("work", inert as (args: { n: number }) => number, {
      cache,
      retries,
      retryDelay: "1ms",
    });
    work.partial({}).expand({ n: Array.from({ length: count }, () => 7) });
    return dag;
  }

  const countStates = (states: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.entries(Object.groupBy(Object.values(states), (state) => state)).map(([state, all]) => [
        state,
        all?.length,
      ]),
    );

  /** A scheduler as another process would be: connection, executor and leases of its own. */
  async function newScheduler(
    scripts: Readonly<Record<string, Script>>,
    { listener = {}, slots = 4 }: { listener?: SchedulerListener; slots?: number } = {},
  ) {
    return rig.newScheduler(scripts, {
      metastore: await metastore.openAgain(),
      listener,
      slots,
      scheduling: { pollMs: 100, maxRuns: 1 },
    });
  }

  const trigger = (version: DagVersion) =>
    triggerRun(metastore.runs, systemClock, {
      version,
      conf: {},
      params: {},
      logicalDate: null,
      cacheMode: "use",
    });

  /** Hears when `count` runs have ended, and when an instance is shown as waiting. */
  function newEar(count: number) {
    const over = gate();
    const waiting = Promise.withResolvers<TaskInstance>();
    let ended = 0;
    const listener: SchedulerListener = {
      instanceChanged(_run, instance) {
        if (instance.cacheReason?.code === "waiting") waiting.resolve(instance);
      },
      runChanged(run) {
        if (run.endedAt !== null && (ended += 1) === count) over.resolve();
      },
    };
    return { listener, over: over.promise, waiting: waiting.promise };
  }

  test("runs once for all instances of a key in a pass", async () => {
    const { run, states, executor, instances } = await rig.run(await rig.define(sameKey()), {
      work: () => 42,
    });
    expect(run).toMatchObject({ state: "success", processesSpawned: 1 });
    expect(executor.submitted).toHaveLength(1);
    expect(countStates(states)).toEqual({ "success/populated": 1, "success/hit": INSTANCES - 1 });
    const hits = instances.filter(({ cacheStatus }) => cacheStatus === "hit");
    expect(new Set(hits.map(({ producer }) => producer?.runId))).toEqual(new Set([run.runId]));
    expect(new Set(hits.map(({ cacheReason }) => cacheReason))).toEqual(new Set([null]));
    expect(await rig.returned({ run, states, executor, instances }, "work", INSTANCES - 1)).toBe(42);
  });

  test("goes on by itself where those that ask first turn out to be hits, and take no slot", async () => {
    const dag = new Dag(`dag${(dagCount += 1)}`);
    const work = dag.task("work", inert as (args: { n: number }) => number, { cache: { serialize: true } });
    work.expand({ n: Array.from({ length: 12 }, (_, n) => n) });
    const version = await rig.define(dag);
    const held = gate();
    const first = await newScheduler({ work: () => held.promise.then(() => 42) }, { slots: 12 });
    const ear = newEar(2);
    // One slot, no poll and no other run: nothing wakes it but what it waits for.
    const second = rig.newScheduler(
      { work: () => 42 },
      {
        metastore: await metastore.openAgain(),
        listener: ear.listener,
        slots: 1,
        scheduling: { pollMs: 3_600_000, maxRuns: 1 },
      },
    );
    const runs = [await trigger(version)];
    const overs = [first.scheduler.whenOver(runs[0]!.id)];
    first.scheduler.start();
    await waitFor(() => first.executor.attempts.length === 12);
    runs.push(await trigger(version));
    overs.push(second.scheduler.whenOver(runs[1]!.id));
    second.scheduler.start();
    await ear.waiting;
    held.resolve();
    expect((await Promise.all(overs)).map(({ state }) => state)).toEqual(["success", "success"]);
    expect(second.executor.attempts).toEqual([]);
    await Promise.all([first.scheduler.stop(0), second.scheduler.stop(0)]);
  });

  test("runs each instance for itself where it is not asked for", async () => {
    const { states, executor } = await rig.run(await rig.define(sameKey(INSTANCES, {})), {
      work: () => 42,
    });
    expect(executor.submitted.length).toBeGreaterThan(1);
    expect(Object.values(states)).toHaveLength(INSTANCES);
  });

  test("runs once across two schedulers, and shows who waits for whom", async () => {
    const runCount = 4;
    const version = await rig.define(sameKey(INSTANCES / runCount));
    const held = gate();
    const scripts = { work: () => held.promise.then(() => 42) };
    const { listener, over } = newEar(runCount);
    const ear = newEar(0);
    const both: SchedulerListener = {
      runChanged: (run) => listener.runChanged?.(run),
      instanceChanged: (run, instance, before) => ear.listener.instanceChanged?.(run, instance, before),
    };
    // Each holds one run at a time, so that both have some.
    const schedulers = [
      await newScheduler(scripts, { listener: both }),
      await newScheduler(scripts, { listener: both }),
    ];
    const runs = [];
    for (let index = 0; index < runCount; index += 1) runs.push(await trigger(version));
    for (const { scheduler } of schedulers) scheduler.start();
    const waiting = await ear.waiting;
    expect(waiting).toMatchObject({ state: "scheduled", cacheStatus: "miss", attemptId: null });
    const runIds = runs.map(({ runId }) => runId);
    const reason = waiting.cacheReason ?? { code: "no_entry" };
    const [, holder] = /^waiting for work\[\d\] of run (.+)$/.exec(reasonSentence(reason)) ?? [];
    expect(runIds).toContain(holder);
    held.resolve();
    await over;
    await Promise.all(schedulers.map(({ scheduler }) => scheduler.stop(0)));
    expect(schedulers.flatMap(({ executor }) => executor.submitted)).toHaveLength(1);
    const instances = (
      await Promise.all(runs.map(({ id }) => metastore.runs.listTaskInstances(version.team, id)))
    ).flat();
    expect(instances).toHaveLength(INSTANCES);
    expect(
      countStates(
        Object.fromEntries(instances.map((one, index) => [index, `${one.state}/${one.cacheStatus}`])),
      ),
    ).toEqual({
      "success/populated": 1,
      "success/hit": INSTANCES - 1,
    });
  });

  test("waits without a slot for a holder that is gone, until its lease has expired", async () => {
    const dag = sameKey(1);
    const other = dag.task("other", inert);
    other({});
    const version = await rig.define(dag);
    const { listener, over, waiting } = newEar(1);
    const otherEnded = gate();
    const first = await rig.run(version, { work: () => 1 });
    const key = first.instances.find(({ taskId }) => taskId === "work")?.cacheKey ?? "";
    await metastore.records.purge({ dagId: version.dagId });
    // What a process leaves behind that was killed while it ran the task.
    await metastore.leases.tryAcquire(version.team, key, "work[0] of run gone", 3_600_000);
    const { scheduler, executor } = await newScheduler(
      { work: () => 2, other: () => otherEnded.resolve() },
      { listener, slots: 1 },
    );
    const run = await trigger(version);
    scheduler.start();
    expect((await waiting).cacheReason).toEqual({
      code: "waiting",
      detail: { what: "work[0] of run gone" },
    });
    await otherEnded.promise;
    expect(executor.submitted).toEqual(["other"]);
    await metastore.execute("update cache_lease set expires_at = 0");
    await over;
    await scheduler.stop(0);
    expect(executor.submitted).toEqual(["other", "work[0]"]);
    const instances = await metastore.runs.listTaskInstances(version.team, run.id);
    expect(instances.find(({ taskId }) => taskId === "work")).toMatchObject({
      state: "success",
      cacheStatus: "populated",
      cacheReason: { code: "no_entry" },
    });
  });

  test("does not wait for what the instance itself held before its scheduler died", async () => {
    const version = await rig.define(sameKey(1));
    const { instances } = await rig.run(version, { work: () => 1 });
    await metastore.records.purge({ dagId: version.dagId });
    const { listener, over } = newEar(1);
    const { scheduler, executor } = await newScheduler({ work: () => 2 }, { listener });
    const run = await trigger(version);
    const holder = `work[0] of run ${run.runId}`;
    await metastore.leases.tryAcquire(version.team, instances[0]?.cacheKey ?? "", holder, 3_600_000);
    scheduler.start();
    await over;
    await scheduler.stop(0);
    expect(executor.submitted).toEqual(["work[0]"]);
  });

  test("gives every lease back", async () => {
    const version = await rig.define(sameKey());
    const { instances } = await rig.run(version, { work: () => 42 });
    const claim = await metastore.leases.tryAcquire(version.team, instances[0]?.cacheKey ?? "", "me", 1_000);
    expect(claim.kind).toBe("acquired");
  });

  test("hands on to the next when an attempt fails, and the retry takes what that one stored", async () => {
    const version = await rig.define(sameKey(3, { serialize: true }, 1));
    let calls = 0;
    const script = () => {
      if ((calls += 1) === 1) throw new Error("once");
      return 42;
    };
    const { run, states, executor, instances } = await rig.run(version, { work: script });
    expect(run.state).toBe("success");
    expect(executor.submitted).toHaveLength(2);
    expect(countStates(states)).toEqual({ "success/populated": 1, "success/hit": 2 });
    expect(instances.map(({ error }) => error)).toEqual([null, null, null]);
  });

  test("runs one at a time, and each of them, when a refresh was asked for", async () => {
    const version = await rig.define(sameKey(5));
    let now = 0;
    let most = 0;
    const script = async () => {
      most = Math.max(most, (now += 1));
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
      return 42;
    };
    const { states, executor } = await rig.run(version, { work: script }, { cacheMode: "refresh" });
    expect(countStates(states)).toEqual({ "success/skipped": 5 });
    expect(executor.submitted).toHaveLength(5);
    expect(most).toBe(1);
  });

  test("ends its waiting when caching is switched off", async () => {
    const version = await rig.define(sameKey(2));
    let offReason: string | null = null;
    const script = async () => {
      offReason = "off";
      return 42;
    };
    const { states } = await rig.run(version, { work: script }, { cachingOffReason: () => offReason });
    expect(countStates(states)).toEqual({ "success/populated": 1, "success/disabled": 1 });
  });

  describe("loses nothing to its leases:", () => {
    const faulty = (own: Partial<LeaseStore>): LeaseStore => ({
      tryAcquire: (...call) => metastore.leases.tryAcquire(...call),
      tryRenew: (...call) => metastore.leases.tryRenew(...call),
      release: (...call) => metastore.leases.release(...call),
      list: (...call) => metastore.leases.list(...call),
      tryRevoke: (...call) => metastore.leases.tryRevoke(...call),
      ...own,
    });
    const refuse = async (): Promise<never> => {
      throw new Error("connection refused");
    };
    const never = (): Promise<never> => new Promise<never>(() => {});

    test.each([
      ["a store that throws", refuse],
      ["a store that never answers", never],
    ])("%s", async (_name, fail) => {
      let asked = 0;
      const tryAcquire = (): Promise<never> => {
        asked += 1;
        return fail();
      };
      const { run, states, executor } = await rig.run(
        await rig.define(sameKey()),
        { work: () => 42 },
        { leases: faulty({ tryAcquire }) },
      );
      expect(run.state).toBe("success");
      expect(executor.submitted).toHaveLength(INSTANCES);
      expect(new Set(Object.values(states))).toEqual(new Set(["success/populated"]));
      // One deadline for all, as they ask together.
      expect(asked).toBe(1);
    });

    test.each([
      ["a release that fails", refuse],
      ["a release that never ends", never],
    ])("%s", async (_name, release) => {
      const { run, executor } = await rig.run(
        await rig.define(sameKey(1)),
        { work: () => 42 },
        { leases: faulty({ release }) },
      );
      expect(run.state).toBe("success");
      expect(executor.submitted).toHaveLength(1);
    });
  });
});
