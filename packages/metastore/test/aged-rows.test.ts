import { sha256 } from "@memodag/core";
import { serializedTask } from "@memodag/core/testing";
import { TEST_DIALECTS, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { artifact, dagFile, serializedDag } from "./dags-and-runs.ts";

const DAY = 86_400_000;

describe.each(TEST_DIALECTS)("rows of an age, on %s", (dialect) => {
  let metastore: TestMetastore;
  let now: number;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    now = await metastore.readClock();
  });
  afterAll(() => metastore.close());

  async function insertActs(...daysAgo: number[]): Promise<void> {
    for (const days of daysAgo)
      await metastore.execute(
        `insert into audit_entry (at, actor_kind, actor, host, action, filter)
         values (${now - days * DAY}, 'os_user', 'ada', 'h', 'cache.gc', '{}')`,
      );
  }

  test("the audit trail loses entries from 90 days on, with their outcomes, and no others", async () => {
    await insertActs(200, 100, 91, 89);
    const [young, , old, oldest] = await metastore.audit.list({ limit: 9 });
    // The outcome of the second came much later.
    for (const [entry, days] of [
      [oldest, 200],
      [old, 10],
      [young, 89],
    ] as const)
      await metastore.execute(
        `insert into audit_outcome (entry_id, at, affected) values (${entry?.id}, ${now - days * DAY}, 1)`,
      );
    expect(await metastore.audit.amount(90 * DAY)).toEqual({ count: 2, sizeBytes: 0 });
    expect(await metastore.audit.deleteBatch(1, 90 * DAY)).toMatchObject({ count: 1 });
    expect(await metastore.audit.deleteBatch(9, 90 * DAY)).toMatchObject({ count: 1 });
    expect(await metastore.audit.deleteBatch(9, 90 * DAY)).toMatchObject({ count: 0 });
    expect((await metastore.audit.list({ limit: 9 })).map(({ id }) => id)).toEqual([young?.id, old?.id]);
    // Whatever the program is told.
    await expect(metastore.audit.deleteBatch(9, DAY)).rejects.toThrow(/append-only for 90 days/);
    expect(await metastore.audit.list({ limit: 9 })).toHaveLength(2);
  });

  test("leases that are over go after some time, those of the future and those that are held stay", async () => {
    for (const [key, expiresAt, token] of [
      ["over", now - 2 * DAY, 1],
      ["just over", now - 1, 1],
      ["held", now + DAY, 1],
      ["of the future", now - 2 * DAY, now + DAY],
    ] as const)
      await metastore.execute(
        `insert into cache_lease (team, key, token, holder, expires_at) values ('t', '${key}', ${token}, 'h', ${expiresAt})`,
      );
    await metastore.execute(
      `insert into cache_breaker (scheduler, state, since, expires_at) values ('s', 'open', 1, ${now - 2 * DAY})`,
    );
    expect(await metastore.staleRows.amount(DAY)).toMatchObject({ count: 2 });
    expect(await metastore.staleRows.deleteBatch(9, DAY)).toMatchObject({ count: 2 });
    expect(await metastore.staleRows.deleteBatch(9, DAY)).toMatchObject({ count: 0 });
    expect(await metastore.leases.tryAcquire("t", sha256("x"), "h", 1_000)).toMatchObject({
      kind: "acquired",
    });
  });

  test("sources of tasks go when no version of a Dag has them, and are not looked at again before their time", async () => {
    const [needed, shared, gone] = ["a", "b", "c"].map((text) => sha256(text)) as [string, string, string];
    const save = async (dagId: string, ...hashes: string[]) =>
      await metastore.dags.saveDagFile({
        kind: "read",
        file: dagFile(`${dagId}.ts`),
        artifact,
        dags: [
          serializedDag(dagId, {
            tasks: hashes.map((sourceHash, index) => serializedTask(`t${index}`, { sourceHash })),
          }),
        ],
        sources: [...hashes, gone].map((sourceHash) => ({ sourceHash, mode: "slice", components: [] })),
      });
    await save("one", needed);
    await save("two", shared);
    const age = () => metastore.execute(`update task_source set created_at = ${now - 40 * DAY}`);
    await age();
    expect(await metastore.sources.amount(30 * DAY)).toMatchObject({ count: 1 });
    await metastore.sources.deleteBatch(1, 30 * DAY);
    const left = await metastore.dags.findTaskSources("red", [needed, shared, gone]);
    expect([...left.keys()].toSorted()).toEqual([needed, shared].toSorted());
    expect(await metastore.sources.deleteBatch(1, 30 * DAY)).toMatchObject({ count: 0 });
    // A file that has old ones renews them, as the next collection might come first otherwise.
    await age();
    await save("three", shared);
    await metastore.execute(
      "update dag_version set dag = replace(dag, 'sourceHash', 'x') where dag_id <> 'one'",
    );
    await metastore.sources.deleteBatch(1, 30 * DAY);
    expect([...(await metastore.dags.findTaskSources("red", [needed, shared])).keys()]).toHaveLength(2);
  });
});
