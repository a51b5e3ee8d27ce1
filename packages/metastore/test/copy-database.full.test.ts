import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { copyDatabase, openMetastore, type CopiedTableReport } from "@memodag/metastore";
import {
  createTestDatabase,
  openTestMetastore,
  TEST_DIALECTS,
  type TestDatabase,
} from "@memodag/metastore/testing";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dump, fillSqlite, type Dump } from "./filled-database.ts";

const COPIER = fileURLToPath(new URL("fixtures/copy.mjs", import.meta.url));
const actor = { kind: "os_user", name: "tester", host: "here" } as const;

async function copy(
  from: string,
  to: string,
  isDeadOwner: (owner: string) => boolean = () => true,
): Promise<readonly CopiedTableReport[]> {
  const act = { actor, action: "db.copy", team: null, filter: {} } as const;
  return await copyDatabase({ from, to, options: {}, act, isDeadOwner });
}

async function migrated(dialect: "sqlite" | "postgres"): Promise<TestDatabase> {
  const database = await createTestDatabase(dialect);
  const metastore = await openMetastore(database.url);
  await metastore.migrate();
  await metastore.close();
  return database;
}

/** Without what copies recorded of themselves. */
function withoutActs(found: Dump): Dump {
  const acts = (found.get("audit_entry") ?? []).filter((row) => row.includes('"action":"db.copy"'));
  const ids = acts.map((row) => (JSON.parse(row) as { id: string }).id);
  const isOfAct = (row: string) => ids.some((id) => row.includes(`"entry_id":"${id}"`));
  return new Map(
    Array.from(found, ([table, rows]) => [table, rows.filter((row) => !acts.includes(row) && !isOfAct(row))]),
  );
}

function countsOf(found: Dump): [string, number][] {
  return Array.from(found, ([table, rows]) => [table, rows.length]);
}

describe("a database with rows in every table", () => {
  let full: TestDatabase;
  let rows: Dump;
  beforeAll(async () => {
    full = await migrated("sqlite");
    fillSqlite(full.url, 1_200);
    rows = await dump(full);
  }, 60_000);
  afterAll(() => full.drop());

  test("is the same on PostgreSQL, and back on SQLite", { timeout: 120_000 }, async () => {
    expect(countsOf(rows).filter(([, count]) => count < 3)).toEqual([]);
    await using postgres = await createTestDatabase("postgres");
    await using sqlite = await createTestDatabase("sqlite");
    for (const [from, to] of [
      [full, postgres],
      [postgres, sqlite],
    ] as const) {
      const before = await dump(from);
      const tables = await copy(from.url, to.url);
      const reported = tables.map(({ name, rows: count }): [string, number] => [name, count]);
      expect(reported.toSorted(([a], [b]) => (a < b ? -1 : 1))).toEqual(countsOf(before));
      const after = await dump(to);
      expect(countsOf(withoutActs(after))).toEqual(countsOf(rows));
      // The names alone: a difference within megabytes is not printed.
      const differing = Array.from(withoutActs(after)).filter(([table, found]) =>
        found.some((row, index) => row !== rows.get(table)?.[index]),
      );
      expect(differing.map(([table]) => table)).toEqual([]);
      const metastore = await openMetastore(to.url);
      const [act] = await metastore.audit.list({ action: "db.copy", limit: 1 });
      await metastore.close();
      const total = tables.reduce((sum, { rows: count }) => sum + count, 0);
      expect(act).toMatchObject({ actor, outcome: { kind: "done", affected: total } });
    }
  });

  test("is only read", { timeout: 60_000 }, async () => {
    const digest = () =>
      createHash("sha256")
        .update(readFileSync(full.url.slice(7)))
        .digest("hex");
    const before = digest();
    await using target = await createTestDatabase("sqlite");
    await copy(full.url, target.url);
    expect(digest()).toBe(before);
  });

  test.each(TEST_DIALECTS)("is not copied over rows, on %s", async (dialect) => {
    await using target = await openTestMetastore(dialect);
    await target.execute("insert into cache_breaker values ('one', 'open', 1, null, 2)");
    await expect(copy(full.url, target.url)).rejects.toMatchObject({
      code: "database_not_empty",
      message: expect.stringMatching(/has rows in cache_breaker: copy to an empty one/),
    });
  });

  test("leaves a target empty when it is killed", { timeout: 120_000 }, async () => {
    await using target = await migrated("postgres");
    const [holder, watcher] = [target, target].map(({ url }) => new Client({ connectionString: url }));
    await holder?.connect();
    await watcher?.connect();
    // The copy has to wait where it continues the ids of runs, after it copied other tables.
    await holder?.query("begin");
    await holder?.query("lock table dag_run in access share mode");
    const copier = spawn(process.execPath, [COPIER, full.url, target.url], { stdio: "inherit" });
    const exited = once(copier, "exit");
    const isWaiting = "select 1 from pg_locks where not granted and relation = 'dag_run'::regclass";
    while (copier.exitCode === null && (await watcher?.query(isWaiting))?.rowCount === 0);
    expect(copier.exitCode).toBe(null);
    copier.kill("SIGKILL");
    await exited;
    await holder?.end();
    await watcher?.end();
    expect(countsOf(await dump(target)).filter(([, count]) => count > 0)).toEqual([]);
    await copy(full.url, target.url);
    expect(countsOf(withoutActs(await dump(target)))).toEqual(countsOf(rows));
  });
});

describe.each(TEST_DIALECTS)("a copy from SQLite to %s", (dialect) => {
  test("that fails leaves the target empty", async () => {
    await using source = await migrated("sqlite");
    await source.execute(`
      pragma foreign_keys = off;
      insert into cache_switch values (7, 1, null, 'one', 1);
      insert into xcom values (1, 't', -1, 'k', 'team', 'gone', 1, null, null)`);
    await using target = await createTestDatabase(dialect);
    await expect(copy(source.url, target.url)).rejects.toMatchObject({
      code: "database_copy_failed",
      message: expect.stringMatching(/the table xcom cannot be copied .*nothing was copied/),
    });
    expect(countsOf(await dump(target)).filter(([, count]) => count > 0)).toEqual([]);
  });

  test("gives no number again that was given, even to a row that is gone", async () => {
    await using source = await migrated("sqlite");
    await source.execute(`
      insert into cache_switch values (7, 1, null, 'one', 1), (41, 1, null, 'two', 2);
      delete from cache_switch where id = 41`);
    await using target = await createTestDatabase(dialect);
    await copy(source.url, target.url);
    await using back = await createTestDatabase("sqlite");
    await copy(target.url, back.url);
    for (const one of [target, back]) {
      const columns = "(is_enabled, reason, changed_by, changed_at)";
      await one.execute(`insert into cache_switch ${columns} values (1, null, 'three', 3)`);
      expect((await dump(one)).get("cache_switch")?.some((row) => row.includes('"id":"integer 42"'))).toBe(
        true,
      );
    }
  });
});

describe.each(TEST_DIALECTS)("a source on %s", (dialect) => {
  const insertRun = (expiry: string) => `
    insert into dag_artifact values ('a', '', 1);
    insert into dag_version (team, dag_id, digest, dag, artifact_digest, bundle, path, tags, task_count, created_at)
      values ('t', 'etl', 'd', '{}', 'a', 'b', 'p', '[]', 1, 1);
    insert into dag_run (team, dag_id, run_id, run_type, dag_version_id, state, conf, params, cache_mode, created_at,
      lease_owner, lease_expires_at)
      values ('t', 'etl', 'run-1', 'manual', 1, 'running', '{}', '{}', 'on', 1, 'host:4711:abc', ${expiry})`;

  test("on which a scheduler works is refused, and one whose scheduler is dead is not", async () => {
    await using source = await migrated(dialect);
    await source.execute(insertRun("9000000000000"));
    await using target = await createTestDatabase("sqlite");
    await expect(copy(source.url, target.url, () => false)).rejects.toMatchObject({
      code: "database_in_use",
      message: expect.stringMatching(/host:4711:abc \(process 4711\) works on the run run-1 of etl: stop/),
    });
    expect(await copy(source.url, target.url, (owner) => owner === "host:4711:abc")).toContainEqual({
      name: "dag_run",
      rows: 1,
    });
  });

  test("whose leases have expired is copied", async () => {
    await using source = await migrated(dialect);
    await source.execute(insertRun("1"));
    await using target = await createTestDatabase("sqlite");
    const tables = await copy(source.url, target.url, () => false);
    expect(tables).toContainEqual({ name: "dag_run", rows: 1 });
  });

  test("that is not migrated, or is the target itself, is refused", async () => {
    await using source = await createTestDatabase(dialect);
    await source.execute("create table stranger (id integer)");
    await using target = await createTestDatabase("sqlite");
    await expect(copy(source.url, target.url)).rejects.toMatchObject({ code: "database_not_migrated" });
    await expect(copy(source.url, source.url)).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining("is the configured database itself"),
    });
  });
});
