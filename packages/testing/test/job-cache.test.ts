// The job cache in tests of Dags: the scheduler, its database and its keys are the real ones.

import { describe, expect, test } from "vitest";
import { Dag, getCache, getContext, type EntryRef } from "@memodag/sdk";
import { testDag } from "@memodag/testing";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe("a cached task that saves entries", () => {
  const dag = new Dag("saver");
  let runs = 0;
  const save = dag.task(
    "save",
    async () => {
      runs += 1;
      const { jobCache } = getContext();
      await jobCache.group("tiles").save("1", "one");
      return await jobCache.save("tiles/2", "two");
    },
    { cache: true },
  );
  const load = dag.task(
    "load",
    async ({ ref }: { ref: EntryRef }) => text(await getContext().jobCache.load(ref)),
    { cache: true },
  );
  const list = dag.task(
    "list",
    async () => {
      const keys: string[] = [];
      for await (const key of getContext().jobCache.group("tiles").keys()) keys.push(key);
      return keys;
    },
    { cache: { reads: ["tiles/*"] } },
  );
  const saved = save();
  load({ ref: saved });
  list().after(saved);

  test("is a hit in the next run, and its entries are there", async () => {
    const dagTest = testDag(dag);
    const first = await dagTest.run();
    expect(first.state).toBe("success");
    expect(first.cacheStatuses).toEqual({ save: "populated", load: "populated", list: "populated" });
    expect(first.task("list").returned).toEqual(["1", "2"]);
    dagTest.advance("1h");
    const second = await dagTest.run();
    expect(second.cacheStatuses).toEqual({ save: "hit", load: "hit", list: "hit" });
    expect(runs).toBe(1);
    const third = await dagTest.run({ logicalDate: null, code: { list: "changed" } });
    expect(third.cacheStatuses).toEqual({ save: "hit", load: "hit", list: "populated" });
    expect(third.task("list").returned).toEqual(["1", "2"]);
  });
});

describe("a named job cache", () => {
  test("is shared by the runs of a test, restored by hits and read by declared names", async () => {
    const dag = new Dag("shared");
    const save = dag.task(
      "save",
      async ({ version }: { version: string }) => (await getCache("models").save("best", version)).digest,
      { cache: true },
    );
    const read = async () => text((await getCache("models").find("best")) ?? new Uint8Array());
    const use = dag.task("use", read, { cache: { reads: { models: ["best"] } } });
    const peek = dag.task("peek", read, { cache: true });
    const ofRun = dag.task("of_run", async () => {
      const { jobCache } = getContext();
      const was = await jobCache.has("best");
      await jobCache.save("best", "of this run");
      return was;
    });
    const version = dag.task("version", () => "one");
    const saved = save({ version: version() });
    for (const task of [use(), peek(), ofRun()]) task.after(saved);

    const dagTest = testDag(dag);
    const first = await dagTest.run();
    expect(first.cacheStatuses).toMatchObject({ save: "populated", use: "populated", peek: "uncacheable" });
    expect(first.task("peek").cacheReason).toBe("undeclared_input(models(best))");
    dagTest.advance("1h");
    const second = await dagTest.run({ mocks: { version: "two" } });
    expect(second.cacheStatuses).toMatchObject({ save: "populated", use: "populated" });
    expect(second.task("use").returned).toBe("two");
    expect(second.task("of_run").returned).toBe(false);
    // A hit is as good as a run: the older model is the best one again.
    dagTest.advance("1h");
    const third = await dagTest.run();
    expect(third.cacheStatuses).toMatchObject({ save: "hit", use: "hit" });
    expect(third.task("peek").returned).toBe("one");
    dagTest.advance("1h");
    const fourth = await dagTest.run({ mocks: { save: "not saved" } });
    expect(fourth.task("peek").returned).toBe("one");
  });

  test("forgets entries by the time of the test", async () => {
    const dag = new Dag("forgets");
    dag.task("save", async () => {
      const was = await getCache("c").has("k");
      if (!was) await getCache("c").save("k", "1", { ttl: "1h" });
      return was;
    })();
    const dagTest = testDag(dag);
    expect((await dagTest.run()).task("save").returned).toBe(false);
    dagTest.advance("59m");
    expect((await dagTest.run()).task("save").returned).toBe(true);
    dagTest.advance("2m");
    expect((await dagTest.run()).task("save").returned).toBe(false);
  });
});
