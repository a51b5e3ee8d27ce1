import { setTimeout as rest } from "node:timers/promises";
import { TEST_DIALECTS, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { cacheRecord } from "./cache-records.ts";

const HOUR = 3_600_000;

/** Enough for several batches. */
const MANY = 2_000;

async function fill(metastore: TestMetastore, ageMs: number, name: string): Promise<void> {
  const createdAt = (await metastore.readClock()) - ageMs;
  await metastore.execute(`
    insert into cache_record (team, key, dag_id, task_id, source_hash, components, xcoms, result_digest,
        size_bytes, producer_run_id, producer_map_index, producer_try_number, duration_ms, created_at)
      with recursive n (i) as (select 1 union all select i + 1 from n where i < ${MANY})
      select 'red', '${name}' || i, 'dag', 'task', 'source', '{}', '[]', '', 1, 'r', -1, 1, 1.5, ${createdAt} from n`);
}

describe.each(TEST_DIALECTS)("a long purge on %s", (dialect) => {
  let metastore: TestMetastore;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());
  afterEach(() => metastore.records.purge({}));

  test("leaves what is stored in a record's place while it is under way", async () => {
    await fill(metastore, HOUR, "old");
    const filter = { team: "red", dagId: "dag", olderThanMs: HOUR / 2 };
    const [last] = await metastore.records.list(filter, { limit: 1, offset: MANY - 1 });
    const purging = metastore.records.purge(filter);
    const record = { ...cacheRecord("replaced", { team: "red", dagId: "dag" }), key: last!.key };
    await metastore.records.put(record, "replace");
    await purging;
    expect(await metastore.records.count({ team: "red" })).toBe(1);
    expect((await metastore.records.find("red", [record.key])).get(record.key)?.xcoms).toEqual(record.xcoms);
  });
});

describe("a purge on PostgreSQL", () => {
  let metastore: TestMetastore;
  let other: Client;
  beforeAll(async () => {
    metastore = await openTestMetastore("postgres");
    other = new Client({ connectionString: metastore.url });
    await other.connect();
  });
  afterAll(async () => {
    await other.end();
    await metastore.close();
  });

  test("goes past a record that another transaction holds, holds nothing meanwhile, and comes back for it", async () => {
    await fill(metastore, HOUR, "held");
    await other.query("begin");
    await other.query("select 1 from cache_record where key = 'held7' for update");
    const purging = metastore.records.purge({ team: "red" });
    while ((await metastore.records.count({ team: "red" })) > 1) await rest(5);
    // Whoever holds it goes on to what the purge has written, and waits for nobody.
    await other.query("update cache_removal set cause = 'expired' where team = 'red'");
    await other.query("commit");
    expect(await purging).toBe(MANY);
    expect(await metastore.records.count({})).toBe(0);
  });

  test("means by an age what it meant when it began", async () => {
    await metastore.records.put(cacheRecord("held"), "keep-live");
    await metastore.execute(`update cache_record set created_at = created_at - ${HOUR}`);
    await metastore.records.put(cacheRecord("young"), "keep-live");
    await other.query("begin");
    await other.query("select 1 from cache_record where created_at < $1 for update", [
      (await metastore.readClock()) - HOUR / 2,
    ]);
    const filter = { olderThanMs: 1_500 };
    const purging = metastore.records.purge(filter);
    while ((await metastore.records.count(filter)) < 2) await rest(5);
    await other.query("commit");
    expect(await purging).toBe(1);
    expect(await metastore.records.count({})).toBe(1);
    await metastore.records.purge({});
  });

  test("ends by itself, saying so, when nobody lets go", async () => {
    await metastore.records.put(cacheRecord("kept", { team: "red" }), "keep-live");
    await other.query("begin");
    await other.query("select 1 from cache_record for update");
    await expect(metastore.records.purge({})).rejects.toMatchObject({ code: "database_failed" });
    await other.query("rollback");
    expect(await metastore.records.purge({})).toBe(1);
  });

  test("and counting hits and collecting at once never wait in a circle", async () => {
    await fill(metastore, HOUR, "busy");
    const hits = Array.from({ length: MANY }, (_, index) => ({ key: `busy${MANY - index}`, count: 1 }));
    const retention = (await metastore.records.retention!())!;
    const doomed = await retention.listLeastUsed(MANY, 0);
    const [first, second, collected] = await Promise.all([
      metastore.records.purge({ team: "red" }),
      metastore.records.purge({ dagId: "dag" }),
      retention.deleteUnused(doomed, "evicted"),
      ...Array.from({ length: 5 }, () => metastore.records.touch("red", hits)),
    ]);
    expect(first + second + collected.count).toBe(MANY);
    expect(await metastore.records.count({ team: "red" })).toBe(0);
  });
});
