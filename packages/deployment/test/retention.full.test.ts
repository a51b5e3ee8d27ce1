import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, type DagRun, type SerializedTask } from "@memodag/core";
import { ManualClock, serializedTask } from "@memodag/core/testing";
import { FileLogStore } from "@memodag/executor/logs";
import { TEST_DIALECTS, endRuns, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import {
  Leadership,
  openRetention,
  planRetention,
  type Removed,
  type RetentionLimits,
} from "@memodag/operations/retention";
import { NO_LIMITS } from "@memodag/operations/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

const HOUR = 3_600_000;

describe.each(TEST_DIALECTS)("retention on %s", (dialect) => {
  let metastore: TestMetastore;
  let folder: string;
  let logs: FileLogStore;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
  });
  afterAll(() => metastore.close());
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "memodag-retention-"));
    logs = new FileLogStore(folder);
    for (const table of ["dag_run", "task_instance", "xcom", "removed_run", "dag"])
      await metastore.execute(`delete from ${table}`);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const contextOf = (limits: Partial<RetentionLimits>) => ({
    stores: { ...metastore, listRecordStores: async () => [{ name: null, records: metastore.records }] },
    logs,
    settings: { retention: () => ({ ...NO_LIMITS, ...limits }) },
  });
  const clean = async (limits: Partial<RetentionLimits>, signal?: AbortSignal): Promise<Removed> =>
    await openRetention(contextOf(limits), "command").clean(signal);
  const left = async (): Promise<string[]> =>
    (await metastore.runs.listRuns({ limit: 999 })).map(({ dagId, runId }) => `${dagId} ${runId}`).toSorted();
  const names = (dagId: string, ...numbers: number[]) => numbers.map((number) => `${dagId} run${number}`);
  const log = async ({ team, dagId, runId }: DagRun, text: string) =>
    await logs.append({ team, dagId, runId, taskId: "t", mapIndex: -1, tryNumber: 1 }, Buffer.from(text));

  test("removes nothing where nothing has a limit", async () => {
    await endRuns(metastore, "a", { runs: 3, endedAgo: 1_000 * HOUR });
    expect(await clean({})).toMatchObject({ runs: 0, instances: 0, logs: 0 });
    expect(await left()).toEqual(names("a", 1, 2, 3));
  });

  test("removes old runs with their rows and logs, Dag by Dag, and says beforehand what", async () => {
    for (const dagId of ["a", "b", "c", "d"])
      for (const run of await endRuns(metastore, dagId, { runs: 4, instances: 3, endedAgo: 5 * HOUR }))
        await log(run, "12345");
    const limits = {
      runsMs: 2 * HOUR,
      dags: [
        { dagId: "b", runsMs: 8 * HOUR },
        { dagId: "c", runsMs: null, maxRuns: 2 },
        { dagId: "d", team: "blue", runsMs: null },
      ],
    };
    const expected = { runs: 8, instances: 24, xcoms: 24, entries: 0, logs: 8, artifacts: 0, bytes: 40 };
    expect(await planRetention(contextOf(limits))).toEqual(expected);
    expect(await left()).toHaveLength(16);
    expect(await clean(limits)).toEqual(expected);
    expect(await left()).toEqual([
      ...names("a", 4),
      ...names("b", 1, 2, 3, 4),
      ...names("c", 3, 4),
      ...names("d", 4),
    ]);
    expect(await planRetention(contextOf(limits))).toMatchObject({ runs: 0, bytes: 0 });
    let logged = 0;
    for await (const { count } of logs.scan()) logged += count;
    expect(logged).toBe(8);
    expect(await metastore.runRetention.drain(100)).toBe(false);
  });

  test("counts values that nothing refers to any more, and no others", async () => {
    const [run, ...others] = await endRuns(metastore, "a", { runs: 3, instances: 2, endedAgo: 5 * HOUR });
    expect(others).toHaveLength(2);
    const own = { digest: "d".repeat(64), bytes: new TextEncoder().encode("own value") };
    await metastore.results.write("red", [own]);
    await metastore.execute(
      `update xcom set digest = '${own.digest}', size_bytes = 9 where dag_run_id = ${run?.id} and map_index = 0`,
    );
    expect(await planRetention(contextOf({ maxRuns: 2 }))).toMatchObject({ runs: 1, xcoms: 2, bytes: 9 });
    expect(await planRetention(contextOf({ xcomsMs: HOUR }))).toMatchObject({ runs: 0, xcoms: 4, bytes: 9 });
  });

  test("keeps a run that one in progress could count on, until that has ended", async () => {
    const waiting: SerializedTask = {
      ...serializedTask("wait"),
      runStep: {
        kind: "wait",
        dagId: "a",
        executionDeltaMs: 0,
        timeoutMs: HOUR,
        softFail: false,
        pokeIntervalMs: HOUR,
        allowedStates: ["success"],
        failedStates: ["failed"],
      },
    };
    await endRuns(metastore, "a", { runs: 4, endedAgo: 5 * HOUR });
    const [waiter] = await endRuns(metastore, "waiting", { endedAgo: 4 * HOUR, tasks: [waiting] });
    const set = async (changes: string) =>
      await metastore.execute(`update dag_run set ${changes} where id = ${waiter?.id}`);
    await set("state = 'running', ended_at = null");
    // When it was created, they were an hour old.
    const limits = { runsMs: 2 * HOUR };
    expect(await clean(limits)).toMatchObject({ runs: 0 });
    expect(await clean({ maxRuns: 2 })).toMatchObject({ runs: 2 });
    expect(await planRetention(contextOf(limits))).toMatchObject({ runs: 0 });
    // Now they were three hours old.
    await set("created_at = created_at + 2 * 3600000");
    expect(await planRetention(contextOf(limits))).toMatchObject({ runs: 1 });
    await set("created_at = created_at - 2 * 3600000, state = 'success', ended_at = created_at");
    expect(await clean(limits)).toMatchObject({ runs: 1 });
    expect(await left()).toEqual([...names("a", 4), "waiting run1"]);
  });

  test("removes XComs by age and by size, the oldest first, and leaves the latest runs theirs", async () => {
    await endRuns(metastore, "a", { runs: 5, instances: 2, endedAgo: 5 * HOUR });
    await endRuns(metastore, "b", { runs: 5, instances: 2, endedAgo: 2 * HOUR });
    // Each run has 16 bytes. Those of five runs stay, and the latest of `a`.
    const limits = { maxXComBytes: 5 * 16 };
    expect(await planRetention(contextOf(limits))).toMatchObject({ runs: 0, xcoms: 8 });
    expect(await clean(limits)).toMatchObject({ runs: 0, instances: 0, xcoms: 8 });
    expect(await clean(limits)).toMatchObject({ xcoms: 0 });
    expect(await clean({ xcomsMs: HOUR })).toMatchObject({ xcoms: 8 });
    expect(await clean({ xcomsMs: HOUR })).toMatchObject({ xcoms: 0 });
    expect(await left()).toHaveLength(10);
    for (const { id, runId, team } of await metastore.runs.listRuns({ limit: 10 }))
      expect(await metastore.runs.listXComs(team, id)).toHaveLength(runId === "run5" ? 2 : 0);
  });

  test("goes on where one that was ended has stopped, and shares the work with another", async () => {
    await endRuns(metastore, "a", { runs: 300, instances: 3, endedAgo: 5 * HOUR });
    const limits = { runsMs: HOUR };
    const stopped = new AbortController();
    const another = await metastore.openAgain();
    // Ended in its first step.
    const runRetention = new Proxy(metastore.runRetention, {
      get(target, name) {
        if (name === "removeOld") stopped.abort();
        const method: unknown = Reflect.get(target, name);
        return typeof method === "function" ? method.bind(target) : method;
      },
    });
    const first = { ...contextOf(limits), stores: { ...metastore, runRetention } };
    const begun = await openRetention(first, "command").clean(stopped.signal);
    expect(begun.runs).toBeGreaterThan(0);
    expect(begun.runs).toBeLessThan(299);
    const second = { ...contextOf(limits), stores: another };
    const rest = await Promise.all(
      [contextOf(limits), second].map(async (context) => await openRetention(context, "command").clean()),
    );
    expect(rest.reduce((sum, { runs }) => sum + runs, begun.runs)).toBe(299);
    expect(await left()).toEqual(names("a", 300));
    while (await metastore.runRetention.drain(1_000));
    const ids = (await metastore.runs.listRuns({ limit: 9 })).map(({ id }) => id);
    expect(await metastore.runRetention.count(ids)).toMatchObject({ instances: 3, xcoms: 3 });
    const removed = await metastore.runRetention.listRemoved(0, 2_000);
    expect(removed).toHaveLength(299);
    expect(await metastore.runRetention.count(removed.map(({ id }) => id))).toMatchObject({
      instances: 0,
      xcoms: 0,
    });
  });

  test("is done by one process at a time, and by another once that has ended", async () => {
    const clock = new ManualClock();
    const leader = (holder: string) =>
      new Leadership({ leases: metastore.leases, holder, clock, log: silentLogger });
    const { signal } = new AbortController();
    const led: string[] = [];
    await leader("a").lead(signal, async () => {
      await leader("b").lead(signal, async () => {
        led.push("b while a leads");
      });
      led.push("a");
    });
    await leader("b").lead(signal, async (whileLeading) => {
      // As if it had been suspended, and `a` had taken over.
      await metastore.execute("update cache_lease set token = token + 1");
      clock.advance(30_000);
      await new Promise((resolve) => whileLeading.addEventListener("abort", resolve));
      led.push("b, until it lost the lease");
    });
    expect(led).toEqual(["a", "b, until it lost the lease"]);
  });
});
