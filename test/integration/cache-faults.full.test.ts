// What runs come to when their cache is late, broken, wrong or full: success, with the right values.

import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reasonSentence, sha256, systemClock, type DagVersion } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import {
  FilesystemRecordStore,
  FilesystemResultStore,
  type RecordStore,
  type ResultStore,
} from "@memodag/result-cache";
import { triggerRun } from "@memodag/scheduler";
import { Dag } from "memodag";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { DEADLINE_MS, OTHERS, ROOMS, never, refuse } from "./cache-fault-rooms.ts";
import { SchedulerRig, type RigRunOptions } from "./scheduler-rig.ts";

const TASKS = ["first", "second", "third"];
const TEAM = "default";
/** Long enough for a healthy store on a busy machine where a room's fault is not that it is late. */
const PATIENCE_MS = 10_000;

const inert: (args: Record<string, unknown>) => unknown = () => null;

interface Stores {
  readonly records: RecordStore;
  readonly results: ResultStore;
}

/** A store some of whose methods are others. */
function withMethods<T extends object>(store: T, own: Partial<T>): T {
  return new Proxy(store, {
    get(target, name) {
      const member = (Reflect.get(own, name) ?? Reflect.get(target, name)) as unknown;
      return typeof member === "function" ? (member.bind(target) as unknown) : member;
    },
  });
}

describe.each(TEST_DIALECTS)("on %s, a run succeeds whose cache", (dialect) => {
  let metastore: TestMetastore;
  /** A cache database of its own, which may be damaged without regard to the runs' XComs. */
  let cache: TestMetastore;
  let rig: SchedulerRig;
  let dagCount = 0;

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    cache = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
    await cache.results.write("finance", [OTHERS]);
  });
  afterAll(async () => {
    await metastore.close();
    await cache.close();
  });

  /** Three tasks in a row, each with what the one before returned in what it returns. */
  async function chain(padding = ""): Promise<{
    version: DagVersion;
    run(stores?: Partial<Stores>, options?: RigRunOptions): ReturnType<SchedulerRig["run"]>;
    value: string;
  }> {
    const dagId = `faulty${(dagCount += 1)}`;
    const dag = new Dag(dagId);
    let before: unknown;
    for (const id of TASKS) before = dag.task(id, inert, { cache: true })({ before });
    const version = await rig.define(dag);
    const scripts = Object.fromEntries(
      TASKS.map((id) => [
        id,
        (_attempt: unknown, { before: given }: Readonly<Record<string, unknown>>) =>
          `${dagId} ${id} of ${typeof given === "string" ? sha256(given) : "nothing"}${padding}`,
      ]),
    );
    let value = "";
    for (const id of TASKS) value = `${dagId} ${id} of ${value ? sha256(value) : "nothing"}${padding}`;
    const run = (stores: Partial<Stores> = {}, options: RigRunOptions = {}) =>
      rig.run(version, scripts, {
        records: cache.records,
        results: cache.results,
        lookupTimeoutMs: PATIENCE_MS,
        storeTimeoutMs: PATIENCE_MS,
        ...stores,
        ...options,
      });
    return { version, run, value };
  }

  const statusesOf = ({ instances }: Awaited<ReturnType<SchedulerRig["run"]>>) =>
    instances.map(({ cacheStatus }) => cacheStatus);

  test.each(Object.entries(ROOMS))("%s", async (_name, room) => {
    const { run, value, version } = await chain();
    if (!room.cold) await run();
    // What is to be read is there.
    expect(await cache.records.count({ dagId: version.dagId })).toBe(room.cold ? 0 : TASKS.length);
    if (room.damage) await cache.execute(room.damage);
    const { faults = {}, deadlineMs = PATIENCE_MS } = room;
    const faulty = await run(
      {
        records: withMethods(cache.records, faults.records?.(cache.records) ?? {}),
        results: withMethods(cache.results, faults.results?.(cache.results) ?? {}),
      },
      { lookupTimeoutMs: deadlineMs, storeTimeoutMs: deadlineMs },
    );
    expect(faulty.run.state).toBe("success");
    expect(faulty.executor.submitted).toEqual(TASKS);
    expect(await rig.returned(faulty, "third")).toBe(value);
    const statuses = statusesOf(faulty);
    expect(room.statuses).toEqual(expect.arrayContaining(statuses));
    expect(statuses.filter((status) => status === "lookup_timeout")).toHaveLength(room.deadlines ?? 0);
    // Whatever it left behind is no wrong hit.
    const after = await run();
    expect(after.run.state).toBe("success");
    expect(await rig.returned(after, "third")).toBe(value);
  });

  test("has one flipped byte", async () => {
    const { run, value, version } = await chain();
    const { instances } = await run();
    const second = instances.find(({ taskId }) => taskId === "second");
    const [record] = await cache.records.list(
      { team: TEAM, dagId: version.dagId, taskId: "second" },
      { limit: 1, offset: 0 },
    );
    const digest = record?.xcoms[0]?.digest ?? "";
    const bytes = Buffer.from((await cache.results.read(TEAM, [digest])).get(digest) ?? []);
    bytes[7] = (bytes[7] ?? 0) ^ 1;
    const literal = dialect === "sqlite" ? `x'${bytes.toString("hex")}'` : `'\\x${bytes.toString("hex")}'`;
    await cache.execute(`update result set bytes = ${literal} where digest = '${digest}'`);
    // No run waits until what is damaged is taken away. This one does, lest that take what it stores.
    const removed = Promise.withResolvers<void>();
    const results = withMethods(cache.results, {
      async delete(...call: Parameters<ResultStore["delete"]>) {
        await cache.results.delete(...call);
        removed.resolve();
      },
      async write(...call: Parameters<ResultStore["write"]>) {
        await removed.promise;
        await cache.results.write(...call);
      },
    });
    const next = await run({ results });
    expect(next.run.state).toBe("success");
    expect(next.states).toEqual({ first: "success/hit", second: "success/populated", third: "success/hit" });
    expect(await rig.returned(next, "second")).not.toBe(null);
    expect(await rig.returned(next, "third")).toBe(value);
    expect(next.instances.find(({ taskId }) => taskId === "second")).toMatchObject({
      cacheKey: second?.cacheKey,
      cacheReason: { code: "integrity_failed" },
    });
    expect((await run()).executor.submitted).toEqual([]);
  });

  test("answers after the deadline, and changes nothing by that", async () => {
    const { run, version } = await chain();
    await run();
    // Tempts a late lookup: what it finds unusable it would take away.
    await cache.execute("delete from result where team = 'default'");
    const gate = Promise.withResolvers<void>();
    const late: Promise<unknown>[] = [];
    let reads = 0;
    const records = withMethods(cache.records, {
      async find(...call: Parameters<RecordStore["find"]>) {
        if (late.length > 0) return await refuse();
        const answer = gate.promise.then(() => cache.records.find(call[0], call[1]));
        late.push(answer);
        return await answer;
      },
    });
    const results = withMethods(cache.results, {
      async read(...call: Parameters<ResultStore["read"]>) {
        reads += 1;
        return await cache.results.read(...call);
      },
      write: refuse,
    });
    const faulty = await run({ records, results }, { lookupTimeoutMs: DEADLINE_MS });
    expect(faulty.run.state).toBe("success");
    const filter = { team: TEAM, dagId: version.dagId };
    const page = { limit: 10, offset: 0 };
    const entriesOf = async () =>
      (await cache.records.list(filter, page)).map(({ key, hitCount, createdAt }) => ({
        key,
        hitCount,
        createdAt,
      }));
    const before = await entriesOf();
    expect(before).toHaveLength(TASKS.length);
    gate.resolve();
    await Promise.all(late);
    await new Promise((resolve) => setImmediate(resolve));
    expect(reads).toBe(0);
    expect(await entriesOf()).toEqual(before);
    const now = await metastore.runs.listTaskInstances(TEAM, faulty.run.id);
    expect(now).toEqual(faulty.instances);
  });

  test("takes bytes after the deadline: they are not named any more", async () => {
    const { run, version } = await chain();
    const gate = Promise.withResolvers<void>();
    const late: Promise<unknown>[] = [];
    const results = withMethods(cache.results, {
      async write(...call: Parameters<ResultStore["write"]>) {
        const answer = gate.promise.then(() => cache.results.write(...call));
        late.push(answer);
        return await answer;
      },
    });
    const faulty = await run({ results }, { storeTimeoutMs: DEADLINE_MS });
    expect(faulty.run.state).toBe("success");
    expect(faulty.states["first"]).toBe("success/put_failure");
    gate.resolve();
    await Promise.all(late);
    await new Promise((resolve) => setImmediate(resolve));
    const kept = await cache.records.list(
      { team: TEAM, dagId: version.dagId, taskId: "first" },
      { limit: 1, offset: 0 },
    );
    expect(kept).toEqual([]);
  });

  test("never answers: the runs after that wait for nothing", async () => {
    const { version } = await chain();
    let finds = 0;
    const records = withMethods(cache.records, {
      find: () => {
        finds += 1;
        return never();
      },
      put: never,
    });
    const { scheduler } = rig.newScheduler(
      {},
      { records, results: cache.results, lookupTimeoutMs: DEADLINE_MS, storeTimeoutMs: DEADLINE_MS },
    );
    scheduler.start();
    const deadlines: number[] = [];
    for (let number = 0; number < 5; number += 1) {
      const { id } = await triggerRun(metastore.runs, systemClock, {
        version,
        conf: {},
        params: {},
        logicalDate: null,
        cacheMode: "use",
      });
      scheduler.wake();
      expect((await scheduler.whenOver(id)).state).toBe("success");
      const instances = await metastore.runs.listTaskInstances(TEAM, id);
      deadlines.push(instances.filter(({ cacheStatus }) => cacheStatus === "lookup_timeout").length);
    }
    await scheduler.stop(0);
    expect(deadlines).toEqual([1, 0, 0, 0, 0]);
    // The breaker's threshold is the most that is asked of it, waited for or not.
    expect(finds).toBeLessThanOrEqual(5);
  });

  test("is on a full disk", async () => {
    const small = await openTestMetastore(dialect);
    onTestFinished(() => small.close());
    if (dialect === "postgres") {
      await small.execute(`
        create function no_space() returns trigger language plpgsql as
          $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$;
        create trigger no_space before insert on result execute function no_space()`);
    }
    const { records, results } = await small.openAgain({ sqlite: { maxPages: 1 } });
    expect(await runWithoutRoom({ records, results })).toEqual(
      withoutEntries(/^put_failure: .*(full|No space left)/),
    );
  });

  test("is a folder on a full disk", async () => {
    const folder = await mkdtemp(join(tmpdir(), "memodag-full-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    onTestFinished(() => void vi.restoreAllMocks());
    await using file = await open(folder, "r");
    const prototype = Object.getPrototypeOf(file) as { sync(): Promise<void> };
    const noSpace = Object.assign(new Error("ENOSPC: no space left on device, fsync"), { code: "ENOSPC" });
    vi.spyOn(prototype, "sync").mockRejectedValue(noSpace);
    const stores = {
      records: new FilesystemRecordStore(folder, systemClock),
      results: new FilesystemResultStore(folder, systemClock),
    };
    expect(await runWithoutRoom(stores)).toEqual(withoutEntries(/^put_failure: .*ENOSPC/));
  });

  /** A run whose results are too large for the room that is left. */
  async function runWithoutRoom(stores: Stores): Promise<unknown> {
    const { run, value } = await chain("x".repeat(200_000));
    const faulty = await run(stores);
    return {
      state: faulty.run.state,
      isRight: (await rig.returned(faulty, "third")) === value,
      failures: faulty.instances.map(
        ({ cacheStatus, cacheReason }) => `${cacheStatus}: ${cacheReason && reasonSentence(cacheReason)}`,
      ),
      entries: await stores.records.count({ team: TEAM }),
    };
  }

  const withoutEntries = (reason: RegExp) => ({
    state: "success",
    isRight: true,
    failures: TASKS.map(() => expect.stringMatching(reason) as string),
    entries: 0,
  });
});
