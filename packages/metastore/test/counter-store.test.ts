import { TEST_DIALECTS, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { COUNT_NAMES, NO_COUNTS, type CacheCounts, type TaskCounts } from "@memodag/result-cache";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ONES = Object.fromEntries(
  COUNT_NAMES.map((name, index) => [name, index + 1]),
) as unknown as CacheCounts;

describe.each(TEST_DIALECTS)("the counter store on %s", (dialect) => {
  let metastore: TestMetastore;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());

  const of = (team: string, taskId: string, counts: Partial<CacheCounts>): TaskCounts => ({
    team,
    dagId: "dag",
    taskId,
    counts: { ...NO_COUNTS, ...counts },
  });

  test("adds everything up, and keeps the longest lookup", async () => {
    await metastore.counters.add([of("sums", "a", ONES), of("sums", "b", { hits: 7 })]);
    await metastore.counters.add([of("sums", "a", { ...ONES, lookupMaxMs: 99.5, savedMs: 0.25 })]);
    await metastore.counters.add([of("sums", "a", { lookupMaxMs: 3 })]);
    await metastore.counters.add([]);
    const doubled = Object.fromEntries(COUNT_NAMES.map((name) => [name, ONES[name] * 2]));
    const a = { ...doubled, lookupMaxMs: 99.5, savedMs: ONES.savedMs + 0.25 };
    expect(await metastore.counters.list({ team: "sums" })).toEqual([
      { team: "sums", dagId: "dag", taskId: "a", counts: a },
      of("sums", "b", { hits: 7 }),
    ]);
  });

  test("counts what many add at once, in any order", async () => {
    const other = await metastore.openAgain();
    const counts = Array.from({ length: 30 }, (_, index) => of("rivals", `task ${index}`, { hits: 1 }));
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? metastore : other).counters.add(index % 3 === 0 ? counts.toReversed() : counts),
      ),
    );
    const listed = await metastore.counters.list({ team: "rivals" });
    expect(listed.map((task) => task.counts.hits)).toEqual(counts.map(() => 20));
  });

  test("takes more tasks than one statement does", async () => {
    const many = Array.from({ length: 1_200 }, (_, index) => of("many", `task ${index}`, { misses: 1 }));
    await metastore.counters.add(many);
    await metastore.counters.add(many);
    const listed = await metastore.counters.list({ team: "many" });
    expect(listed.reduce((sum, { counts }) => sum + counts.misses, 0)).toBe(2_400);
  });

  test("narrows by whole names, and shows one team nothing of another's", async () => {
    await metastore.counters.add([of("red", "x_y", { hits: 1 }), of("blue", "x_y", { hits: 2 })]);
    await metastore.counters.add([of("red", "x", { hits: 3 })]);
    const hits = async (filter: Parameters<typeof metastore.counters.list>[0]) =>
      (await metastore.counters.list(filter)).map((task) => task.counts.hits);
    expect(await hits({ team: "red" })).toEqual([3, 1]);
    expect(await hits({ team: "red", taskId: "x_y" })).toEqual([1]);
    expect(await hits({ taskId: "x_y" })).toEqual([2, 1]);
    expect(await hits({ taskId: "x%" })).toEqual([]);
    expect(await hits({ team: "red", dagId: "other" })).toEqual([]);
  });
});
