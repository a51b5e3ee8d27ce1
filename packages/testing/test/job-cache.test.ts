// The job cache in tests of Dags: the scheduler, its database and its keys are the real ones.

import { describe, expect, test } from "vitest";
import { Dag, getContext, type EntryRef } from "@memodag/sdk";
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
