import { TEST_DIALECTS, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import type { DagRun, PassWrite, TaskInstance, TaskInstanceId, XCom } from "@memodag/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asOf, bytesOf, createRun, instance, newRun, saveDag } from "./dags-and-runs.ts";

describe.each(TEST_DIALECTS)("the run store on %s", (dialect) => {
  let metastore: TestMetastore;
  let dagCount = 0;
  const newDagId = (): string => `dag${(dagCount += 1)}`;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());

  const leaseOf = (run: DagRun, owner = "me", leaseMs = 60_000) =>
    metastore.runs.claimRuns({ owner, leaseMs, limit: 10, deadOwners: [], dag: run });

  async function claimedRun(owner = "me"): Promise<DagRun> {
    const run = await createRun(metastore, newDagId());
    await leaseOf(run, owner);
    return run;
  }

  const passOf = (run: DagRun, changes: Partial<PassWrite> = {}): PassWrite => ({
    runId: run.id,
    owner: "me",
    run: {
      leaves: "queued",
      state: "queued",
      startedAt: null,
      endedAt: null,
      processesSpawned: 0,
      lookups: 0,
    },
    instances: [],
    removed: [],
    xcoms: [],
    ...changes,
  });
  const inserted = (...instances: TaskInstance[]) =>
    instances.map((one) => ({ instance: one, leaves: null }));
  const xcomOf = (taskId: string, text: string, store: string | null = null): XCom => {
    const { digest, bytes } = bytesOf(text);
    return { taskId, mapIndex: -1, key: "return_value", digest, sizeBytes: bytes.length, store };
  };
  /** Has the database hold values, as whoever writes a pass does before. */
  const hold = (...texts: string[]) => metastore.results.write("red", texts.map(bytesOf));

  test("keeps all of a run, and refuses its name twice", async () => {
    const dagId = newDagId();
    const version = await saveDag(metastore, dagId);
    const wanted = newRun(dagId, version, {
      runType: "backfill",
      logicalDate: 1_700_000_000_001,
      dataIntervalStart: 1,
      dataIntervalEnd: 2,
      conf: { region: "eu", nested: [1, null, "ü\u0000"] },
      params: { species: "Adelie" },
      cacheMode: "refresh",
    });
    const run = await metastore.runs.createRun(wanted);
    expect(run).toEqual({
      ...wanted,
      id: expect.any(Number),
      state: "queued",
      createdAt: expect.any(Number),
      startedAt: null,
      endedAt: null,
      processesSpawned: 0,
      lookups: 0,
      bytesMoved: 0,
      revision: 0,
      sums: null,
    });
    expect(Math.abs(run.createdAt - Date.now())).toBeLessThan(60_000);
    expect(await metastore.runs.findRun("red", dagId, "r1")).toEqual(run);
    expect(await metastore.runs.findRun("blue", dagId, "r1")).toBeUndefined();
    await expect(metastore.runs.createRun(wanted)).rejects.toMatchObject({ code: "dag_run_exists" });
  });

  test("lists runs newest first, by team and Dag", async () => {
    const dagId = newDagId();
    const red = await saveDag(metastore, dagId);
    const blue = await saveDag(metastore, dagId, "blue");
    for (const runId of ["a", "b", "c"]) await metastore.runs.createRun(newRun(dagId, red, { runId }));
    await metastore.runs.createRun(newRun(dagId, blue, { team: "blue" }));
    const listed = async (filter: { team?: string; limit: number }) =>
      (await metastore.runs.listRuns({ dagId, ...filter })).map((run) => `${run.team}/${run.runId}`);
    expect(await listed({ team: "red", limit: 2 })).toEqual(["red/c", "red/b"]);
    expect(await listed({ limit: 10 })).toEqual(["blue/r1", "red/c", "red/b", "red/a"]);
  });

  test("lists what comes after a run, whatever is made meanwhile", async () => {
    const dagId = "paged";
    const version = await saveDag(metastore, dagId);
    const make = async (runId: string) => await metastore.runs.createRun(newRun(dagId, version, { runId }));
    for (const runId of ["a", "b", "c", "d"]) await make(runId);
    const [, second] = await metastore.runs.listRuns({ dagId, limit: 2 });
    await make("e");
    const next = await metastore.runs.listRuns({ dagId, limit: 2, after: second?.id ?? 0 });
    expect(next.map(({ runId }) => runId)).toEqual(["b", "a"]);
    expect(await metastore.runs.listRuns({ dagId, limit: 2, after: next[1]?.id ?? 0 })).toEqual([]);
  });

  test("lists the instances of a run page by page, and those of a task", async () => {
    const run = await claimedRun();
    const { team } = run;
    const names = [
      ["fit", -1],
      ["train", 0],
      ["train", 1],
      ["train", 10],
      ["write", -1],
    ] as const;
    const rows = names.map(([taskId, mapIndex]) => instance(taskId, { mapIndex }));
    await metastore.runs.writePass(passOf(run, { instances: inserted(...rows) }));
    const all = await metastore.runs.listTaskInstances(team, run.id);
    const listed: unknown[] = [];
    for (let after: TaskInstanceId | undefined; ;) {
      const page = await metastore.runs.listTaskInstances(team, run.id, {
        limit: 2,
        ...(after && { after }),
      });
      for (const row of page) listed.push(row);
      after = page.at(-1);
      if (after === undefined) break;
    }
    expect(listed).toEqual(all);
    const ofTask = { taskId: "train", limit: 9, after: { taskId: "train", mapIndex: 0 } };
    const some = await metastore.runs.listTaskInstances(team, run.id, ofTask);
    expect(some.map(({ mapIndex }) => mapIndex)).toEqual([1, 10]);
    expect(await metastore.runs.listTaskInstances("another", run.id, { limit: 9 })).toEqual([]);
  });

  test("writes and loads all of an instance and its XComs", async () => {
    const run = await claimedRun();
    const full = instance("load", {
      mapIndex: 3,
      state: "success",
      tryNumber: 2,
      maxTries: 4,
      attemptId: "token",
      cacheStatus: "hit",
      cacheReason: { code: "undeclared_input", detail: { names: ["a, b", "c"] } },
      cacheKey: "ab".repeat(32),
      producer: { runId: "earlier", mapIndex: -1, tryNumber: 1 },
      startedAt: 1_700_000_000_000,
      endedAt: 1_700_000_000_001,
      durationMs: 0.25,
      savedMs: 1234.5,
      retryAt: 5,
      waitingSince: 4,
    });
    const failed = instance("fit", {
      state: "failed",
      error: { code: "task_failed", message: "a\u0000b\ud800c" },
    });
    const xcom = { ...xcomOf("load", "[1]"), mapIndex: 3 };
    await hold("[1]");
    const outcome = await metastore.runs.writePass(
      passOf(run, {
        run: {
          leaves: "queued",
          state: "running",
          startedAt: 7,
          endedAt: null,
          processesSpawned: 2,
          lookups: 1,
        },
        instances: inserted(full, failed),
        xcoms: [xcom],
      }),
    );
    expect(outcome).toEqual({ kind: "written" });

    // What no database can hold is replaced, not refused: an error must never stop a pass.
    const stored = { ...failed, error: { code: "task_failed", message: "a\ufffdb\ufffdc" } };
    expect(await metastore.runs.listTaskInstances("red", run.id)).toEqual(asOf(1, stored, full));
    expect(await metastore.runs.listXComs("red", run.id)).toEqual([xcom]);
    expect(await metastore.runs.listXComs("red", run.id, { taskId: "load", mapIndex: 3 })).toEqual([xcom]);
    expect(await metastore.runs.listXComs("red", run.id, { taskId: "load", mapIndex: 0 })).toEqual([]);
    await metastore.runs.releaseLeases("me");
    const [claimed] = await leaseOf(run, "other");
    expect(claimed?.run).toMatchObject({ state: "running", startedAt: 7, processesSpawned: 2, lookups: 1 });
    expect(claimed?.instances).toHaveLength(2);
    expect(claimed?.instances).toEqual(expect.arrayContaining([stored, full]));
    expect(claimed?.xcoms).toEqual([xcom]);

    expect(await metastore.runs.listTaskInstances("blue", run.id)).toEqual([]);
    expect(await metastore.runs.listXComs("blue", run.id)).toEqual([]);
  });

  test("updates instances that are where the pass left them, and removes the replaced", async () => {
    const run = await claimedRun();
    await hold('"old"', '"new"', '"newer"');
    await metastore.runs.writePass(
      passOf(run, { instances: inserted(instance("a"), instance("b")), xcoms: [xcomOf("b", '"old"')] }),
    );
    const outcome = await metastore.runs.writePass(
      passOf(run, {
        removed: [{ taskId: "b", mapIndex: -1 }],
        instances: [
          ...inserted(instance("b", { mapIndex: 0 }), instance("b", { mapIndex: 1 })),
          {
            instance: instance("a", { state: "running", tryNumber: 1 }),
            leaves: { state: "none", tryNumber: 0 },
          },
        ],
        xcoms: [xcomOf("a", '"new"')],
      }),
    );
    expect(outcome).toEqual({ kind: "written" });
    const stored = await metastore.runs.listTaskInstances("red", run.id);
    expect(stored.map((one) => [one.taskId, one.mapIndex, one.state, one.tryNumber])).toEqual([
      ["a", -1, "running", 1],
      ["b", 0, "none", 0],
      ["b", 1, "none", 0],
    ]);
    expect((await metastore.runs.listXComs("red", run.id)).map((xcom) => xcom.taskId)).toEqual(["a"]);

    // A later try's XCom takes the place of the earlier one's.
    await metastore.runs.writePass(passOf(run, { xcoms: [xcomOf("a", '"newer"')] }));
    const [xcom] = await metastore.runs.listXComs("red", run.id);
    expect(xcom?.digest).toBe(bytesOf('"newer"').digest);
  });

  test("writes nothing of a pass when a row has left its state", async () => {
    const run = await claimedRun();
    await metastore.runs.writePass(
      passOf(run, { instances: inserted(instance("a"), instance("b"), instance("c")) }),
    );
    const leaving = (taskId: string, tryNumber: number) => ({
      instance: instance(taskId, { state: "queued" as const, tryNumber: 1 }),
      leaves: { state: "none" as const, tryNumber },
    });
    const attempts: [PassWrite["instances"], string[]][] = [
      [[leaving("a", 0), leaving("b", 9)], ["b"]],
      [[leaving("a", 0), leaving("gone", 0)], ["gone"]],
      [[leaving("a", 0), ...inserted(instance("d"), instance("c"))], ["c"]],
    ];
    for (const [instances, rejected] of attempts) {
      const outcome = await metastore.runs.writePass(
        passOf(run, {
          run: {
            leaves: "queued",
            state: "running",
            startedAt: 1,
            endedAt: null,
            processesSpawned: 9,
            lookups: 9,
          },
          instances,
          xcoms: [xcomOf("a", '"never"')],
        }),
      );
      expect(outcome).toEqual({
        kind: "rejected",
        instances: rejected.map((taskId) => ({ taskId, mapIndex: -1 })),
      });
    }
    const stored = await metastore.runs.listTaskInstances("red", run.id);
    expect(stored).toEqual(asOf(1, instance("a"), instance("b"), instance("c")));
    expect(await metastore.runs.findRun("red", run.dagId, "r1")).toEqual({ ...run, revision: 1 });
  });

  test("writes nothing for who does not hold the run, or knew it in another state", async () => {
    const run = await claimedRun("other");
    const pass = passOf(run, { instances: inserted(instance("a")) });
    expect(await metastore.runs.writePass(pass)).toEqual({ kind: "lease_lost" });
    expect(await metastore.runs.writePass({ ...pass, runId: -1 })).toEqual({ kind: "lease_lost" });
    const late = { ...pass, owner: "other", run: { ...pass.run, leaves: "running" as const } };
    expect(await metastore.runs.writePass(late)).toEqual({ kind: "rejected", instances: [] });
    expect(await metastore.runs.listTaskInstances("red", run.id)).toEqual([]);
  });

  test("writes nothing when the bytes of a hit have gone", async () => {
    const run = await claimedRun();
    const present = xcomOf("a", '"present"');
    const missing = xcomOf("b", `"missing on ${dialect}"`);
    await hold('"present"');
    const outcome = await metastore.runs.writePass(
      passOf(run, {
        instances: inserted(instance("a"), instance("b")),
        xcoms: [present, missing],
      }),
    );
    expect(outcome).toEqual({ kind: "bytes_missing", digests: [missing.digest] });
    expect(await metastore.runs.listTaskInstances("red", run.id)).toEqual([]);
  });

  test("takes the bytes of a hit from the team's own results alone", async () => {
    const run = await claimedRun();
    const hit = xcomOf("a", `"shared on ${dialect}"`);
    const pass = passOf(run, { instances: inserted(instance("a")), xcoms: [hit] });
    await metastore.results.write("blue", [bytesOf(`"shared on ${dialect}"`)]);
    expect(await metastore.runs.writePass(pass)).toMatchObject({ kind: "bytes_missing" });
    await metastore.results.write("red", [bytesOf(`"shared on ${dialect}"`)]);
    expect(await metastore.runs.writePass(pass)).toEqual({ kind: "written" });
  });

  test("writes ten thousand instances in one pass", async () => {
    const run = await claimedRun();
    const names = Array.from({ length: 10_000 }, (_, index) => `task${index}`);
    await hold(...Array.from({ length: 100 }, (_, index) => `${index}`));
    const outcome = await metastore.runs.writePass(
      passOf(run, {
        instances: inserted(...names.map((name) => instance(name, { state: "success" }))),
        xcoms: names.map((name, index) => xcomOf(name, `${index % 100}`)),
      }),
    );
    expect(outcome).toEqual({ kind: "written" });
    const [claimed] = await metastore.runs.claimRuns({
      owner: "next",
      leaseMs: 1,
      limit: 1,
      deadOwners: ["me"],
      dag: run,
    });
    expect([claimed?.instances.length, claimed?.xcoms.length]).toEqual([10_000, 10_000]);
  });

  test("gives each run to one of many claimers, oldest first", async () => {
    const dagId = newDagId();
    const version = await saveDag(metastore, dagId, "red", { maxActiveRuns: 100 });
    const runs: DagRun[] = [];
    for (let index = 0; index < 20; index++) {
      runs.push(await metastore.runs.createRun(newRun(dagId, version, { runId: `r${index}` })));
    }
    const dag = { team: "red", dagId };
    const others = await Promise.all([1, 2, 3, 4].map(() => metastore.openAgain()));
    const claims = await Promise.all(
      others.map((other, index) =>
        other.runs.claimRuns({ owner: `o${index}`, leaseMs: 60_000, limit: 5, deadOwners: [], dag }),
      ),
    );
    const ids = claims.flat().map((claim) => claim.run.id);
    expect(new Set(ids).size).toBe(ids.length);
    // Who skipped what another was claiming may have gone without; asking again gets the rest.
    const rest = await metastore.runs.claimRuns({
      owner: "rest",
      leaseMs: 1,
      limit: 99,
      deadOwners: [],
      dag,
    });
    const all = [...ids, ...rest.map((claim) => claim.run.id)];
    expect(all.sort((a, b) => a - b)).toEqual(runs.map((run) => run.id));
    for (const claim of claims) {
      const own = claim.map(({ run }) => run.id);
      expect(own).toEqual(own.toSorted((a, b) => a - b));
    }
  });

  test("takes a run over when its lease ends, its holder is dead, or it lets go", async () => {
    const run = await createRun(metastore, newDagId());
    expect(await leaseOf(run, "a")).toHaveLength(1);
    expect(await leaseOf(run, "b")).toEqual([]);
    expect(await metastore.runs.listLeaseOwners()).toContain("a");
    const dead = await metastore.runs.claimRuns({
      owner: "b",
      leaseMs: 60_000,
      limit: 1,
      deadOwners: ["a"],
      dag: run,
    });
    expect(dead).toHaveLength(1);
    await metastore.runs.releaseLeases("a");
    expect(await leaseOf(run, "c")).toEqual([]);
    await metastore.runs.releaseLeases("b");
    // A lease of no length is over when it begins.
    expect(await leaseOf(run, "c", 0)).toHaveLength(1);
    expect(await leaseOf(run, "d", 0)).toHaveLength(1);
    expect(await metastore.runs.renewLeases("c", 60_000)).toEqual([]);
    expect(await metastore.runs.renewLeases("d", 60_000)).toEqual([run.id]);
    expect(await leaseOf(run, "e")).toEqual([]);
  });

  test("neither claims nor renews a finished run, and remembers its cache keys", async () => {
    const run = await claimedRun("finisher");
    const keys = ["11".repeat(32), "22".repeat(32)];
    await metastore.runs.writePass(
      passOf(run, {
        owner: "finisher",
        run: {
          leaves: "queued",
          state: "success",
          startedAt: 1,
          endedAt: 2,
          processesSpawned: 0,
          lookups: 1,
        },
        instances: inserted(
          instance("a", { cacheKey: keys[0]! }),
          instance("b", { cacheKey: keys[1]! }),
          instance("c", { cacheKey: keys[1]! }),
          instance("d"),
        ),
      }),
    );
    const next = await metastore.runs.createRun(newRun(run.dagId, run.dagVersionId, { runId: "r2" }));
    expect(await metastore.runs.renewLeases("finisher", 1)).toEqual([]);
    expect(await metastore.runs.listLeaseOwners()).not.toContain("finisher");
    expect((await leaseOf(run, "x")).map((claim) => claim.run.runId)).toEqual(["r2"]);
    const previous = (team: string, before: number) =>
      metastore.runs.listPreviousCacheKeys(team, run.dagId, before, 10);
    const found = await previous("red", next.id);
    expect(found.map(({ taskId, key }) => `${taskId} ${keys.indexOf(key)}`).sort()).toEqual([
      "a 0",
      "b 1",
      "c 1",
    ]);
    expect(await previous("red", run.id)).toEqual([]);
    expect(await previous("blue", next.id)).toEqual([]);
  });
});
