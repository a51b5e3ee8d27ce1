import { sha256 } from "@memodag/core";
import { TEST_DIALECTS, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

describe.each(TEST_DIALECTS)("remembered answers of key functions on %s", (dialect) => {
  let metastore: TestMetastore;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());

  const answers = (count: number, prefix: string): Map<string, string> =>
    new Map(
      Array.from({ length: count }, (_, index) => [sha256(`${prefix} ${index}`), `"${prefix} ${index}"`]),
    );

  test("are found by team, more than one statement takes, and stay as they were put first", async () => {
    const many = answers(2_500, "a");
    await metastore.keyMemos.put("red", many);
    await metastore.keyMemos.put("red", new Map([[sha256("a 7"), '"another"']]));
    await metastore.keyMemos.put("red", new Map());
    const asked = [...many.keys(), sha256("unknown")];
    expect(new Map(await metastore.keyMemos.find("red", asked))).toEqual(many);
    expect((await metastore.keyMemos.find("blue", asked)).size).toBe(0);
    expect((await metastore.keyMemos.find("red", [])).size).toBe(0);
  });

  test("may be put by many at once", async () => {
    const other = await metastore.openAgain();
    const same = answers(300, "rival");
    const reversed = new Map([...same].toReversed());
    await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        (index % 2 === 0 ? metastore : other).keyMemos.put("rivals", index % 3 === 0 ? same : reversed),
      ),
    );
    expect(new Map(await metastore.keyMemos.find("rivals", [...same.keys()]))).toEqual(same);
  });

  test("go when they have not been used for long; a use is noted", async () => {
    const [memo = "", ...others] = answers(5, "old").keys();
    await metastore.keyMemos.put("aged", answers(5, "old"));
    // All as old as the statement, less a millisecond: those of other tests as well.
    expect((await metastore.keyMemos.amount(86_400_000)).count).toBe(0);
    await age(2 * 86_400_000);
    await metastore.keyMemos.find("aged", [memo]);
    expect((await metastore.keyMemos.amount(86_400_000)).count).toBeGreaterThanOrEqual(4);
    const batch = await metastore.keyMemos.deleteBatch(2, 86_400_000);
    expect(batch.count).toBe(2);
    while ((await metastore.keyMemos.deleteBatch(1_000, 86_400_000)).count > 0);
    expect([...(await metastore.keyMemos.find("aged", [memo, ...others])).keys()]).toEqual([memo]);
  });

  /** Moves all uses into the past. */
  async function age(byMs: number): Promise<void> {
    await metastore.execute(`update cache_key_memo set used_at = used_at - ${byMs}`);
  }
});
