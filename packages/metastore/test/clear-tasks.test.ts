import type { DagRun, DagRunState, PassWrite, TaskInstance } from "@memodag/core";
import { TEST_DIALECTS, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asOf, bytesOf, createRun, instance } from "./dags-and-runs.ts";

describe.each(TEST_DIALECTS)("clearing on %s", (dialect) => {
  let metastore: TestMetastore;
  let dagCount = 0;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());

  const claim = async (run: DagRun, owner = "me") =>
    await metastore.runs.claimRuns({ owner, leaseMs: 60_000, limit: 1, deadOwners: [], dag: run });

  const passOf = (run: DagRun, leaves: DagRunState, state: DagRunState): PassWrite => ({
    runId: run.id,
    owner: "me",
    run: {
      leaves,
      state,
      startedAt: 1,
      endedAt: state === "running" ? null : 2,
      processesSpawned: 3,
      lookups: 1,
    },
    instances: [],
    removed: [],
    xcoms: [],
  });

  /** A run held by `me` with these rows, each with an XCom. */
  async function runWith(state: DagRunState, rows: readonly TaskInstance[]): Promise<DagRun> {
    const run = await createRun(metastore, `dag${(dagCount += 1)}`);
    await claim(run);
    const { digest, bytes } = bytesOf("1");
    await metastore.results.write(run.team, [{ digest, bytes }]);
    const written = await metastore.runs.writePass({
      ...passOf(run, "queued", state),
      instances: rows.map((row) => ({ instance: row, leaves: null })),
      xcoms: rows.map(({ taskId, mapIndex }) => ({
        taskId,
        mapIndex,
        key: "return_value",
        digest,
        sizeBytes: bytes.length,
        store: null,
      })),
    });
    expect(written.kind).toBe("written");
    return run;
  }

  const done = (taskId: string, changes: Partial<TaskInstance> = {}) =>
    instance(taskId, {
      state: "success",
      tryNumber: 2,
      maxTries: 2,
      cacheStatus: "hit",
      cacheKey: "k",
      producer: { runId: "r0", mapIndex: -1, tryNumber: 1 },
      startedAt: 1,
      endedAt: 2,
      durationMs: 1,
      savedMs: 1,
      ...changes,
    });

  test("sends what is named back to before it ran, and a finished run to whoever claims it", async () => {
    const failed = done("b", { mapIndex: 1, state: "failed", error: { code: "task_failed", message: "no" } });
    const run = await runWith("failed", [done("a"), done("b", { mapIndex: 0 }), failed, done("c")]);
    const cleared = await metastore.runs.clearTasks("red", run.id, [
      { taskId: "a", retries: 3, refreshReason: { code: "cleared" } },
      { taskId: "b", states: ["failed"], retries: 0, refreshReason: null },
    ]);
    expect(cleared).toEqual([
      { taskId: "a", mapIndex: -1 },
      { taskId: "b", mapIndex: 1 },
    ]);
    const [claimed] = await claim(run, "other");
    expect(claimed?.run).toMatchObject({
      state: "queued",
      startedAt: null,
      endedAt: null,
      processesSpawned: 3,
    });
    expect(
      claimed?.instances.toSorted((a, b) => (a.taskId + a.mapIndex < b.taskId + b.mapIndex ? -1 : 1)),
    ).toEqual([
      instance("a", { tryNumber: 2, maxTries: 6, cacheStatus: "skipped", cacheReason: { code: "cleared" } }),
      done("b", { mapIndex: 0 }),
      instance("b", { mapIndex: 1, tryNumber: 2, maxTries: 3 }),
      done("c"),
    ]);
    const left = claimed?.xcoms.map(({ taskId, mapIndex }) => `${taskId}${mapIndex}`).toSorted();
    expect(left).toEqual(["b0", "c-1"]);
  });

  test("leaves a run under way to its holder, who is told", async () => {
    const run = await runWith("running", [done("a"), instance("b", { state: "running", attemptId: "x" })]);
    expect(await metastore.runs.listChangedRuns("me", [{ id: run.id, handCount: 0 }])).not.toContain(run.id);
    await metastore.runs.clearTasks("red", run.id, [{ taskId: "a", retries: 0, refreshReason: null }]);
    expect(await claim(run, "other")).toEqual([]);
    expect(await metastore.runs.listChangedRuns("me", [{ id: run.id, handCount: 0 }])).toContain(run.id);
    expect(await metastore.runs.listChangedRuns("other", [{ id: run.id, handCount: 0 }])).not.toContain(
      run.id,
    );
    const late = await metastore.runs.writePass(passOf(run, "running", "running"));
    expect(late).toEqual({ kind: "rejected", instances: [] });
  });

  test("changes nothing where nothing matches, for another team least of all", async () => {
    const run = await runWith("success", [done("a")]);
    const all = { taskId: "a", retries: 0, refreshReason: null };
    expect(await metastore.runs.clearTasks("red", run.id, [{ ...all, states: ["failed"] }])).toEqual([]);
    expect(await metastore.runs.clearTasks("blue", run.id, [all])).toEqual([]);
    expect(await metastore.runs.findRun("red", run.dagId, run.runId)).toMatchObject({ state: "success" });
    expect(await metastore.runs.listTaskInstances("red", run.id)).toEqual(asOf(1, done("a")));
  });
});
