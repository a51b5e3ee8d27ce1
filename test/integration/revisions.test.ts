import {
  UNMAPPED,
  UNTOUCHED,
  type DagRun,
  type PassWrite,
  type StoredInstance,
  type TaskInstance,
} from "@memodag/core";
import { openTestMetastore, saveDag, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { numbersFrom } from "./numbers-from.ts";

const instance = (taskId: string, changes: Partial<TaskInstance> = {}): TaskInstance => ({
  ...UNTOUCHED,
  taskId,
  mapIndex: UNMAPPED,
  maxTries: 1,
  ...changes,
});

/** What happens to a run; numbers choose instances. */
type Act =
  | { readonly kind: "pass"; readonly changed: readonly number[]; readonly removed: readonly number[] }
  | { readonly kind: "clear" | "mark"; readonly task: number }
  | { readonly kind: "cancel" };

const TASKS = ["a", "b", "c"];

function someAct(next: (limit: number) => number): Act {
  const kind = (["pass", "pass", "pass", "clear", "mark", "cancel"] as const)[next(6)] ?? "pass";
  if (kind === "cancel") return { kind };
  if (kind !== "pass") return { kind, task: next(TASKS.length) };
  const places = (most: number) => [...new Set(Array.from({ length: next(most + 1) }, () => next(6)))];
  return { kind, changed: places(4), removed: places(1) };
}

describe.each(TEST_DIALECTS)("revisions on %s", (dialect) => {
  let metastore: TestMetastore;
  let dagCount = 0;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());

  const newRun = async (): Promise<DagRun> => {
    const dagId = `dag${(dagCount += 1)}`;
    const wanted = {
      team: "red",
      dagId,
      runId: "r1",
      runType: "manual",
      cacheMode: "use",
      conf: {},
      params: {},
    } as const;
    const undated = { logicalDate: null, dataIntervalStart: null, dataIntervalEnd: null };
    const dagVersionId = await saveDag(metastore, dagId, "red");
    return await metastore.runs.createRun({ ...wanted, ...undated, dagVersionId });
  };
  const claim = async (run: DagRun): Promise<void> => {
    await metastore.runs.claimRuns({ owner: "me", leaseMs: 60_000, limit: 1, deadOwners: [], dag: run });
  };
  const find = async ({ team, dagId, runId }: DagRun): Promise<DagRun> =>
    (await metastore.runs.findRun(team, dagId, runId)) as DagRun;
  const passOf = (run: DagRun, changes: Partial<PassWrite> & { endedAt?: number }): PassWrite => {
    const { endedAt = null, ...rest } = changes;
    const state = endedAt === null ? "running" : "success";
    const columns = {
      leaves: run.state,
      state,
      startedAt: 1,
      endedAt,
      processesSpawned: 0,
      lookups: 0,
    } as const;
    return { runId: run.id, owner: "me", run: columns, instances: [], removed: [], xcoms: [], ...rest };
  };
  const pass = async (run: DagRun, changes: Partial<PassWrite> & { endedAt?: number }): Promise<void> => {
    expect(await metastore.runs.writePass(passOf(run, changes))).toEqual({ kind: "written" });
  };

  const nameOf = ({ taskId, mapIndex }: Pick<TaskInstance, "taskId" | "mapIndex">) =>
    `${taskId}[${mapIndex}]`;
  const at = (number: number) => ({ taskId: TASKS[number % 3] ?? "", mapIndex: Math.floor(number / 3) });

  async function carryOut(run: DagRun, what: Act): Promise<void> {
    const { team, id } = run;
    const now = await find(run);
    if (what.kind === "cancel") {
      await metastore.runs.cancelRun(team, id, { taskIds: TASKS, error: { code: "c", message: "m" } });
      return;
    }
    const [taskId = ""] = what.kind === "pass" ? [] : [TASKS[what.task]];
    const cleared = [{ taskId, retries: 0, refreshReason: null }];
    if (what.kind === "clear") await metastore.runs.clearTasks(team, id, cleared);
    if (what.kind === "mark")
      await metastore.runs.markTasks(team, id, {
        tasks: [{ taskId }],
        state: "success",
        error: null,
        cleared: [],
      });
    if (what.kind !== "pass" || (now.state !== "queued" && now.state !== "running")) return;
    await claim(run);
    const stored = new Map(
      (await metastore.runs.listTaskInstances(team, id)).map((row) => [nameOf(row), row] as const),
    );
    const removed = what.removed.map(at).filter((one) => stored.has(nameOf(one)));
    const gone = new Set(removed.map(nameOf));
    const instances = what.changed.map(at).flatMap((one) => {
      if (gone.has(nameOf(one))) return [];
      const before = stored.get(nameOf(one));
      const row = instance(one.taskId, {
        mapIndex: one.mapIndex,
        state: "running",
        tryNumber: (before?.tryNumber ?? 0) + 1,
      });
      return [
        { instance: row, leaves: before ? { state: before.state, tryNumber: before.tryNumber } : null },
      ];
    });
    await pass(now, { instances, removed });
  }

  test.each(Array.from({ length: 10 }, (_, seed) => seed))(
    "let a watcher have what a run has, from changes alone, of seed %i",
    async (seed) => {
      const next = numbersFrom(seed);
      const run = await newRun();
      let seen = new Map<string, StoredInstance>();
      let since = 0;
      for (let looks = 0; looks < 6; looks += 1) {
        for (let acts = next(4); acts > 0; acts -= 1) await carryOut(run, someAct(next));
        const look = await metastore.views.listInstances(run.team, run.id, { limit: 99, since });
        if (!look) throw new Error("the run is gone");
        if (!look.isDelta) seen = new Map();
        for (const row of look.instances) seen.set(nameOf(row), row);
        since = look.revision;
        const all = await metastore.runs.listTaskInstances(run.team, run.id);
        expect([...seen].sort()).toEqual(all.map((row) => [nameOf(row), row] as const).sort());
        expect(since).toBe((await find(run)).revision);
      }
    },
  );

  test("list nothing where nothing has changed, and only what has", async () => {
    const run = await newRun();
    await claim(run);
    const both = ["a", "b"].map((taskId) => ({ instance: instance(taskId), leaves: null }));
    await pass(run, { instances: both });
    const { revision } = await find(run);
    const look = async (since: number) => {
      const { isDelta, instances } =
        (await metastore.views.listInstances("red", run.id, { limit: 9, since })) ?? {};
      return [isDelta, instances?.map(({ taskId }) => taskId)];
    };
    expect(await look(revision)).toEqual([true, []]);
    const changed = {
      instance: instance("b", { state: "scheduled" }),
      leaves: { state: "none", tryNumber: 0 },
    } as const;
    await pass(await find(run), { instances: [changed] });
    expect(await look(revision)).toEqual([true, ["b"]]);
    // Of a database that was restored: it has never been there.
    expect(await look(revision + 9)).toEqual([false, ["a", "b"]]);
  });

  test("filter instances by what a row says", async () => {
    const run = await newRun();
    await claim(run);
    const error = { code: "task_failed", message: "100% of C:\\_Data is GONE" };
    const rows = [
      instance("clean", { state: "success", cacheStatus: "hit" }),
      instance("clean_all", {
        state: "failed",
        cacheStatus: "miss",
        cacheReason: { code: "no_entry" },
        error,
      }),
      instance("load", { state: "failed", cacheStatus: "disabled" }),
    ];
    await pass(run, { instances: rows.map((row) => ({ instance: row, leaves: null })) });
    const ids = async (filter: object) =>
      (await metastore.views.listInstances("red", run.id, { limit: 9, ...filter }))?.instances.map(
        ({ taskId }) => taskId,
      );
    expect(await ids({ states: ["failed"] })).toEqual(["clean_all", "load"]);
    expect(await ids({ states: ["failed"], cacheStatuses: ["miss", "hit"] })).toEqual(["clean_all"]);
    expect(await ids({ taskId: "clean" })).toEqual(["clean"]);
    expect(await ids({ reason: "no_entry" })).toEqual(["clean_all"]);
    expect(await ids({ text: "CLEAN" })).toEqual(["clean", "clean_all"]);
    expect(await ids({ text: "n_a" })).toEqual(["clean_all"]);
    expect(await ids({ text: "% of c:\\_" })).toEqual(["clean_all"]);
    expect(await ids({ text: "%" })).toEqual(["clean_all"]);
    expect(await ids({ after: { taskId: "clean", mapIndex: -1 }, limit: 1 })).toEqual(["clean_all"]);
  });

  test("tell of runs that began and ended between two looks, and of those that were run again", async () => {
    const open = await newRun();
    const over = await newRun();
    await claim(over);
    await pass(over, { endedAt: 5_000 });
    const before = await newRun();
    await claim(before);
    await pass(before, { endedAt: 4_999 });
    const ids = [open.id, over.id, before.id];
    const look = async (endedSince?: number) =>
      (await metastore.views.listRevisions({ team: "red", ...(endedSince !== undefined && { endedSince }) }))
        .filter(({ id }) => ids.includes(id))
        .map(({ id, state, revision }) => [id, state, revision]);
    expect(await look()).toEqual([[open.id, "queued", 0]]);
    expect(await look(5_000)).toEqual([
      [open.id, "queued", 0],
      [over.id, "success", 1],
    ]);
    expect((await look(4_999)).map(([id]) => id)).toEqual([open.id, before.id, over.id]);
  });
});
