import { setTimeout as rest } from "node:timers/promises";
import { openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { sha256 } from "@memodag/core";
import Database from "better-sqlite3";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cacheRecord } from "./cache-records.ts";
import { bytesOf } from "./dags-and-runs.ts";

describe("cancelling on PostgreSQL", () => {
  let metastore: TestMetastore;
  let blocker: Client;
  beforeAll(async () => {
    metastore = await openTestMetastore("postgres", { postgres: { maxConnections: 1 } });
    blocker = new Client({ connectionString: metastore.url });
    await blocker.connect();
    await metastore.records.put(cacheRecord("present"), "keep-live");
    await metastore.results.write("red", [bytesOf("present")]);
  });
  afterAll(async () => {
    await blocker.end();
    await metastore.close();
  });

  /** Who waits for a lock, by what they ask. */
  async function waiting(): Promise<string[]> {
    // Asked for on the connection that holds the lock, so that it answers.
    const { rows } = await blocker.query<{ query: string }>(
      "select query from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
    );
    return rows.map((row) => row.query);
  }

  async function until(condition: () => Promise<boolean>): Promise<void> {
    while (!(await condition())) await rest(5);
  }

  test.each([
    ["cache_record", (signal: AbortSignal) => metastore.records.find("red", [sha256("present")], { signal })],
    ["result", (signal: AbortSignal) => metastore.results.read("red", [sha256("present")], { signal })],
  ] as const)("ends a read of %s on the server, and the connection is of use again", async (table, read) => {
    await blocker.query(`begin; lock table ${table}`);
    const deadline = new AbortController();
    const found = read(deadline.signal);
    await until(async () => (await waiting()).length === 1);
    deadline.abort(new Error("deadline"));
    await expect(found).rejects.toThrow("deadline");
    // The lock is still held: the query is gone since it was cancelled, not since it was answered.
    await until(async () => (await waiting()).length === 0);
    await blocker.query("rollback");
    // The pool has one connection alone, and it answers.
    expect((await read(new AbortController().signal)).size).toBe(1);
  });

  test("gives up the wait for a connection too", async () => {
    await blocker.query("begin; lock table cache_record");
    const [first, second] = [new AbortController(), new AbortController()];
    const running = metastore.records.find("red", [sha256("present")], { signal: first.signal });
    await until(async () => (await waiting()).length === 1);
    const queued = metastore.records.find("red", [sha256("present")], { signal: second.signal });
    second.abort(new Error("second"));
    await expect(queued).rejects.toThrow("second");
    await blocker.query("rollback");
    expect((await running).size).toBe(1);
    expect(await metastore.records.count({ team: "red" })).toBe(1);
  });

  test("lets the server end statements that take too long", async () => {
    const impatient = await metastore.openAgain({ postgres: { statementTimeoutMs: 50 } });
    await blocker.query("begin; lock table cache_record");
    await expect(impatient.records.find("red", [sha256("present")])).rejects.toMatchObject({ code: "57014" });
    await blocker.query("rollback");
    expect((await impatient.records.find("red", [sha256("present")])).size).toBe(1);
  });

  test("survives its connections being cut", async () => {
    const other = await metastore.openAgain({ postgres: { maxConnections: 1 } });
    await other.records.count({});
    await blocker.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()",
    );
    // Whichever call finds the connection cut fails; the process, and the calls after it, do not.
    const count = (): Promise<number> => other.records.count({ team: "red" });
    await until(() =>
      count().then(
        () => true,
        () => false,
      ),
    );
    expect(await count()).toBe(1);
  });
});

describe("waiting on SQLite", () => {
  test("ends when the time given for it has passed", async () => {
    await using metastore = await openTestMetastore("sqlite");
    const hasty = await metastore.openAgain({ sqlite: { busyTimeoutMs: 10 } });
    const blocker = new Database(metastore.url.slice("sqlite:".length));
    blocker.exec("begin immediate");
    // Readers are not in a writer's way, nor is it in theirs.
    expect(await hasty.records.find("red", [sha256("x")])).toEqual(new Map());
    await expect(hasty.records.put(cacheRecord("x"), "keep-live")).rejects.toMatchObject({
      code: "SQLITE_BUSY",
    });
    blocker.exec("rollback");
    expect(await hasty.records.put(cacheRecord("x"), "keep-live")).toEqual({ kind: "stored" });
    blocker.close();
  });
});
