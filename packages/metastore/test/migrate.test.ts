import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { openMetastore } from "@memodag/metastore";
import { createTestDatabase, openTestMetastore, TEST_DIALECTS } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRun } from "./dags-and-runs.ts";
import { migrateTo } from "./migrate-to.ts";

const MIGRATOR = fileURLToPath(new URL("fixtures/migrate-on-message.mjs", import.meta.url));

describe.each(TEST_DIALECTS)("migrating on %s", (dialect) => {
  test("applies everything once, and says so", async () => {
    await using database = await createTestDatabase(dialect);
    const metastore = await openMetastore(database.url);
    const { pending } = await metastore.migrationStatus();
    expect(pending.length).toBeGreaterThan(0);
    await expect(metastore.requireMigrated()).rejects.toMatchObject({
      code: "database_not_migrated",
      message: expect.stringContaining("memodag db migrate"),
    });
    expect(await metastore.migrate()).toEqual(pending);
    expect(await metastore.migrate()).toEqual([]);
    expect(await metastore.migrationStatus()).toEqual({ applied: pending, pending: [], unknown: [] });
    await metastore.requireMigrated();
    await createRun(metastore, "works");
    await metastore.close();
  });

  test("takes a database of the version before, with the values in stores that its runs refer to", async () => {
    await using database = await createTestDatabase(dialect);
    const later = await migrateTo(database, "0025_run_selections");
    const xcom = (run: number, store: string) =>
      `(${run}, 'a', -1, 'return_value', 'red', 5, '${store}', 'd')`;
    await database.execute(
      `insert into xcom (dag_run_id, task_id, map_index, key, team, size_bytes, store, stored_digest)
       values ${xcom(1, "bucket")}, ${xcom(2, "bucket")}, ${xcom(3, "filesystem")}`,
    );
    const metastore = await openMetastore(database.url);
    expect(await metastore.migrate()).toEqual(later);
    const noted = async (store: string) => [...(await metastore.written.findNoted(store, "red", ["d"]))];
    expect([await noted("bucket"), await noted("filesystem")]).toEqual([["d"], []]);
    await createRun(metastore, "works");
    await metastore.close();
  });

  test("refuses a database that a newer program migrated, and leaves it as it is", async () => {
    await using metastore = await openTestMetastore(dialect);
    await metastore.execute("insert into schema_migration values ('9999_future', '2099-01-01T00:00:00Z')");
    const newer = { code: "database_newer", message: expect.stringContaining("9999_future") };
    await expect(metastore.migrate()).rejects.toMatchObject(newer);
    await expect(metastore.requireMigrated()).rejects.toMatchObject(newer);
    expect((await metastore.migrationStatus()).unknown).toEqual(["9999_future"]);
  });
});

describe("twenty processes that migrate one database at once", () => {
  let processes: ChildProcess[];
  beforeAll(async () => {
    processes = Array.from({ length: 20 }, () => fork(MIGRATOR, { execArgv: [] }));
    await Promise.all(processes.map((process) => once(process, "message")));
  }, 60_000);
  afterAll(() => processes.forEach((process) => process.disconnect()));

  test.each(TEST_DIALECTS)("leave the work to one of them, on %s", async (dialect) => {
    await using database = await createTestDatabase(dialect);
    const answers = processes.map((process) => once(process, "message") as Promise<[Answer]>);
    for (const process of processes) process.send(database.url);
    const outcomes = (await Promise.all(answers)).map(([answer]) => answer);
    expect(outcomes.flatMap((outcome) => outcome.error ?? [])).toEqual([]);
    expect(outcomes.filter((outcome) => outcome.applied?.length !== 0)).toHaveLength(1);
    const metastore = await openMetastore(database.url);
    await metastore.requireMigrated();
    await metastore.close();
  });
});

interface Answer {
  readonly applied?: readonly string[];
  readonly error?: string;
}
