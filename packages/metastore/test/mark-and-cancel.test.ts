import {
  UNMAPPED,
  type DagRun,
  type DagRunState,
  type PassWrite,
  type StoredInstance,
  type TaskInstance,
  type TaskMarks,
} from "@memodag/core";
import { TEST_DIALECTS, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bytesOf, createRun, instance } from "./dags-and-runs.ts";

describe.each(TEST_DIALECTS)("changing a run by hand on %s", (dialect) => {
  let metastore: TestMetastore;
  let dagCount = 0;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());

  const passOf = (run: DagRun, leaves: DagRunState = "running"): PassWrite => ({
    runId: run.id,
    owner: "me",
    run: { leaves, state: "running", startedAt: 5, endedAt: null, processesSpawned: 1, lookups: 1 },
    instances: [],
    removed: [],
    xcoms: [],
  });

  /** A run under way, held by `me`, with these rows and an XCom of each that succeeded. */
  async function runWith(rows: readonly TaskInstance[]): Promise<DagRun> {
    const run = await createRun(metastore, `dag${(dagCount += 1)}`);
    await metastore.runs.claimRuns({ owner: "me", leaseMs: 60_000, limit: 1, deadOwners: [], dag: run });
    const { digest, bytes } = bytesOf("1");
    await metastore.results.write(run.team, [{ digest, bytes }]);
    const written = await metastore.runs.writePass({
      ...passOf(run, "queued"),
      instances: rows.map((row) => ({
        instance: row,
        leaves: null,
        ...(row.attemptId !== null && { takes: { pool: run.dagId, slots: 1 } }),
      })),
      xcoms: rows
        .filter(({ state }) => state === "success")
        .map(({ taskId, mapIndex }) => {
          return { taskId, mapIndex, key: "return_value", digest, sizeBytes: bytes.length, store: null };
        }),
    });
    expect(written.kind).toBe("written");
    return run;
  }

  async function rowsOf({ team, id }: DagRun): Promise<Record<string, TaskInstance>> {
    const rows = await metastore.runs.listTaskInstances(team, id);
    return Object.fromEntries(rows.map((row) => [`${row.taskId}${row.mapIndex}`, withoutRevision(row)]));
  }

  /** True when the run's instances take a slot of their pool, as the pass of another run is told. */
  async function takesSlots({ dagId }: DagRun): Promise<boolean> {
    const other = await runWith([]);
    const instances = [
      {
        instance: instance("x", { state: "queued", attemptId: "x" }),
        leaves: null,
        takes: { pool: dagId, slots: 1 },
      },
    ];
    const limits = { maxActiveTasks: 99, poolSlots: new Map([[dagId, 1]]) };
    const outcome = await metastore.runs.writePass({ ...passOf(other), instances, limits });
    return outcome.kind === "limit_reached";
  }

  const running = (taskId: string, changes: Partial<TaskInstance> = {}) =>
    instance(taskId, { state: "running", tryNumber: 2, attemptId: `a ${taskId}`, startedAt: 7, ...changes });
  const hit = (taskId: string, changes: Partial<TaskInstance> = {}) =>
    instance(taskId, {
      state: "success",
      cacheStatus: "hit",
      cacheKey: "k",
      producer: { runId: "r0", mapIndex: -1, tryNumber: 1 },
      startedAt: 7,
      endedAt: 7,
      savedMs: 9,
      ...changes,
    });
  const marks = (changes: Partial<TaskMarks>): TaskMarks => ({
    tasks: [],
    state: "success",
    error: null,
    cleared: [],
    ...changes,
  });

  test("a state that is set takes the attempt, the value and the cache's word with it", async () => {
    const run = await runWith([
      hit("a"),
      running("b", { mapIndex: 0 }),
      running("b", { mapIndex: 1 }),
      hit("c"),
    ]);
    const error = { code: "state_set", message: "by hand" };
    const tasks = [{ taskId: "a" }, { taskId: "b", mapIndex: 1 }, { taskId: "later" }];
    const changed = await metastore.runs.markTasks("red", run.id, marks({ tasks, state: "failed", error }));
    expect(changed).toEqual([
      { taskId: "a", mapIndex: UNMAPPED },
      { taskId: "b", mapIndex: 1 },
      { taskId: "later", mapIndex: UNMAPPED },
    ]);
    const rows = await rowsOf(run);
    const failed = { state: "failed", error, endedAt: expect.any(Number) } as const;
    expect(rows).toEqual({
      "a-1": instance("a", { ...failed, startedAt: 7 }),
      b0: running("b", { mapIndex: 0 }),
      b1: running("b", { ...failed, mapIndex: 1, attemptId: null }),
      "c-1": hit("c"),
      "later-1": instance("later", failed),
    });
    const xcoms = await metastore.runs.listXComs("red", run.id);
    expect(xcoms.map(({ taskId }) => taskId)).toEqual(["c"]);
    expect(await metastore.runs.findRun("red", run.dagId, run.runId)).toMatchObject({ state: "queued" });
    expect(await metastore.runs.listChangedRuns("me", [{ id: run.id, handCount: 0 }])).toEqual([run.id]);
  });

  test("what failed below is cleared with it; what is in the state already stays, with its value", async () => {
    const run = await runWith([
      hit("a", { mapIndex: 0 }),
      instance("a", { mapIndex: 1, state: "failed", tryNumber: 3 }),
      instance("b", { state: "upstream_failed" }),
      hit("c"),
    ]);
    const states = ["failed", "upstream_failed"] as const;
    const cleared = ["b", "c"].map((taskId) => ({ taskId, states, retries: 1, refreshReason: null }));
    const wish = marks({ tasks: [{ taskId: "a" }], cleared });
    expect(await metastore.runs.markTasks("red", run.id, wish)).toEqual([{ taskId: "a", mapIndex: 1 }]);
    expect(await rowsOf(run)).toMatchObject({
      a0: hit("a", { mapIndex: 0 }),
      a1: { state: "success", tryNumber: 3, error: null },
      "b-1": { state: "none", maxTries: 2 },
      "c-1": hit("c"),
    });
    expect(await metastore.runs.listXComs("red", run.id)).toHaveLength(2);
    expect(await metastore.runs.writePass(passOf(run))).toMatchObject({ kind: "rejected" });
  });

  test("nothing is changed for another team, an instance that there is not, or nothing to change", async () => {
    const run = await runWith([hit("a")]);
    const a = marks({
      tasks: [{ taskId: "a" }],
      cleared: [{ taskId: "a", retries: 0, refreshReason: null }],
    });
    expect(await metastore.runs.markTasks("blue", run.id, { ...a, state: "skipped" })).toEqual([]);
    expect(await metastore.runs.markTasks("red", run.id, a)).toEqual([]);
    expect(
      await metastore.runs.markTasks("red", run.id, { ...a, tasks: [{ taskId: "a", mapIndex: 4 }] }),
    ).toEqual([]);
    expect(
      await metastore.runs.cancelRun("blue", run.id, { taskIds: ["z"], error: { code: "x", message: "" } }),
    ).toBeUndefined();
    expect(await rowsOf(run)).toEqual({ "a-1": hit("a") });
    expect(await metastore.runs.findRun("red", run.dagId, run.runId)).toMatchObject({ state: "running" });
    expect(await metastore.runs.listChangedRuns("me", [{ id: run.id, handCount: 0 }])).toEqual([]);
  });

  test("a cancelled run has ended, with every instance of it, and takes no slot", async () => {
    const run = await runWith([
      hit("done"),
      running("on", { mapIndex: 0 }),
      instance("on", { mapIndex: 1, state: "queued", attemptId: "q" }),
      instance("again", { state: "up_for_retry", tryNumber: 1, retryAt: 9, maxTries: 2 }),
    ]);
    const error = { code: "run_cancelled", message: "cancelled" };
    const cancellation = { taskIds: ["done", "on", "again", "never"], error };
    expect(await takesSlots(run)).toBe(true);
    const cancelled = await metastore.runs.cancelRun("red", run.id, cancellation);
    expect(cancelled?.failed).toEqual([{ taskId: "on", mapIndex: 0 }]);
    expect(cancelled?.skipped.map(({ taskId }) => taskId).toSorted()).toEqual(["again", "never", "on"]);
    const endedAt = expect.any(Number);
    expect(await rowsOf(run)).toEqual({
      "done-1": hit("done"),
      on0: running("on", { mapIndex: 0, state: "failed", attemptId: null, endedAt, error }),
      on1: instance("on", { mapIndex: 1, state: "skipped", endedAt }),
      "again-1": instance("again", { state: "skipped", tryNumber: 1, maxTries: 2, endedAt }),
      "never-1": instance("never", { state: "skipped", endedAt }),
    });
    const ended = await metastore.runs.findRun("red", run.dagId, run.runId);
    expect(ended).toMatchObject({ state: "failed", startedAt: 5, endedAt });
    expect(await metastore.runs.listChangedRuns("me", [{ id: run.id, handCount: 0 }])).toEqual([run.id]);
    expect(await metastore.runs.listChangedRuns("other", [{ id: run.id, handCount: 0 }])).toEqual([]);
    expect(await takesSlots(run)).toBe(false);
    expect(await metastore.runs.cancelRun("red", run.id, cancellation)).toBeUndefined();
  });
});

function withoutRevision({ revision, ...rest }: StoredInstance): TaskInstance {
  expect(revision).toBeGreaterThan(0);
  return rest;
}
