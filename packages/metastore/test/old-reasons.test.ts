// Rows of the version before, which have a sentence where there is a reason now: every kind that it wrote.

import { reasonSentence, type CacheStatus, type ReasonCode } from "@memodag/core";
import { openMetastore } from "@memodag/metastore";
import { createTestDatabase, TEST_DIALECTS, type TestDatabase } from "@memodag/metastore/testing";
import { allMigrations } from "@memodag/migrations";
import { Migrator } from "kysely/migration";
import { expect, test } from "vitest";
import { openPostgres } from "../src/postgres/dialect.ts";
import { openSqlite } from "../src/sqlite/dialect.ts";
import { createRun } from "./dags-and-runs.ts";

const OLD: readonly (readonly [CacheStatus, string, ReasonCode, unknown?])[] = [
  ["disabled", "the task does not say cache: true", "not_asked_for"],
  ["disabled", "the Dag says cache: false", "dag_off"],
  ["disabled", "the run was started with --no-cache", "run_off"],
  ["disabled", "memodag cache disable by a@b at 2026-11-01T00:00:00.000Z: no_entry(x)", "switched_off"],
  ["disabled", "core.task_caching_enabled is false in memodag.toml", "switched_off"],
  ["skipped", "a refresh was asked for", "refresh_requested"],
  ["skipped", "cleared", "cleared"],
  ["skipped", "waiting for work[3] of run r 1 of run x", "waiting", { what: "work[3] of run r 1 of run x" }],
  ["miss", "waiting for work of run r", "waiting", { what: "work of run r" }],
  ["miss", "no_entry", "no_entry"],
  ["populated", "no_entry", "no_entry"],
  ["populated", "expired", "expired"],
  ["miss", "from_future", "from_future"],
  ["populated", "result_missing", "result_missing"],
  ["populated", "integrity_failed", "integrity_failed"],
  ["hit", "stored_failure", "stored_failure"],
  ["populated", "stored_failure", "stored_failure"],
  [
    "miss",
    "nondeterministic: the entry holds 0123456789ab, this run returned other bytes",
    "nondeterministic",
  ],
  ["lookup_failure", "connect ECONNREFUSED 127.0.0.1:5432", "lookup_failed"],
  ["lookup_failure", "expired", "lookup_failed"],
  [
    "lookup_failure",
    "result_not_storable(value (too) long)",
    "result_not_storable",
    { what: "value (too) long" },
  ],
  ["put_failure", "no space left on device", "store_failed"],
  ["put_failure", "undeclared_input(a)", "store_failed"],
  [
    "uncacheable",
    "input_too_large: 1000003 bytes, more than max_input_size of 1000000",
    "input_too_large",
    { sizeBytes: 1_000_003, limitBytes: 1_000_000 },
  ],
  [
    "uncacheable",
    "result_too_large: 11 bytes, more than max_result_size of 10",
    "result_too_large",
    { sizeBytes: 11, limitBytes: 10 },
  ],
  ["uncacheable", "value_not_json: a function is no JSON\nat $.rows: here", "key_failed"],
  ["uncacheable", "the surroundings were not looked at", "surroundings_unknown"],
  ["uncacheable", "unfollowed_code(eval at lib/a.ts:3)", "unfollowed_code", { what: "eval at lib/a.ts:3" }],
  [
    "uncacheable",
    "undeclared_input(env.MODE (package dep), file:data/, 3 more files)",
    "undeclared_input",
    { names: ["env.MODE (package dep)", "file:data/", "3 more files"] },
  ],
  ["uncacheable", "undeclared_input(file:a\nb (1))", "undeclared_input", { names: ["file:a\nb (1)"] }],
  ["uncacheable", "runtime_unknown(NODE_OPTIONS runs code that no key holds: -r x)", "runtime_unknown"],
  ["uncacheable", "runtime_changed(node)", "runtime_changed"],
  ["uncacheable", "program_unknown(python: ENOENT)", "program_unknown"],
  ["uncacheable", "input_late(packages: not looked at within 30s)", "input_late"],
  ["uncacheable", "input_unreadable(file:pipe: it is a named pipe)", "input_unreadable"],
  ["uncacheable", "input_changed(what the key was made of)", "input_changed"],
  ["uncacheable", "code_changed(package dep is not what the Dag was read with)", "code_changed"],
  ["uncacheable", "Something that fits nothing", "other", { what: "Something that fits nothing" }],
];

/** Brings a database to where the version before had it. */
async function migrateToBefore({ dialect, url }: TestDatabase): Promise<void> {
  const opened =
    dialect === "sqlite" ? await openSqlite(url.slice("sqlite:".length), {}) : await openPostgres(url, {});
  const all = Object.entries(allMigrations(opened.schema)).filter(([name]) => name < "0019");
  const migrator = new Migrator({
    db: opened.kysely,
    provider: { getMigrations: async () => Object.fromEntries(all) },
    migrationTableName: "schema_migration",
    migrationLockTableName: "schema_migration_lock",
  });
  expect((await migrator.migrateToLatest()).error).toBeUndefined();
  await opened.close();
}

test.each(TEST_DIALECTS)("are migrated and say the same as before, on %s", async (dialect) => {
  await using database = await createTestDatabase(dialect);
  await migrateToBefore(database);
  const metastore = await openMetastore(database.url);
  const run = await createRun(metastore, "old");
  for (const [index, [status, sentence]] of OLD.entries())
    await database.execute(
      `insert into task_instance (dag_run_id, task_id, map_index, state, try_number, max_tries, cache_status, cache_reason)
       values (${run.id}, 't${index}', -1, 'success', 1, 1, '${status}', '${sentence.replaceAll("'", "''")}')`,
    );
  expect(await metastore.migrate()).toContain("0019_cache_reasons");
  const read = new Map(
    (await metastore.runs.listTaskInstances("red", run.id)).map(({ taskId, cacheReason }) => [
      taskId,
      cacheReason,
    ]),
  );
  for (const [index, [, sentence, code, detail]] of OLD.entries()) {
    const reason = read.get(`t${index}`);
    expect(reason).toMatchObject(detail === undefined ? { code } : { code, detail });
    expect(reason && reasonSentence(reason)).toBe(sentence);
  }
  await metastore.close();
});
