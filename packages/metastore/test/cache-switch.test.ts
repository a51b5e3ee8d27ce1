import { TEST_DIALECTS, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

describe.each(TEST_DIALECTS)("on %s", (dialect) => {
  let metastore: TestMetastore;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());

  test("the switch stands as it was turned last, and keeps who turned it when", async () => {
    const { cacheSwitch } = metastore;
    expect(await cacheSwitch.find()).toBeUndefined();
    await cacheSwitch.turn({ isEnabled: false, reason: "bad \0 data", changedBy: "ada@host" });
    const off = await cacheSwitch.find();
    expect(off).toEqual({
      isEnabled: false,
      reason: "bad \ufffd data",
      changedBy: "ada@host",
      changedAt: expect.any(Number),
    });
    expect(Math.abs((off?.changedAt ?? 0) - Date.now())).toBeLessThan(60_000);
    await cacheSwitch.turn({ isEnabled: true, reason: null, changedBy: "bob@host" });
    expect(await cacheSwitch.find()).toMatchObject({ isEnabled: true, changedBy: "bob@host" });
    expect(await cacheSwitch.list(9)).toMatchObject([{ changedBy: "bob@host" }, off]);
  });

  test("a breaker is shown until it closes or its scheduler gives no sign of life", async () => {
    const { breakers } = metastore;
    const broken = { scheduler: "a", state: "open", since: 5, error: "refused" } as const;
    await breakers.report(broken, 60_000);
    await breakers.report({ ...broken, scheduler: "b", since: 4 }, 60_000);
    await breakers.report({ ...broken, scheduler: "c" }, -1);
    await breakers.report({ ...broken, state: "half_open", since: 6 }, 60_000);
    expect(await breakers.list()).toEqual([
      { ...broken, scheduler: "b", since: 4 },
      { ...broken, state: "half_open", since: 6 },
    ]);
    await breakers.report({ ...broken, scheduler: "b", state: "closed" }, 60_000);
    expect((await breakers.list()).map(({ scheduler }) => scheduler)).toEqual(["a"]);
  });
});
