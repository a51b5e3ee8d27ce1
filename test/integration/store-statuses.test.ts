// How the end of a store gets into the database: with a pass that is made anyway, and never not at all.

import { systemClock, type PassWrite, type TaskInstance } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import type { RecordStore } from "@memodag/result-cache";
import { triggerRun } from "@memodag/scheduler";
import { Dag } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SchedulerRig } from "./scheduler-rig.ts";

const TASKS = 20;

const inert = (() => null) as never;

function chain(dagId: string): Dag {
  const dag = new Dag(dagId);
  let last: unknown = 0;
  for (let index = 0; index < TASKS; index += 1) {
    const task = dag.task(`t${index}`, inert, { cache: true });
    last = (task as (args: { of: unknown }) => unknown)({ of: last });
  }
  return dag;
}

describe.each(TEST_DIALECTS)("statuses of stores on %s", (dialect) => {
  let metastore: TestMetastore;
  let rig: SchedulerRig;

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  /** A record store whose writes wait for `until`, each by the key's task, and say when they are done. */
  function withPut(
    until: (taskId: string) => Promise<void>,
    onDone: (taskId: string) => void = () => undefined,
  ): RecordStore {
    const { records } = metastore;
    return new Proxy(records, {
      get(store, key) {
        const value: unknown = Reflect.get(store, key, store);
        if (typeof value !== "function") return value;
        if (key !== "put") return (value as (...args: unknown[]) => unknown).bind(store);
        return async (...args: Parameters<RecordStore["put"]>) => {
          await until(args[0].taskId);
          try {
            return await store.put(...args);
          } finally {
            onDone(args[0].taskId);
          }
        };
      },
    });
  }

  test("cost no transaction of their own while tasks follow one another", async () => {
    const turns = new Map(
      Array.from({ length: TASKS }, (_, index) => [
        `t${index}`,
        {
          running: Promise.withResolvers<void>(),
          mayBeStored: Promise.withResolvers<void>(),
          stored: Promise.withResolvers<void>(),
        },
      ]),
    );
    const passes: PassWrite[] = [];
    const runs = new Proxy(metastore.runs, {
      get(store, key) {
        const value: unknown = Reflect.get(store, key, store);
        if (typeof value !== "function") return value;
        if (key !== "writePass") return (value as (...args: unknown[]) => unknown).bind(store);
        return async (pass: PassWrite) => {
          passes.push(pass);
          return await store.writePass(pass);
        };
      },
    });
    const listener = {
      instanceChanged: (_run: unknown, { taskId, state }: TaskInstance) => {
        if (state === "running") turns.get(taskId)?.running.resolve();
      },
    };
    // Each result is stored while the attempt at the next task is under way, between its start and its end.
    const scripts = Object.fromEntries(
      Array.from({ length: TASKS }, (_, index) => [
        `t${index}`,
        async () => {
          const before = turns.get(`t${index - 1}`);
          await turns.get(`t${index}`)?.running.promise;
          before?.mayBeStored.resolve();
          await before?.stored.promise;
          return index;
        },
      ]),
    );
    turns.get(`t${TASKS - 1}`)?.mayBeStored.resolve();
    const records = withPut(
      async (taskId) => await turns.get(taskId)?.mayBeStored.promise,
      (taskId) => turns.get(taskId)?.stored.resolve(),
    );
    const { run, states } = await rig.run(await rig.define(chain("riding")), scripts, {
      runs,
      records,
      listener,
    });
    expect(run.state).toBe("success");
    expect(new Set(Object.values(states))).toEqual(new Set(["success/populated"]));
    const statusesAlone = passes.filter(
      ({ instances }) =>
        instances.length > 0 &&
        instances.every(
          ({ instance, leaves }) => instance.state === "success" && leaves?.state === "success",
        ),
    );
    // The last result has no other pass to go with.
    expect(statusesAlone.length).toBeLessThanOrEqual(1);
    expect(passes.length).toBeLessThanOrEqual(2 * TASKS + 3);
  });

  test("are written soon where the attempt that is under way takes long", async () => {
    const dag = new Dag("long");
    const quick = dag.task("quick", inert, { cache: true });
    const long = dag.task("long", inert);
    (quick as () => unknown)();
    (long as () => unknown)();
    const end = Promise.withResolvers<void>();
    const populated = Promise.withResolvers<TaskInstance>();
    const listener = {
      instanceChanged: (_run: unknown, instance: TaskInstance) => {
        if (instance.cacheStatus === "populated") populated.resolve(instance);
      },
    };
    const over = rig.run(await rig.define(dag), { long: () => end.promise }, { listener });
    expect(await populated.promise).toMatchObject({ taskId: "quick" });
    end.resolve();
    expect((await over).states).toEqual({ quick: "success/populated", long: "success/disabled" });
  });

  test("are written before a scheduler that stops has stopped", async () => {
    const dag = new Dag("stopped");
    const quick = dag.task("quick", inert, { cache: true });
    const long = dag.task("long", inert);
    (quick as () => unknown)();
    (long as () => unknown)();
    const version = await rig.define(dag);
    const storing = Promise.withResolvers<void>();
    const maySave = Promise.withResolvers<void>();
    const records = withPut(async () => {
      storing.resolve();
      await maySave.promise;
    });
    const { scheduler } = rig.newScheduler({ long: () => new Promise(() => undefined) }, { records });
    const { id } = await triggerRun(metastore.runs, systemClock, {
      version,
      conf: {},
      params: {},
      logicalDate: null,
      cacheMode: "use",
    });
    scheduler.start();
    await storing.promise;
    maySave.resolve();
    await scheduler.stop(0);
    const instances = await metastore.runs.listTaskInstances("default", id);
    expect(instances.find(({ taskId }) => taskId === "quick")?.cacheStatus).toBe("populated");
  });
});
