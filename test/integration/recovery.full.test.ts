// What becomes of runs when their scheduler, its database, or the way to it is gone for a while.

import { setTimeout as rest } from "node:timers/promises";
import { systemClock, type DagRun, type DagVersion, type RunStore, type TaskInstance } from "@memodag/core";
import { openMetastore, type Metastore } from "@memodag/metastore";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { triggerRun } from "@memodag/scheduler";
import { PostgresServer } from "@memodag/test/postgres-server";
import { Dag } from "memodag";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { SchedulerRig } from "./scheduler-rig.ts";

const inert: (args: Record<string, unknown>) => unknown = () => null;

/** Short, so that a test sees leases expire; long beside what a busy machine may hold a process up. */
const SCHEDULING = { leaseMs: 2_000, pollMs: 50 };

/** For tests that wait for leases to expire. */
const TIMEOUT_MS = 60_000;

const trigger = (metastore: Metastore, version: DagVersion): Promise<DagRun> =>
  triggerRun(metastore.runs, systemClock, {
    version,
    conf: {},
    params: {},
    logicalDate: null,
    cacheMode: "use",
  });

/** Waits for what no event tells of. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  // A pause, not the next turn: whoever spins takes the processor from what it waits for.
  while (!(await holds())) await rest(5);
}

/** A run store whose every call does what `fault` says, as long as that is set. */
function withFaults(runs: RunStore): { runs: RunStore; fault: (() => Promise<never>) | undefined } {
  const faulty = {
    fault: undefined as (() => Promise<never>) | undefined,
    runs: new Proxy(runs, {
      get(target, name) {
        const member = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
        return (...args: unknown[]) => (faulty.fault ? faulty.fault() : member.apply(target, args));
      },
    }),
  };
  return faulty;
}

/** A run store whose later claims wait for everybody's first; `claims`: each one's first, this one's at `own`. */
function withPacedClaims(
  runs: RunStore,
  claims: readonly PromiseWithResolvers<void>[],
  own: number,
): RunStore {
  let count = 0;
  return new Proxy(runs, {
    get(target, name) {
      const member = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        if (name !== "claimRuns") return await member.apply(target, args);
        if ((count += 1) > 1) await Promise.all(claims.map(({ promise }) => promise));
        const claimed = await member.apply(target, args);
        claims[own]?.resolve();
        return claimed;
      };
    },
  });
}

describe.each(TEST_DIALECTS)("recovery on %s", { timeout: TIMEOUT_MS }, (dialect) => {
  let metastore: TestMetastore;
  let rig: SchedulerRig;
  let dagCount = 0;
  // A database for each: what a test that fails leaves running takes no other's runs.
  beforeEach(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterEach(() => metastore.close());

  async function defineWork(): Promise<DagVersion> {
    const dag = new Dag(`recovered${(dagCount += 1)}`);
    dag.task("work", inert)({});
    return await rig.define(dag);
  }

  async function instanceOf(run: DagRun): Promise<TaskInstance | undefined> {
    const [instance] = await metastore.runs.listTaskInstances(run.team, run.id);
    return instance;
  }

  test("a scheduler that cannot renew its lease gives the run up; the next one goes on, at no cost", async () => {
    const version = await defineWork();
    const late = Promise.withResolvers<string>();
    const faulty = withFaults(metastore.runs);
    const first = rig.newScheduler(
      { work: () => late.promise },
      { runs: faulty.runs, scheduling: SCHEDULING },
    );
    const run = await trigger(metastore, version);
    first.scheduler.start();
    await until(() => first.executor.attempts.length > 0);
    // It hears nothing any more, as when the network swallows packets.
    faulty.fault = () => new Promise<never>(() => undefined);
    const second = rig.newScheduler(
      { work: () => "of the second" },
      { metastore: await metastore.openAgain(), scheduling: SCHEDULING },
    );
    const over = second.scheduler.whenOver(run.id);
    second.scheduler.start();
    await until(() => first.executor.ended.length > 0);
    expect(first.scheduler.heldRuns).toEqual([]);
    late.resolve("of the first");
    expect((await over).state).toBe("success");
    expect(await instanceOf(run)).toMatchObject({ state: "success", tryNumber: 2, maxTries: 2 });
    expect(first.executor.attempts.map(({ tryNumber }) => tryNumber)).toEqual([1]);
    expect(second.executor.attempts.map(({ tryNumber }) => tryNumber)).toEqual([2]);
    await second.scheduler.stop(0);
  });

  test("a database that is away for longer than a lease costs no retry", async () => {
    const version = await defineWork();
    const faulty = withFaults(metastore.runs);
    const { scheduler, executor } = rig.newScheduler(
      { work: ({ tryNumber }) => (tryNumber === 1 ? new Promise(() => undefined) : "done") },
      { runs: faulty.runs, scheduling: SCHEDULING },
    );
    const run = await trigger(metastore, version);
    const over = scheduler.whenOver(run.id);
    scheduler.start();
    await until(() => executor.attempts.length > 0);
    faulty.fault = () => Promise.reject(new Error("connection refused"));
    await until(() => executor.ended.length > 0);
    expect(executor.attempts).toHaveLength(1);
    faulty.fault = undefined;
    expect((await over).state).toBe("success");
    expect(await instanceOf(run)).toMatchObject({ tryNumber: 2, maxTries: 2 });
    await scheduler.stop(0);
  });

  test("a drain reschedules what it ends, and the next scheduler goes on at once", async () => {
    const version = await defineWork();
    const first = rig.newScheduler({ work: () => new Promise(() => undefined) });
    first.executor.endsAtShutdown = true;
    const run = await trigger(metastore, version);
    first.scheduler.start();
    await until(() => first.executor.attempts.length > 0);
    await first.scheduler.stop(0);
    expect(await instanceOf(run)).toMatchObject({
      state: "scheduled",
      tryNumber: 1,
      maxTries: 2,
      attemptId: null,
    });
    const second = rig.newScheduler({ work: () => "done" });
    const over = second.scheduler.whenOver(run.id);
    second.scheduler.start();
    expect((await over).state).toBe("success");
    expect(await instanceOf(run)).toMatchObject({ tryNumber: 2 });
    await second.scheduler.stop(0);
  });

  test("a drain that takes longer than a lease keeps its runs to the end", async () => {
    const version = await defineWork();
    const slow = Promise.withResolvers<string>();
    const first = rig.newScheduler({ work: () => slow.promise }, { scheduling: SCHEDULING });
    const run = await trigger(metastore, version);
    first.scheduler.start();
    await until(() => first.executor.attempts.length > 0);
    first.executor.close = async () => {
      // Two leases long: another scheduler looks for runs all the while.
      await new Promise((resolve) => systemClock.after(2 * SCHEDULING.leaseMs, () => resolve(undefined)));
      slow.resolve("done");
      await until(() => first.executor.capacity("default") === 4);
    };
    const second = rig.newScheduler(
      { work: () => "again" },
      { metastore: await metastore.openAgain(), scheduling: SCHEDULING },
    );
    second.scheduler.start();
    await first.scheduler.stop(1);
    expect(await instanceOf(run)).toMatchObject({ state: "success", tryNumber: 1 });
    expect(second.executor.attempts).toEqual([]);
    await second.scheduler.stop(0);
  });

  test("two idle schedulers share a burst of runs", async () => {
    const version = await defineWork();
    const gate = Promise.withResolvers<null>();
    const runs = [];
    for (let index = 0; index < 12; index += 1) runs.push(await trigger(metastore, version));
    // Neither claims a second time before both have claimed once: who is slow to begin gets a share, too.
    const claims = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const schedulers = [metastore, await metastore.openAgain()].map((own, index) =>
      rig.newScheduler(
        { work: () => gate.promise },
        { metastore: own, runs: withPacedClaims(own.runs, claims, index), slots: 20 },
      ),
    );
    for (const { scheduler } of schedulers) scheduler.start();
    const started = () => schedulers.map(({ executor }) => executor.attempts.length);
    await until(() => started().reduce((sum, count) => sum + count) === runs.length);
    expect(Math.min(...started())).toBeGreaterThan(0);
    gate.resolve(null);
    const isOver = async () =>
      (await metastore.runs.listRuns({ dagId: version.dagId, limit: 99 })).every((run) => run.endedAt);
    await until(isOver);
    await Promise.all(schedulers.map(({ scheduler }) => scheduler.stop(0)));
    expect(started().reduce((sum, count) => sum + count)).toBe(runs.length);
  });
});

test.each(["crash", "kill"] as const)(
  "a PostgreSQL that ends by a %s in the middle of a run and comes back loses nothing of it",
  async (end) => {
    const server = await PostgresServer.create();
    try {
      const metastore = await openMetastore(server.url("postgres"));
      await metastore.migrate();
      const rig = new SchedulerRig(metastore);
      const dag = new Dag("crashed");
      const first = dag.task("first", inert, { cache: true });
      const second = dag.task("second", inert, { cache: true });
      second({ of: first({}) });
      const gate = Promise.withResolvers<string>();
      const { scheduler, executor } = rig.newScheduler({ first: () => gate.promise, second: () => 2 });
      const watch = await metastore.changes.watchRuns(() => scheduler.wake());
      const run = await trigger(metastore, await rig.define(dag));
      const over = scheduler.whenOver(run.id);
      scheduler.start();
      await until(() => executor.attempts.length > 0);
      await server[end]();
      gate.resolve("while it was away");
      await until(() => executor.capacity("default") === 4);
      // Processes of a server that was killed may be there for a moment longer, and keep another out.
      await vi.waitFor(() => server.start(), { timeout: 45_000, interval: 100 });
      expect((await over).state).toBe("success");
      const instances = await metastore.runs.listTaskInstances(run.team, run.id);
      expect(instances.map(({ state, tryNumber }) => [state, tryNumber])).toEqual([
        ["success", 1],
        ["success", 1],
      ]);
      expect(await rig.returned({ run, instances, executor, states: {} }, "first")).toBe("while it was away");
      await watch.close();
      await scheduler.stop(0);
      await metastore.close();
    } finally {
      await server.stop();
    }
  },
);
