// States that people set in transactions that are open, or that have ended.

import { systemClock, type DagRun, type DagVersion } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { clearRun, markRun, triggerRun, type MarkRequest } from "@memodag/scheduler";
import { Dag } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failed, type Script } from "./scripted-executor.ts";
import { SchedulerRig } from "./scheduler-rig.ts";

const inert: (args: Record<string, unknown>) => unknown = () => null;
const told = (): undefined => undefined;
const HOOKS = { onCommit: told, onRollback: told };
const refuse: Script = () => failed("no rows");
const forever: Script = () => new Promise(() => undefined);

describe.each(TEST_DIALECTS)("states set in transactions on %s", (dialect) => {
  let metastore: TestMetastore;
  let rig: SchedulerRig;
  let dagCount = 0;

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  /** `load` and `fetch`, and `process` after both, in a transaction; `report` after it. */
  async function define(): Promise<DagVersion> {
    const dag = new Dag(`dag${(dagCount += 1)}`);
    const etl = dag.transaction("etl", HOOKS);
    const rows = etl.task("load", inert, { cache: true, ...HOOKS })({});
    const more = etl.task("fetch", inert, { cache: true, ...HOOKS })({ n: 1 });
    const done = etl.task("process", inert, { cache: true, ...HOOKS })({ rows, more });
    dag.task("report", inert, { triggerRule: "all_done" })({ done });
    return await rig.define(dag);
  }

  /** A run, and what is called for its transaction, over all of the schedulers that hold it. */
  class Watched {
    readonly calls: string[] = [];
    readonly #version: DagVersion;
    readonly #run: DagRun;

    private constructor(version: DagVersion, run: DagRun) {
      this.#version = version;
      this.#run = run;
    }

    static async start(version: DagVersion): Promise<Watched> {
      const asked = { version, conf: {}, params: {}, logicalDate: null, cacheMode: "use" } as const;
      return new Watched(version, await triggerRun(metastore.runs, systemClock, asked));
    }

    #hooks(): Record<string, Script> {
      const note = (name: string): Script => {
        return () => {
          this.calls.push(name);
          return null;
        };
      };
      const ids = ["etl", "etl.load", "etl.fetch", "etl.process"];
      const names = ids.flatMap((id) => [`${id}.commit`, `${id}.rollback`]);
      return Object.fromEntries(names.map((name) => [name, note(name)]));
    }

    /** Has a scheduler bring the run to its end; `during` is called when `process` runs, if it does. */
    async end(
      process: Script,
      during: () => Promise<unknown> = async () => undefined,
      fetch: Script = () => "more",
    ): Promise<string[]> {
      const { scheduler, executor } = rig.newScheduler({
        ...this.#hooks(),
        "etl.fetch": fetch,
        "etl.process": async (...given) => {
          await during();
          return process(...given);
        },
      });
      const watch = await metastore.changes.watchRuns(() => scheduler.wake());
      const over = scheduler.whenOver(this.#run.id);
      scheduler.start();
      await over;
      await scheduler.whenCallbacksCalled();
      await watch.close();
      await scheduler.stop(0);
      return executor.submitted.filter((id) => /^etl\.\w+$/.test(id) && !/(commit|rollback)$/.test(id));
    }

    async mark(taskId: string, state: MarkRequest["state"]): Promise<void> {
      const of = { run: this.#run, version: this.#version };
      await markRun(metastore.runs, of, { taskId, state, downstream: false });
    }

    async clear(): Promise<void> {
      const of = { run: this.#run, version: this.#version };
      await clearRun(metastore.runs, of, { downstream: false, useCache: false });
    }

    async states(): Promise<Record<string, string>> {
      const rows = await metastore.runs.listTaskInstances("default", this.#run.id);
      return Object.fromEntries(
        rows
          .filter(({ taskId }) => taskId.startsWith("etl."))
          .map(({ taskId, state, cacheStatus, cacheReason }) => [
            taskId.slice(4),
            [state, cacheStatus, cacheReason?.code].filter((word) => word != null).join(" "),
          ]),
      );
    }

    async stored(): Promise<number> {
      return await metastore.records.count({ dagId: this.#version.dagId });
    }

    /** The calls since the last time, in order. */
    take(): string[] {
      return this.calls.splice(0);
    }
  }

  test("success of a running task ends the transaction well, and nothing of it is stored", async () => {
    const run = await Watched.start(await define());
    await run.end(forever, () => run.mark("etl.process", "success"));
    expect(await run.states()).toEqual({
      load: "success uncacheable state_set",
      fetch: "success uncacheable state_set",
      process: "success",
    });
    expect([await run.stored(), run.take().toSorted()]).toEqual([
      0,
      ["etl.commit", "etl.fetch.commit", "etl.load.commit"],
    ]);
  });

  test("failure of a task whose result is staged rolls back the others", async () => {
    const run = await Watched.start(await define());
    await run.end(
      () => 1,
      () => run.mark("etl.load", "failed"),
    );
    const { load, fetch, process } = await run.states();
    expect([load, fetch]).toEqual(["failed", "success rolled_back rolled_back"]);
    expect(process).toMatch(/^upstream_failed/);
    expect(await run.stored()).toBe(0);
    const calls = run.take();
    expect(calls.at(-1)).toBe("etl.rollback");
    expect(calls).toContain("etl.fetch.rollback");
    expect(calls).not.toContain("etl.load.rollback");
    expect(calls.filter((name) => name.endsWith("commit"))).toEqual([]);
  });

  test("skipped is as good as ended well, and the others are stored", async () => {
    const run = await Watched.start(await define());
    await run.end(forever, () => run.mark("etl.process", "skipped"));
    expect(await run.states()).toMatchObject({
      load: "success populated no_entry",
      fetch: "success populated no_entry",
      process: "skipped",
    });
    expect(await run.stored()).toBe(2);
    expect(run.take().toSorted()).toEqual(["etl.commit", "etl.fetch.commit", "etl.load.commit"]);
  });

  test("success of what had failed leaves the transaction rolled back, until it is cleared", async () => {
    const run = await Watched.start(await define());
    await run.end(refuse);
    expect(run.take()).toHaveLength(3);
    await run.mark("etl.process", "success");
    expect(await run.end(refuse)).toEqual([]);
    const rolledBack = "success rolled_back rolled_back";
    expect(await run.states()).toEqual({ load: rolledBack, fetch: rolledBack, process: "success" });
    expect([await run.stored(), run.take()]).toEqual([0, []]);

    await run.mark("etl.process", "failed");
    await run.clear();
    expect((await run.end(() => 1)).toSorted()).toEqual(["etl.fetch", "etl.load", "etl.process"]);
    expect(await run.stored()).toBe(3);
    expect(run.take().toSorted()).toEqual([
      "etl.commit",
      "etl.fetch.commit",
      "etl.load.commit",
      "etl.process.commit",
    ]);
  });

  test("failure of a task of a committed transaction takes nothing back", async () => {
    const run = await Watched.start(await define());
    await run.end(() => 1);
    expect(run.take()).toHaveLength(4);
    await run.mark("etl.load", "failed");
    expect(await run.end(refuse)).toEqual([]);
    expect(await run.states()).toMatchObject({ load: "failed", fetch: "success populated no_entry" });
    expect([await run.stored(), run.take()]).toEqual([3, []]);
  });

  test("success of what had failed has those after it run, and they are undone as well if the rest was", async () => {
    const run = await Watched.start(await define());
    await run.end(refuse, undefined, refuse);
    expect(await run.states()).toMatchObject({ fetch: "failed miss no_entry", process: "upstream_failed" });
    expect(run.take()).toEqual(["etl.load.rollback", "etl.rollback"]);
    await run.mark("etl.fetch", "success");
    expect(await run.end(() => 1)).toEqual(["etl.process"]);
    const rolledBack = "success rolled_back rolled_back";
    expect(await run.states()).toEqual({ load: rolledBack, fetch: "success", process: rolledBack });
    expect([await run.stored(), run.take()]).toEqual([0, ["etl.process.rollback", "etl.rollback"]]);
  });
});
