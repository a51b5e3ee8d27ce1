import { sha256, type PassWrite } from "@memodag/core";
import { openMetastore } from "@memodag/metastore";
import { createTestDatabase, openTestMetastore, TEST_DIALECTS } from "@memodag/metastore/testing";
import { describe, expect, test } from "vitest";
import { bytesOf, createRun, instance } from "./dags-and-runs.ts";
import { migrateTo } from "./migrate-to.ts";

const OLD = bytesOf('"from before"');

/** A run of before, with an instance and two XComs of one value. */
const ROWS_OF_BEFORE = `
  insert into dag_artifact (digest, code, created_at) values ('a', '', 1);
  insert into dag_version (team, dag_id, digest, dag, artifact_digest, bundle, path, tags, task_count, created_at,
    max_active_runs)
    values ('red', 'old', 'd', '{}', 'a', 'b', 'old.ts', '[]', 1, 1, 16);
  insert into dag (team, dag_id, bundle, path, version_id) values ('red', 'old', 'b', 'old.ts', 1);
  insert into dag_run (team, dag_id, run_id, run_type, dag_version_id, state, conf, params, cache_mode, created_at)
    values ('red', 'old', 'r1', 'manual', 1, 'running', '{}', '{}', 'use', 1);
  insert into result (team, digest, size_bytes, created_at, bytes)
    values ('red', '${OLD.digest}', 13, 1, '"from before"');
  insert into xcom (dag_run_id, task_id, map_index, key, team, digest, size_bytes)
    values (1, 't', -1, 'return_value', 'red', '${OLD.digest}', 13);
  insert into xcom (dag_run_id, task_id, map_index, key, team, digest, size_bytes)
    values (1, 't', -1, 'also', 'red', '${OLD.digest}', 13);`;

describe.each(TEST_DIALECTS)("values apart from rows on %s", (dialect) => {
  test("leave XComs of before where they are, and their bytes safe", async () => {
    await using database = await createTestDatabase(dialect);
    await migrateTo(database, "0018_record_seals");
    await database.execute(ROWS_OF_BEFORE);

    const metastore = await openMetastore(database.url);
    expect(await metastore.migrate()).toContain("0020_values_apart");
    const old = { taskId: "t", mapIndex: -1, digest: OLD.digest, sizeBytes: 13, store: null };
    const run = await metastore.runs.findRun("red", "old", "r1");
    expect(await metastore.runs.listXComs("red", run?.id ?? 0)).toEqual([
      { ...old, key: "also" },
      { ...old, key: "return_value" },
    ]);
    await metastore.results.delete("red", [OLD.digest]);
    expect((await metastore.results.read("red", [OLD.digest])).size).toBe(1);
    await expect(database.execute("delete from result")).rejects.toThrow(/foreign key/i);
    await metastore.close();
  });

  test("refer to a store by name, without bytes in the database", async () => {
    await using metastore = await openTestMetastore(dialect);
    const run = await createRun(metastore, "stored");
    await metastore.runs.claimRuns({ owner: "me", leaseMs: 60_000, limit: 1, deadOwners: [] });
    const xcom = { taskId: "a", mapIndex: -1, key: "return_value", sizeBytes: 9, digest: sha256("far away") };
    const pass: PassWrite = {
      runId: run.id,
      owner: "me",
      run: {
        leaves: "queued",
        state: "running",
        startedAt: 1,
        endedAt: null,
        processesSpawned: 0,
        lookups: 0,
      },
      instances: [{ instance: instance("a"), leaves: null }],
      removed: [],
      xcoms: [{ ...xcom, store: "./s3.mjs" }],
    };
    expect(await metastore.runs.writePass(pass)).toEqual({ kind: "written" });
    expect(await metastore.runs.listXComs("red", run.id)).toEqual([{ ...xcom, store: "./s3.mjs" }]);
    expect((await metastore.results.read("red", [xcom.digest])).size).toBe(0);

    const shown = (team: string, store: string) =>
      metastore.runs.findShownDigests(team, store, [xcom.digest]);
    expect(await shown("red", "./s3.mjs")).toEqual(new Set([xcom.digest]));
    expect(await shown("red", "filesystem")).toEqual(new Set());
    expect(await shown("blue", "./s3.mjs")).toEqual(new Set());

    // A later try's value may be elsewhere again.
    const later = bytesOf("1");
    await metastore.results.write("red", [later]);
    const rewritten = { ...xcom, digest: later.digest, sizeBytes: 1, store: null };
    const second = { ...pass, run: { ...pass.run, leaves: "running" as const }, instances: [] };
    expect(await metastore.runs.writePass({ ...second, xcoms: [rewritten] })).toEqual({ kind: "written" });
    const [claimed] = await metastore.runs.claimRuns({
      owner: "next",
      leaseMs: 1,
      limit: 1,
      deadOwners: ["me"],
    });
    expect(claimed?.xcoms).toEqual([rewritten]);
    expect(await shown("red", "./s3.mjs")).toEqual(new Set());
  });
});
