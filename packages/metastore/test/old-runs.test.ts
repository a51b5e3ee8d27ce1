import type { EndedRun } from "@memodag/core";
import { TEST_DIALECTS, endRuns, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newRun, saveDag } from "./dags-and-runs.ts";

const HOUR = 3_600_000;

describe.each(TEST_DIALECTS)("runs that can be removed, on %s", (dialect) => {
  let metastore: TestMetastore;
  let dagCount = 0;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());

  const dagId = (): string => `dag${(dagCount += 1)}`;
  const names = (runs: readonly EndedRun[]) => runs.map(({ runId }) => runId);
  const old = async (dag: string, olderThanMs = HOUR, limit = 100) =>
    await metastore.runRetention.listOld({ olderThanMs, dag: { dagId: dag }, except: [], limit });

  test("are those of an age, without the latest and the latest successful one", async () => {
    const id = dagId();
    await endRuns(metastore, id, { prefix: "good", runs: 2, endedAgo: 5 * HOUR });
    await endRuns(metastore, id, { prefix: "bad", runs: 2, endedAgo: 4 * HOUR, state: "failed" });
    expect(names(await old(id))).toEqual(["good1", "bad1"]);
    expect(names(await old(id, 4.5 * HOUR))).toEqual(["good1"]);
    await endRuns(metastore, id, { prefix: "young" });
    expect(names(await old(id))).toEqual(["good1", "good2", "bad1", "bad2"]);
    const [first] = await old(id, HOUR, 1);
    expect(first?.oldSince).toBe((first?.endedAt ?? 0) + HOUR);
    const after = { olderThanMs: HOUR, dag: { dagId: id }, except: [], limit: 2, after: first };
    expect(names(await metastore.runRetention.listOld(after))).toEqual(["good2", "bad1"]);
  });

  test("are all that have ended of a Dag that no file defines any more", async () => {
    const id = dagId();
    await endRuns(metastore, id, { runs: 2, endedAgo: 5 * HOUR });
    const versionId = await saveDag(metastore, id);
    await metastore.runs.createRun(newRun(id, versionId, { runId: "in progress" }));
    expect(names(await old(id))).toEqual(["run1"]);
    await metastore.execute(`update dag set is_active = 0 where dag_id = '${id}'`);
    expect(names(await old(id))).toEqual(["run1", "run2"]);
    const ids = (await old(id)).map((run) => run.id);
    expect(names((await metastore.runRetention.removeOld(ids)) as EndedRun[])).toHaveLength(2);
    expect(await metastore.runs.listRuns({ team: "red", dagId: id, limit: 9 })).toHaveLength(1);
  });

  test("are of the Dags that are named, and not of those that are left out, team by team", async () => {
    const [a, b] = [dagId(), dagId()];
    for (const team of ["red", "blue"])
      for (const id of [a, b]) await endRuns(metastore, id, { team, runs: 2, endedAgo: 5 * HOUR });
    const list = async (query: object) => {
      const runs = await metastore.runRetention.listOld({
        olderThanMs: HOUR,
        except: [],
        limit: 999,
        ...query,
      });
      return runs
        .flatMap((run) => ([a, b].includes(run.dagId) ? [`${run.team} ${run.dagId}`] : []))
        .toSorted();
    };
    expect(await list({})).toEqual([`blue ${a}`, `blue ${b}`, `red ${a}`, `red ${b}`]);
    expect(await list({ dag: { dagId: a } })).toEqual([`blue ${a}`, `red ${a}`]);
    expect(await list({ dag: { dagId: a, team: "red" } })).toEqual([`red ${a}`]);
    expect(await list({ except: [{ dagId: a }] })).toEqual([`blue ${b}`, `red ${b}`]);
    expect(await list({ except: [{ dagId: a, team: "red" }, { dagId: b }] })).toEqual([`blue ${a}`]);
    expect(await list({ dag: { dagId: a }, except: [{ dagId: a, team: "red" }] })).toEqual([`blue ${a}`]);
  });

  test("are those over a number, with the time since when they are", async () => {
    const id = dagId();
    const runs = await endRuns(metastore, id, { runs: 10, endedAgo: HOUR });
    const surplus = async (keep: number, limit = 100, after?: EndedRun) =>
      await metastore.runRetention.listSurplus({ team: "red", dagId: id, keep, limit, after });
    const found = await surplus(7);
    expect(names(found)).toEqual(["run1", "run2", "run3"]);
    expect(found.map(({ oldSince }) => oldSince)).toEqual(runs.slice(7).map(({ endedAt }) => endedAt));
    expect(names(await surplus(1))).toHaveLength(9);
    expect(await surplus(10)).toEqual([]);
    expect(await surplus(11)).toEqual([]);
    expect(names(await surplus(7, 2))).toEqual(["run1", "run2"]);
    expect(names(await surplus(7, 2, found[1]))).toEqual(["run3"]);
  });

  test("are not those that something needs", async () => {
    const id = dagId();
    const [owing, held, made, , staged] = await endRuns(metastore, id, { runs: 6, endedAgo: 5 * HOUR });
    await metastore.execute(
      `insert into staged_member (dag_run_id, task_id, map_index, transaction_id, place)
       values (${staged?.id}, 'task', -1, 'load', 0)`,
    );
    await metastore.execute(
      `insert into owed_callback (id, dag_run_id, body, owner, expires_at, created_at)
       values ('c${owing?.id}', ${owing?.id}, '{}', 'me', 1, 1)`,
    );
    await metastore.execute(
      `update dag_run set lease_owner = 'me', lease_expires_at = 9999999999999 where id = ${held?.id}`,
    );
    const versionId = await saveDag(metastore, id);
    const maker = await metastore.runs.createRun(newRun(id, versionId, { runId: "maker" }));
    await metastore.execute(`update dag_run set made_by = '[${maker.id},"t",-1,1]' where id = ${made?.id}`);
    const found = await old(id);
    expect(names(found)).toEqual(["run3", "run4"]);
    expect(await metastore.runRetention.findAwaited(found.map((run) => run.id))).toEqual([made?.id]);
    const needed = [owing, held, made, staged].map((run) => run?.id ?? 0);
    expect(await metastore.runRetention.removeOld(needed)).toEqual([]);
    for (const part of ["xcoms", "entries"] as const)
      expect(await metastore.runRetention.removePart(needed, part)).toEqual([]);
    expect(names((await metastore.runRetention.removeOld(found.map((run) => run.id))) as EndedRun[])).toEqual(
      ["run4"],
    );
    expect(await metastore.runRetention.listVersionsInProgress()).toContainEqual({
      team: "red",
      dagVersionId: versionId,
      since: maker.createdAt,
    });
    const inProgress = await metastore.runRetention.listInProgress(maker.id - 1, 9);
    expect(inProgress.map(({ runId }) => runId)).toEqual(["maker"]);
  });

  test("can lose their XComs alone, once, and are then not run again in part", async () => {
    const id = dagId();
    const [run, latest] = await endRuns(metastore, id, { runs: 2, endedAgo: 5 * HOUR });
    if (!run || !latest) throw new Error("no runs were made");
    const query = { olderThanMs: HOUR, dag: { dagId: id }, except: [], limit: 9 };
    expect(names(await metastore.runRetention.listOld(query, "xcoms"))).toEqual(["run1"]);
    expect(await metastore.runRetention.removePart([run.id, latest.id], "xcoms")).toEqual([run.id]);
    expect(await metastore.runRetention.listOld(query, "xcoms")).toEqual([]);
    while (await metastore.runRetention.drain(1));
    expect(await metastore.runRetention.count([run.id])).toEqual({ instances: 2, xcoms: 0, entries: 0 });
    const one = { taskId: "task", mapIndex: 0, retries: 0, refreshReason: null };
    await expect(metastore.runs.clearTasks("red", run.id, [one])).rejects.toMatchObject({
      code: "xcoms_removed",
    });
    const marks = { tasks: [one], state: "failed", error: null, cleared: [] } as const;
    await expect(metastore.runs.markTasks("red", run.id, marks)).rejects.toMatchObject({
      code: "xcoms_removed",
    });
    expect(await metastore.runs.findRun("red", id, run.runId)).toEqual(run);
    const { mapIndex: _, ...all } = one;
    expect(await metastore.runs.clearTasks("red", run.id, [all])).toHaveLength(2);
    // As any other run from now on.
    expect(await metastore.runs.clearTasks("red", run.id, [one])).toHaveLength(1);
  });

  test("that are cleared before their XComs are gone keep those that they make then", async () => {
    const id = dagId();
    const [run] = await endRuns(metastore, id, { runs: 2, instances: 5, endedAgo: 5 * HOUR });
    if (!run) throw new Error("no run was made");
    await metastore.runRetention.removePart([run.id], "xcoms");
    await metastore.runRetention.drain(2);
    await metastore.runs.clearTasks("red", run.id, [{ taskId: "task", retries: 0, refreshReason: null }]);
    await metastore.execute(
      `insert into xcom (dag_run_id, task_id, map_index, key, team, size_bytes, store, stored_digest)
       values (${run.id}, 'task', 0, 'return_value', 'red', 1, 's3', 'd')`,
    );
    while (await metastore.runRetention.drain(100));
    expect((await metastore.runRetention.count([run.id])).xcoms).toBe(1);
  });

  test("are listed with the sizes of what they have, and with their values", async () => {
    const id = dagId();
    const [run, latest] = await endRuns(metastore, id, { runs: 2, instances: 3, endedAgo: -HOUR });
    if (!run || !latest) throw new Error("no runs were made");
    const sizes = await metastore.runRetention.listSizes(undefined, 2);
    expect(sizes).toMatchObject([
      { id: latest.id, xcomBytes: 24, entryBytes: 0, isRemovable: false },
      { id: run.id, xcomBytes: 24, entryBytes: 0, isRemovable: true },
    ]);
    expect((await metastore.runRetention.listSizes(sizes[0], 1))[0]?.id).toBe(run.id);
    const [value] = await metastore.runRetention.listValues([run.id, latest.id]);
    expect(value).toMatchObject({ team: "red", sizeBytes: 8, references: 6 });
    const counts = await metastore.runRetention.countReferences("red", [value?.digest ?? ""]);
    expect(counts.get(value?.digest ?? "")).toBeGreaterThanOrEqual(6);
    expect(await metastore.runRetention.countReferences("blue", ["none"])).toEqual(new Map());
  });
});
