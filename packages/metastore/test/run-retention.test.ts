import { setTimeout as rest } from "node:timers/promises";
import type { AuditAct, DagRun, RunRetention } from "@memodag/core";
import { TEST_DIALECTS, endRuns, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseDatabaseUrl } from "../src/database-url.ts";
import { openDialect } from "../src/open-dialect.ts";
import { RUN_ROWS } from "../src/retention/drain-runs.ts";
import { newRun, saveDag } from "./dags-and-runs.ts";

const act: AuditAct = {
  actor: { kind: "os_user", name: "ada", host: "host" },
  action: "runs.delete",
  team: "red",
  filter: {},
};

/** Deletes all that removed runs have left, and returns in how many steps. */
async function drainAll(retention: RunRetention, limit = 100): Promise<number> {
  let steps = 0;
  while (await retention.drain(limit)) steps += 1;
  return steps;
}

describe.each(TEST_DIALECTS)("removing runs on %s", (dialect) => {
  let metastore: TestMetastore;
  let dagCount = 0;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());

  const dagId = (): string => `dag${(dagCount += 1)}`;
  const one = async (options = {}): Promise<DagRun> => {
    const [run] = await endRuns(metastore, dagId(), options);
    if (!run) throw new Error("no run was made");
    return run;
  };
  const remove = (run: DagRun, team = "red") => metastore.runRetention.removeRuns(team, [run.id]);
  const refusal = (run: DagRun, obstacle: string, state: string | null = "success") => ({
    kind: "refused",
    id: run.id,
    obstacle,
    state,
  });

  test("a run is gone at once, and its rows follow in steps", async () => {
    const runs = await endRuns(metastore, dagId(), { runs: 3, instances: 50 });
    const [first, second, third] = runs as [DagRun, DagRun, DagRun];
    const counted = { instances: 100, xcoms: 100, entries: 0 };
    expect(await metastore.runRetention.count([first.id, second.id])).toEqual(counted);
    const outcome = await metastore.runRetention.removeRuns("red", [first.id, second.id], act);
    expect(outcome).toEqual({ kind: "removed" });
    const left = await metastore.runs.listRuns({ team: "red", dagId: first.dagId, limit: 9 });
    expect(left.map(({ id }) => id)).toEqual([third.id]);
    expect(await metastore.runs.listTaskInstances("red", first.id)).toEqual([]);
    const instances = `task_instance where dag_run_id in (${first.id}, ${second.id})`;
    for (const count of [70, 40, 10, 0]) {
      expect(await metastore.runRetention.drain(30)).toBe(true);
      expect(await countRows(instances)).toBe(count);
    }
    expect(await metastore.runRetention.drain(30)).toBe(false);
    expect(await metastore.runs.listXComs("red", first.id)).toEqual([]);
    expect(await metastore.runs.listTaskInstances("red", third.id)).toHaveLength(50);
    expect(await metastore.runs.listXComs("red", third.id)).toHaveLength(50);
    const [written] = await metastore.audit.list({ limit: 1 });
    expect(written).toMatchObject({ action: "runs.delete", outcome: { kind: "done", affected: 2 } });
    const removed = await metastore.runRetention.listRemoved(0, 100);
    expect(removed.map(({ id }) => id)).toEqual(expect.arrayContaining([first.id, second.id]));
    // A run that has the name again has its logs under it.
    const { dagVersionId } = first;
    await metastore.runs.createRun(newRun(first.dagId, dagVersionId, { runId: first.runId }));
    expect(await metastore.runRetention.listRemoved(0, 100)).not.toContainEqual(
      expect.objectContaining({ id: first.id }),
    );
  });

  test("nothing that names a run by its number is forgotten", async () => {
    const opened = await openDialect(parseDatabaseUrl(metastore.url, "/"), {});
    try {
      const tables = await opened.kysely.introspection.getTables();
      const naming = tables.filter(({ columns }) => columns.some(({ name }) => name === "dag_run_id"));
      const known = [...RUN_ROWS.map(({ table }) => table), "removed_run"];
      expect(naming.map(({ name }) => name).toSorted()).toEqual(known.toSorted());
    } finally {
      await opened.close();
    }
  });

  test("what a run saved in a cache that runs share stays, and so does an entry of a Dag named as its number", async () => {
    const run = await one();
    const entry = (scope: string, key: string, pending = 0) => `
      insert into cache_entry (team, cache, scope_id, key, dag_run_id, task_id, map_index, attempt_id, is_pending,
        saved_at) values ('red', 'c', '${scope}', '${key}', ${run.id}, 'a', -1, 'x${run.id}', ${pending}, 1)`;
    await metastore.execute(entry(String(run.id), "own"));
    await metastore.execute(entry(run.dagId, "of the Dag"));
    await metastore.execute(entry("", "of the team"));
    await metastore.execute(entry("", "pending", 1));
    expect(await metastore.runRetention.count([run.id])).toMatchObject({ entries: 2 });
    await remove(run);
    await drainAll(metastore.runRetention);
    const left = await countRows(`cache_entry where dag_run_id = ${run.id}`);
    expect(left).toBe(2);
  });

  async function countRows(from: string): Promise<number> {
    const opened = await openDialect(parseDatabaseUrl(metastore.url, "/"), {});
    try {
      const { sql } = await import("kysely");
      const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.raw(from)}`.execute(
        opened.kysely,
      );
      return Number(rows[0]?.n);
    } finally {
      await opened.close();
    }
  }

  test("a run that is needed stays, whatever it is needed for, and with it all that were named", async () => {
    const run = await one();
    const other = await one();
    const versionId = await saveDag(metastore, run.dagId);
    const queued = await metastore.runs.createRun(newRun(run.dagId, versionId, { runId: "queued" }));
    expect(await metastore.runRetention.removeRuns("red", [other.id, queued.id], act)).toEqual(
      refusal(queued, "in_progress", "queued"),
    );
    expect(await metastore.runs.findRun("red", other.dagId, other.runId)).toBeDefined();

    await metastore.execute(
      `insert into owed_callback (id, dag_run_id, body, owner, expires_at, created_at)
       values ('c${run.id}', ${run.id}, '{}', 'me', 1, 1)`,
    );
    expect(await remove(run)).toEqual(refusal(run, "callbacks_owed"));
    await metastore.callbacks.remove([`c${run.id}`]);

    // Its callbacks are owed once a scheduler has ended the transaction.
    await metastore.execute(
      `insert into staged_member (dag_run_id, task_id, map_index, transaction_id, place)
       values (${run.id}, 'task', -1, 'load', 0)`,
    );
    expect(await remove(run)).toEqual(refusal(run, "transaction_open"));
    await metastore.execute(`delete from staged_member where dag_run_id = ${run.id}`);

    await metastore.execute(
      `update dag_run set lease_owner = 'me', lease_expires_at = 9999999999999 where id = ${run.id}`,
    );
    expect(await remove(run)).toEqual(refusal(run, "ending"));
    await metastore.execute(`update dag_run set lease_expires_at = 1 where id = ${run.id}`);

    const madeBy = JSON.stringify([queued.id, "trigger", -1, 1]);
    await metastore.execute(`update dag_run set made_by = '${madeBy}' where id = ${run.id}`);
    expect(await remove(run)).toEqual(refusal(run, "awaited"));
    await metastore.runs.cancelRun("red", queued.id, { taskIds: [], error: { code: "x", message: "x" } });

    expect(await remove(run, "blue")).toEqual(refusal(run, "missing", null));
    expect(await remove(run)).toEqual({ kind: "removed" });
    expect(await remove(run)).toEqual(refusal(run, "missing", null));
    expect(await metastore.audit.list({ limit: 9, action: "runs.delete" })).toHaveLength(1);
  });

  test("a run that is cleared meanwhile is either gone or as it was", async () => {
    const another = await metastore.openAgain();
    let gone = 0;
    for (const run of await endRuns(metastore, dagId(), { runs: 30 })) {
      const task = { taskId: "task", retries: 0, refreshReason: null };
      const [cleared, removed] = await Promise.all([
        metastore.runs.clearTasks("red", run.id, [task]),
        another.runRetention.removeRuns("red", [run.id]),
      ]);
      const found = await metastore.runs.findRun("red", run.dagId, run.runId);
      if (found === undefined) gone += 1;
      const outcome = { found: found?.state, cleared: cleared.length, removed: removed.kind };
      expect([
        { found: undefined, cleared: 0, removed: "removed" },
        { found: "queued", cleared: 2, removed: "refused" },
      ]).toContainEqual(outcome);
      await rest(0);
    }
    await drainAll(metastore.runRetention);
    expect(await countRows(`task_instance where cache_key is null`)).toBe(2 * (30 - gone));
  });

  test("processes that remove the same at once, or go on after one that ended, remove each row once", async () => {
    const runs = await endRuns(metastore, dagId(), { runs: 200, instances: 5 });
    const another = await metastore.openAgain();
    const ids = runs.map(({ id }) => id);
    const outcomes = await Promise.all(
      [metastore, another].map(({ runRetention }) => runRetention.removeRuns("red", ids)),
    );
    expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual(["refused", "removed"]);
    expect(await metastore.runRetention.drain(10)).toBe(true);
    await Promise.all([metastore, another].map(({ runRetention }) => drainAll(runRetention, 40)));
    // One may have ended while the other was at the last rows.
    await drainAll(another.runRetention);
    expect(await countRows(`task_instance where dag_run_id between ${ids[0]} and ${ids.at(-1)}`)).toBe(0);
  });
});
