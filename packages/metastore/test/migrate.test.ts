import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { openMetastore } from "@memodag/metastore";
import {
  createTestDatabase,
  openTestMetastore,
  TEST_DIALECTS,
  type TestDatabase,
} from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRun } from "./dags-and-runs.ts";
import { migrateTo } from "./migrate-to.ts";

const LOCK_HOLDER = fileURLToPath(new URL("fixtures/hold-write-lock.mjs", import.meta.url));
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

  test("sums up the runs that ended in a database of the version before", async () => {
    await using database = await createTestDatabase(dialect);
    await migrateTo(database, "0041_instance_workers");
    const { run, rows } = await endedRunOf(database);
    const metastore = await openMetastore(database.url);
    await metastore.migrate();
    const sums = { hits: 1, ran: 1, failed: 1, savedMs: 40, workedMs: 3 };
    expect(await metastore.runs.findRun("red", "old", "r1")).toMatchObject({ revision: 0, sums });
    const summed = (await metastore.views.sumUp("red", [run])).get(run);
    expect(summed?.run).toEqual(sums);
    expect(summed?.tasks.size).toBe(rows);
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

test("waits longer for another process's migration than for other writes, on sqlite", async () => {
  await using database = await createTestDatabase("sqlite");
  const holder = fork(LOCK_HOLDER, [database.url.replace("sqlite:", ""), "500"], { execArgv: [] });
  await once(holder, "message");
  const metastore = await openMetastore(database.url, { sqlite: { busyTimeoutMs: 10 } });
  expect(await metastore.migrate()).not.toEqual([]);
  await metastore.close();
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

/** A run with a hit, a failure and a task that was skipped, as earlier versions wrote them. */
async function endedRunOf({ execute }: TestDatabase): Promise<{ run: number; rows: number }> {
  await execute("insert into dag_artifact (digest, code, created_at) values ('d', '', 1)");
  await execute(
    `insert into dag_version (team, dag_id, digest, dag, artifact_digest, bundle, path, tags, task_count, created_at)
     values ('red', 'old', 'd', '{}', 'd', 'b', 'p', '[]', 3, 1)`,
  );
  await execute(
    `insert into dag_run (team, dag_id, run_id, run_type, dag_version_id, state, conf, params, cache_mode, created_at,
       started_at, ended_at)
     values ('red', 'old', 'r1', 'manual', 1, 'failed', '{}', '{}', 'use', 1, 2, 9)`,
  );
  await execute(
    `insert into task_instance (dag_run_id, task_id, map_index, state, try_number, max_tries, cache_status, started_at,
       ended_at, duration_ms, saved_ms)
     values (1, 'a', -1, 'success', 0, 1, 'hit', 2, 2, 0, 40), (1, 'b', -1, 'failed', 1, 1, 'miss', 2, 5, 3, null),
       (1, 'c', -1, 'upstream_failed', 0, 1, null, null, 5, null, null)`,
  );
  return { run: 1, rows: 3 };
}

interface Answer {
  readonly applied?: readonly string[];
  readonly error?: string;
}
