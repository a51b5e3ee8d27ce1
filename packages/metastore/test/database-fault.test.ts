import Database from "better-sqlite3";
import { openMetastore } from "@memodag/metastore";
import { findDatabaseFault } from "@memodag/metastore/faults";
import { createTestDatabase, openTestMetastore, TEST_DIALECTS } from "@memodag/metastore/testing";
import { describe, expect, test } from "vitest";

describe.each(TEST_DIALECTS)("a database fault on %s", (dialect) => {
  test("is none where memodag itself is wrong", async () => {
    await using metastore = await openTestMetastore(dialect);
    const broken = await metastore.execute("select from where").catch((error: unknown) => error);
    expect(broken).toBeInstanceOf(Error);
    expect(findDatabaseFault(broken)).toBeUndefined();
    expect(findDatabaseFault(new TypeError("x is not a function"))).toBeUndefined();
    await metastore.requireWritable();
    expect(await metastore.audit.list({ limit: 1 })).toEqual([]);
  });
});

test("a PostgreSQL server that ends connections, or is gone, is a fault", async () => {
  const database = await createTestDatabase("postgres");
  const metastore = await openMetastore(database.url);
  await metastore.migrate();
  const name = new URL(database.url).pathname.slice(1);
  const ending = database.execute(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
  );
  expect(findDatabaseFault(await ending.catch((error: unknown) => error))).toMatchObject({
    code: "database_failed",
    message: expect.stringMatching(/^The database failed \(terminating connection .*\): check that it runs/),
  });
  await database.drop();
  const gone = await metastore.runs.listRuns({ limit: 1 }).catch((error: unknown) => error);
  expect(findDatabaseFault(gone)).toMatchObject({ code: "database_failed" });
  await metastore.close();
});

test.each([
  ["SQLITE_READONLY_DIRECTORY", "database_read_only", "let the user"],
  ["SQLITE_FULL", "database_failed", "make room"],
  ["SQLITE_BUSY_SNAPSHOT", "database_failed", "try again"],
  ["SQLITE_CORRUPT_VTAB", "database_failed", "backup"],
])("SQLite's %s is a fault with a mend", (sqliteCode, code, mend) => {
  expect(findDatabaseFault(new Database.SqliteError("words", sqliteCode))).toMatchObject({
    code,
    message: expect.stringMatching(new RegExp(`\\(words\\): .*${mend}`)),
  });
});
