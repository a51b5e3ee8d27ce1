import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { Dag, type CacheConfig } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failed, type Script } from "./scripted-executor.ts";
import { SchedulerRig, type RigRun } from "./scheduler-rig.ts";

const inert: (args: Record<string, unknown>) => unknown = () => null;

const refuse: Script = () => {
  throw new Error("no such region");
};

describe.each(TEST_DIALECTS)("a failure, remembered on %s,", (dialect) => {
  let rig: SchedulerRig;
  let metastore: TestMetastore;
  let dagCount = 0;

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  function newDag(): (cache: CacheConfig | true, retries?: number) => Dag {
    const name = `dag${(dagCount += 1)}`;
    return (cache, retries = 0) => {
      const dag = new Dag(name);
      const after = dag.task("after", inert);
      after({ of: dag.task("load", inert, { cache, retries })({}) });
      return dag;
    };
  }

  const instanceOf = ({ instances }: RigRun, taskId: string) =>
    instances.find((instance) => instance.taskId === taskId);

  test("fails the next run without a process, and says whose it is and how to try again", async () => {
    const version = await rig.define(newDag()({ errors: "1h" }, 1));
    const first = await rig.run(version, { load: refuse });
    expect(first.states).toEqual({ load: "failed/populated", after: "upstream_failed/null" });
    expect(first.executor.submitted).toEqual(["load", "load"]);
    expect(instanceOf(first, "load")).toMatchObject({
      cacheReason: { code: "stored_failure" },
      error: { code: "task_failed", message: "no such region" },
    });

    const second = await rig.run(version, { load: refuse });
    expect(second.run).toMatchObject({ state: "failed", processesSpawned: 0 });
    expect(second.states).toEqual({ load: "failed/hit", after: "upstream_failed/null" });
    expect(instanceOf(second, "load")).toMatchObject({
      cacheReason: { code: "stored_failure" },
      tryNumber: 0,
      durationMs: 0,
      producer: { runId: first.run.runId, tryNumber: 2 },
      error: { code: "task_failed" },
    });
    expect(instanceOf(second, "load")?.error?.message).toMatch(
      new RegExp(
        `^no such region \\(remembered from run ${first.run.runId}, [0-9.]+m?s ago: .*--no-cached-errors or clear`,
      ),
    );
    const third = await rig.run(version, { load: refuse });
    expect(instanceOf(third, "load")?.error?.message.match(/remembered/g)).toHaveLength(1);
  });

  test("is one only where the author asked for it", async () => {
    const dag = newDag();
    const plain = await rig.define(dag(true));
    await rig.run(plain, { load: refuse });
    expect((await rig.run(plain, { load: refuse })).states["load"]).toBe("failed/miss");

    await rig.run(await rig.define(dag({ errors: "1h" })), { load: refuse });
    const reader = await rig.run(await rig.define(dag(true)), { load: refuse });
    expect(reader.states["load"]).toBe("failed/miss");
    expect(reader.executor.submitted).toEqual(["load"]);
  });

  test("is as old as the reader allows", async () => {
    const version = await rig.define(newDag()({ errors: "1h" }));
    await rig.run(version, { load: refuse });
    await metastore.execute(`update cache_record set created_at = created_at - 3600001,
      expires_at = expires_at - 3600001 where dag_id = '${version.dagId}'`);
    const late = await rig.run(version, { load: refuse });
    expect(late.states["load"]).toBe("failed/populated");
    expect((await rig.run(version, { load: refuse })).states["load"]).toBe("failed/hit");
  });

  test("is passed over by a refresh, and gives way to a result", async () => {
    const version = await rig.define(newDag()({ errors: "1h" }));
    await rig.run(version, { load: refuse });
    const again = await rig.run(version, { load: refuse }, { cacheMode: "refresh" });
    expect(again.states["load"]).toBe("failed/skipped");
    expect(instanceOf(again, "load")?.cacheReason).toEqual({ code: "stored_failure" });
    const refreshed = await rig.run(version, { load: () => 1 }, { cacheMode: "refresh" });
    expect(refreshed.states["load"]).toBe("success/skipped");
    const after = await rig.run(version, { load: refuse });
    expect(after.states["load"]).toBe("success/hit");
    expect(await rig.returned(after, "load")).toBe(1);
  });

  test("does not take the place of a result", async () => {
    const version = await rig.define(newDag()({ errors: "1h" }));
    await rig.run(version, { load: () => 1 });
    const broken = await rig.run(version, { load: refuse }, { cacheMode: "refresh" });
    expect(broken.states["load"]).toBe("failed/skipped");
    expect((await rig.run(version, { load: refuse })).states["load"]).toBe("success/hit");
  });

  test.each(["task_timeout", "task_killed", "task_exited", "worker_failed"])(
    "is never the moment's or the machine's: %s",
    async (code) => {
      const version = await rig.define(newDag()({ errors: "1h" }));
      const scripts = { load: () => failed("too late", { code }) };
      await rig.run(version, scripts);
      expect((await rig.run(version, scripts)).states["load"]).toBe("failed/miss");
    },
  );

  test("came of nothing but what is in the key", async () => {
    const version = await rig.define(newDag()({ errors: "1h" }));
    const others = { packages: [{ name: "ml-cart", version: "2.1.2" }] };
    for (const own of [
      { uncacheable: { code: "undeclared_input", detail: { names: ["logicalDate"] } } as const },
      others,
    ]) {
      const scripts = { load: () => failed("no", own) };
      await rig.run(version, scripts);
      expect((await rig.run(version, scripts)).states["load"]).toBe("failed/miss");
    }
  });

  test("is not one when nobody vouches for it", async () => {
    const version = await rig.define(newDag()({ errors: "1h" }));
    const {
      uncacheable: _,
      packages: __,
      ...unvouched
    } = failed("no") as ReturnType<typeof failed> & {
      kind: "failed";
    };
    const scripts = { load: () => unvouched };
    await rig.run(version, scripts);
    expect((await rig.run(version, scripts)).states["load"]).toBe("failed/miss");
  });

  test("serves all who waited for the one that failed", async () => {
    const dag = new Dag(`dag${(dagCount += 1)}`);
    const load = dag.task("load", inert as (args: { n: number }) => number, {
      cache: { errors: "1h", serialize: true },
    });
    load.partial({}).expand({ n: Array.from({ length: 20 }, () => 7) });
    const { run, states, executor } = await rig.run(await rig.define(dag), { load: refuse });
    expect(run.state).toBe("failed");
    expect(executor.submitted).toHaveLength(1);
    const counts = Object.values(states).toSorted();
    expect(counts).toEqual([...Array.from({ length: 19 }, () => "failed/hit"), "failed/populated"]);
  });
});
