import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

describe.each(TEST_DIALECTS)("the board of processes, on %s", (dialect) => {
  let metastore: TestMetastore;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());

  it("has processes from their first beat to their end, and those that were killed until they are forgotten", async () => {
    const { processes } = metastore;
    const scheduler = {
      id: "a",
      kind: "scheduler",
      host: "one",
      pid: 7,
      version: "0.1.0",
      slots: 4,
    } as const;
    const api = { ...scheduler, id: "b", kind: "api-server", slots: null } as const;
    await processes.beat(scheduler, 3_600_000);
    await processes.beat(api, 3_600_000);
    const [first] = (await processes.list()).filter(({ id }) => id === "a");
    await processes.beat({ ...scheduler, slots: 8 }, 3_600_000);
    const listed = await processes.list();
    expect(listed).toMatchObject([api, { ...scheduler, slots: 8, startedAt: first?.startedAt }]);
    for (const { silentMs } of listed) expect(silentMs).toBeLessThan(60_000);
    await processes.remove("b");
    expect(await processes.list()).toHaveLength(1);
    // A beat of another one forgets what is older than a time in the future.
    await processes.beat(api, -60_000);
    expect(await processes.list()).toEqual([]);
  });
});
