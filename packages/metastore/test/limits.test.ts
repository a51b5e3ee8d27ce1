import { TEST_DIALECTS, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import type { ActiveLimits, DagRun, PassOutcome, RunStore, TaskInstanceWrite } from "@memodag/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRun, instance, newRun, saveDag } from "./dags-and-runs.ts";

describe.each(TEST_DIALECTS)("limits on %s", (dialect) => {
  let metastore: TestMetastore;
  let dagCount = 0;
  const newDagId = (): string => `dag${(dagCount += 1)}`;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());

  const claim = (dag: { team: string; dagId: string }, limit = 10, owner = "me", runs = metastore.runs) =>
    runs.claimRuns({ owner, leaseMs: 60_000, limit, deadOwners: [], dag });

  const write = (
    run: DagRun,
    instances: readonly TaskInstanceWrite[],
    limits?: ActiveLimits,
    { runs = metastore.runs, owner = "me" }: { runs?: RunStore; owner?: string } = {},
  ): Promise<PassOutcome> =>
    runs.writePass({
      runId: run.id,
      owner,
      run: {
        leaves: "queued",
        state: "queued",
        startedAt: null,
        endedAt: null,
        processesSpawned: 0,
        lookups: 0,
      },
      instances,
      removed: [],
      xcoms: [],
      ...(limits && { limits }),
    });

  const queued = (taskId: string, pool: string, slots = 1): TaskInstanceWrite => ({
    instance: instance(taskId, { state: "queued", tryNumber: 1, attemptId: `${taskId} 1` }),
    leaves: null,
    takes: { pool, slots },
  });
  const done = (taskId: string): TaskInstanceWrite => ({
    instance: instance(taskId, { state: "success", tryNumber: 1 }),
    leaves: { state: "queued", tryNumber: 1 },
  });
  const limitsOf = (poolSlots: Record<string, number>, maxActiveTasks = 100): ActiveLimits => ({
    maxActiveTasks,
    poolSlots: new Map(Object.entries(poolSlots)),
  });

  async function claimedRun(owner = "me"): Promise<DagRun> {
    const run = await createRun(metastore, newDagId());
    await claim(run, 1, owner);
    return run;
  }

  test("claims no more runs of a Dag than it allows, and the next when one has ended", async () => {
    const dagId = newDagId();
    const version = await saveDag(metastore, dagId, "red", { maxActiveRuns: 2 });
    for (const runId of ["a", "b", "c", "d"])
      await metastore.runs.createRun(newRun(dagId, version, { runId }));
    const dag = { team: "red", dagId };
    const first = await claim(dag);
    expect(first.map(({ run }) => run.runId)).toEqual(["a", "b"]);
    expect(await claim(dag)).toEqual([]);
    await metastore.runs.writePass({
      runId: first[0]!.run.id,
      owner: "me",
      run: {
        leaves: "queued",
        state: "success",
        startedAt: 1,
        endedAt: 2,
        processesSpawned: 0,
        lookups: 0,
      },
      instances: [],
      removed: [],
      xcoms: [],
    });
    expect((await claim(dag)).map(({ run }) => run.runId)).toEqual(["c"]);
    // What was begun is taken over whatever the limit says.
    await metastore.runs.releaseLeases("me", [first[1]!.run.id]);
    expect((await claim(dag, 10, "other")).map(({ run }) => run.runId)).toEqual(["b"]);
  });

  test("keeps to maxActiveRuns when many claim at once", async () => {
    const dagId = newDagId();
    const version = await saveDag(metastore, dagId, "red", { maxActiveRuns: 3 });
    for (let index = 0; index < 12; index += 1)
      await metastore.runs.createRun(newRun(dagId, version, { runId: `r${index}` }));
    const others = await Promise.all([1, 2, 3, 4, 5, 6].map(() => metastore.openAgain()));
    const claims = await Promise.all(
      others.map((other, index) => claim({ team: "red", dagId }, 1, `o${index}`, other.runs)),
    );
    expect(claims.flat()).toHaveLength(3);
  });

  test("counts a pool over all runs, and frees what has ended, in the same pass too", async () => {
    const [one, two] = [await claimedRun(), await claimedRun()];
    const pool = `gpu${one.id}`;
    const limits = limitsOf({ [pool]: 3 });
    expect(await write(one, [queued("a", pool, 2), queued("b", "unlimited", 99)], limits)).toEqual({
      kind: "written",
    });
    expect(await write(two, [queued("x", pool, 2)], limits)).toMatchObject({
      kind: "limit_reached",
      free: limitsOf({ [pool]: 1 }),
    });
    expect(await metastore.runs.listTaskInstances("red", two.id)).toEqual([]);
    expect(await write(two, [queued("y", pool)], limits)).toEqual({ kind: "written" });
    expect(await write(one, [done("a"), queued("c", pool, 2)], limits)).toEqual({ kind: "written" });
    expect(await write(one, [done("c")], limits)).toEqual({ kind: "written" });
    // More than there are is all of them.
    expect(await write(one, [queued("d", pool, 99)], limits)).toMatchObject({ kind: "limit_reached" });
    expect(await write(two, [done("y")], limits)).toEqual({ kind: "written" });
    expect(await write(one, [queued("d", pool, 99)], limits)).toEqual({ kind: "written" });
  });

  test("counts the tasks of a Dag over all of its runs, and those of no other", async () => {
    const dagId = newDagId();
    const version = await saveDag(metastore, dagId);
    for (const runId of ["a", "b"]) await metastore.runs.createRun(newRun(dagId, version, { runId }));
    const [one, two] = (await claim({ team: "red", dagId })).map(({ run }) => run);
    const limits = limitsOf({}, 2);
    expect(await write(one!, [queued("a", "p")], limits)).toEqual({ kind: "written" });
    expect(await write(two!, [queued("a", "q"), queued("b", "r")], limits)).toMatchObject({
      kind: "limit_reached",
      free: { maxActiveTasks: 1 },
    });
    expect(await write(two!, [queued("a", "q")], limits)).toEqual({ kind: "written" });
    expect(await write(await claimedRun(), [queued("a", "q"), queued("b", "q")], limits)).toEqual({
      kind: "written",
    });
  });

  test("gives the last slot to one of many", async () => {
    const others = await Promise.all([1, 2, 3, 4, 5, 6].map(() => metastore.openAgain()));
    const runs = await Promise.all(others.map((_, index) => claimedRun(`o${index}`)));
    const pool = `gpu${runs[0]!.id}`;
    const outcomes = await Promise.all(
      others.map((other, index) =>
        write(runs[index]!, [queued("a", pool)], limitsOf({ [pool]: 2 }), {
          runs: other.runs,
          owner: `o${index}`,
        }),
      ),
    );
    expect(outcomes.filter(({ kind }) => kind === "written")).toHaveLength(2);
  });

  test("counts no instance that was ended by hand", async () => {
    const run = await claimedRun();
    const pool = `gpu${run.id}`;
    const limits = limitsOf({ [pool]: 1 });
    await write(run, [queued("a", pool)], limits);
    await metastore.execute(`update task_instance set state = 'failed' where dag_run_id = ${run.id}`);
    expect(await write(run, [queued("b", pool)], limits)).toEqual({ kind: "written" });
  });

  test("never gives a try a second attempt", async () => {
    const run = await claimedRun();
    await write(run, [queued("a", "p")]);
    const attempt = (attemptId: string, tryNumber: number) => ({
      instance: instance("a", { state: "queued", tryNumber, attemptId }),
      leaves: { state: "queued" as const, tryNumber: 1 },
    });
    expect(await write(run, [attempt("another", 1)])).toMatchObject({ kind: "rejected" });
    expect(await write(run, [attempt("a 1", 1)])).toEqual({ kind: "written" });
    expect(await write(run, [attempt("another", 2)])).toEqual({ kind: "written" });
  });
});
