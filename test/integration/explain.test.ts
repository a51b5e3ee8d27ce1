import type { TaskInstance } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { Collector, DECISION_TTL_MS, type KeptDecision, type RecordStore } from "@memodag/result-cache";
import { Dag, param } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SchedulerRig, type RigRun, type RigRunOptions } from "./scheduler-rig.ts";

const inert: (args: Record<string, unknown>) => unknown = () => null;
const scripts = { load: () => [1], fit: () => 1, draw: () => 2, fail: () => 3 };

describe.each(TEST_DIALECTS)("misses that are explained, on %s", (dialect) => {
  let rig: SchedulerRig;
  let metastore: TestMetastore;
  let dagCount = 0;

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  /** The decision about an instance of a run. */
  async function decisionOf(
    { run, instances }: RigRun,
    taskId: string,
    mapIndex = -1,
  ): Promise<KeptDecision & { readonly instance: TaskInstance }> {
    const instance = instances.find((one) => one.taskId === taskId && one.mapIndex === mapIndex);
    const decision = await metastore.decisions.find(run.team, run.id, { taskId, mapIndex });
    if (!decision || !instance) throw new Error(`nothing was decided about ${taskId}`);
    return { ...decision, instance };
  }

  function fitDag(
    input = 1,
    version?: string,
  ): { dag: Dag; dagId: string; again: (input: number, version?: string) => Dag } {
    const dagId = `explained${(dagCount += 1)}`;
    const make = (value: number, bumped?: string): Dag => {
      const dag = new Dag(dagId, { params: { depth: 3 } });
      const cache = { includeInputs: ["params.depth"], ...(bumped && { version: bumped }) };
      const fit = dag.task("fit", inert, { cache });
      fit({ value, token_secret: `t${value}` });
      return dag;
    };
    return { dag: make(input, version), dagId, again: make };
  }

  test("is compared with the nearest of all keys that are kept, however old", async () => {
    const { dag, again } = fitDag(1, "a");
    const first = await rig.run(await rig.define(dag), scripts);
    // Each of these differs from the last one below in two places, the first run in one.
    for (let value = 2; value < 12; value += 1)
      await rig.run(await rig.define(again(value, `other${value}`)), scripts);
    const last = await rig.run(await rig.define(again(1, "b")), scripts);
    expect(await decisionOf(last, "fit")).toMatchObject({
      reason: "version_changed",
      comparedRunId: first.run.runId,
      changes: [{ kind: "version", before: "a", after: "b" }],
    });
  });

  test("first run, then whatever changed, by name", async () => {
    const { dag, again } = fitDag();
    const version = await rig.define(dag);
    const first = await rig.run(version, scripts);
    expect(await decisionOf(first, "fit")).toMatchObject({
      reason: "first_run",
      comparedWith: null,
      comparedRunId: null,
      changes: [],
      key: first.instances[0]?.cacheKey,
    });

    const context = await rig.run(version, scripts, { params: { depth: 4 } });
    expect(await decisionOf(context, "fit")).toMatchObject({
      reason: "context_changed",
      comparedWith: first.instances[0]?.cacheKey,
      comparedRunId: first.run.runId,
      changes: [{ kind: "context", path: "params.depth", before: "3", after: "4" }],
    });

    const hit = await rig.run(version, scripts);
    expect(hit.states).toEqual({ fit: "success/hit" });
    expect(
      await metastore.decisions.find("default", hit.run.id, { taskId: "fit", mapIndex: -1 }),
    ).toBeUndefined();

    const input = await decisionOf(await rig.run(await rig.define(again(2)), scripts), "fit");
    expect(input).toMatchObject({ reason: "input_changed", comparedRunId: first.run.runId });
    expect(input.changes).toEqual([
      // A secret is told to have changed, by digests that nobody can guess it from.
      {
        kind: "input",
        path: "token_secret",
        before: expect.stringMatching(/^[0-9a-f]{12}$/),
        after: expect.any(String),
      },
      { kind: "input", path: "value", before: "1", after: "2" },
    ]);
    expect(JSON.stringify(input)).not.toContain("t2");

    const bumped = await decisionOf(await rig.run(await rig.define(again(2, "v2")), scripts), "fit");
    expect(bumped).toMatchObject({
      reason: "version_changed",
      changes: [{ kind: "version", path: "version", before: null, after: "v2" }],
    });

    const source = await decisionOf(
      await rig.run(await rig.define(again(2, "v2"), "edited"), scripts),
      "fit",
    );
    expect(source).toMatchObject({ reason: "source_changed", changes: [{ kind: "source", path: "source" }] });
  });

  test("params and conf that a schema marks as secret are compared by keyed digests", async () => {
    const make = (): Dag => {
      const params = {
        pin: param({ default: "pin-1", schema: { type: "string", writeOnly: true } }),
        login: param({
          default: { word: "word-1" },
          schema: { properties: { word: { type: "string", format: "password" } } },
        }),
        plain: "plain-1",
      };
      const confSchema = {
        properties: { key: { type: "string", writeOnly: true }, plain: { type: "string" } },
      };
      const dag = new Dag(`marked-${dialect}`, { params, confSchema });
      const includeInputs = [
        "dagRun.conf",
        "dagRun.conf.key",
        "dagRun.conf.plain",
        "params",
        "params.login",
        "params.login.word",
        "params.pin",
        "params.plain",
      ];
      dag.task("fit", inert, { cache: { includeInputs } })({});
      return dag;
    };
    const version = await rig.define(make());
    await rig.run(version, scripts, { conf: { key: "key-1", plain: "conf-1" } });
    const conf = { key: "key-2", plain: "conf-2" };
    const params = { pin: "pin-2", login: { word: "word-2" }, plain: "plain-2" };
    const changed = await decisionOf(await rig.run(version, scripts, { params, conf }), "fit");
    expect(changed.changes.map(({ path }) => path).sort()).toEqual([
      "dagRun.conf",
      "dagRun.conf.key",
      "dagRun.conf.plain",
      "params",
      "params.login",
      "params.login.word",
      "params.pin",
      "params.plain",
    ]);
    const records = await metastore.records.list({ dagId: `marked-${dialect}` }, { limit: 9, offset: 0 });
    expect(records.length).toBe(2);
    expect(JSON.stringify([changed, records])).not.toMatch(/pin-\d|word-\d|key-\d/);
    expect(JSON.stringify(changed)).toMatch(/conf-2.*plain-2/);
  });

  test("each instance of a mapped task is compared with the one of its index, never with its siblings", async () => {
    const dagId = `mapped${dialect}`;
    const define = (sizes: number[]) => {
      const dag = new Dag(dagId);
      dag.task("draw", inert, { cache: true }).partial({}).expand({ size: sizes });
      return rig.define(dag);
    };
    const first = await rig.run(await define([1, 2, 3]), scripts);
    for (const mapIndex of [0, 1, 2]) {
      expect(await decisionOf(first, "draw", mapIndex)).toMatchObject({ reason: "first_run", changes: [] });
    }
    const second = await rig.run(await define([1, 20, 3, 4]), scripts);
    expect(await decisionOf(second, "draw", 1)).toMatchObject({
      reason: "input_changed",
      changes: [{ kind: "input", path: "size", before: "2", after: "20" }],
    });
    expect(await decisionOf(second, "draw", 3)).toMatchObject({ reason: "first_run" });
  });

  test("a key that lost its entry says how, and so it stays", async () => {
    const { dag } = fitDag();
    const version = await rig.define(dag);
    const { dagId } = version;
    const first = await rig.run(version, scripts);
    const ofDag = { team: "default", dagId };

    await metastore.records.purge(ofDag);
    const purged = await rig.run(version, scripts);
    expect(await decisionOf(purged, "fit")).toMatchObject({
      reason: "purged",
      comparedWith: null,
      changes: [],
    });

    await metastore.execute(`update cache_record set created_at = 0 where dag_id = '${dagId}'`);
    const expired = await rig.run(version, scripts);
    expect(await decisionOf(expired, "fit")).toMatchObject({ reason: "expired", detail: null });

    await metastore.execute(
      `update cache_record set created_at = created_at - 9000 where dag_id = '${dagId}'`,
    );
    const limited = await rig.run(version, scripts, { cacheLimits: { ttlMs: 5_000 } });
    expect(await decisionOf(limited, "fit")).toMatchObject({ reason: "expired_for_run", changes: [] });

    await metastore.execute(`update cache_record set expires_at = 1 where dag_id = '${dagId}'`);
    await collect();
    expect(await metastore.records.count(ofDag)).toBe(0);
    const collected = await rig.run(version, scripts);
    expect(await decisionOf(collected, "fit")).toMatchObject({
      reason: "expired",
      detail: expect.stringContaining("collected"),
    });

    await collect({ maxSizeBytes: 0 });
    const evicted = await rig.run(version, scripts);
    expect(await decisionOf(evicted, "fit")).toMatchObject({
      reason: "purged",
      detail: expect.stringContaining("max_size"),
    });

    const [record] = await metastore.records.list(ofDag, { limit: 1, offset: 0 });
    await metastore.execute(`update cache_record set xcoms = '[]' where dag_id = '${dagId}'`);
    expect(record?.xcoms).toHaveLength(1);
    expect(await decisionOf(await rig.run(version, scripts), "fit")).toMatchObject({
      reason: "result_missing",
    });

    // The bad entry goes beside the run, which may find it there still when it stores: not so the next.
    await rig.run(version, scripts);
    await metastore.execute(
      `update cache_record set xcoms = replace(xcoms, '"sizeBytes":1', '"sizeBytes":2') where dag_id = '${dagId}'`,
    );
    expect(await decisionOf(await rig.run(version, scripts), "fit")).toMatchObject({
      reason: "integrity_failed",
    });

    // What was decided is what it was, whatever happened since.
    expect(await decisionOf(purged, "fit")).toMatchObject({ reason: "purged" });
    expect(await decisionOf(first, "fit")).toMatchObject({ reason: "first_run" });
  });

  test("of a cache that tells nothing of removals, an entry that was there is said to be gone", async () => {
    const { dag } = fitDag();
    const version = await rig.define(dag);
    const untold = withStore({ findRemovals: async () => undefined });
    const first = await rig.run(version, scripts, { records: untold });
    expect(await decisionOf(first, "fit")).toMatchObject({ reason: "first_run" });
    await metastore.records.purge({ team: "default", dagId: version.dagId });
    const gone = await rig.run(version, scripts, { records: untold });
    expect(await decisionOf(gone, "fit")).toMatchObject({
      reason: "purged",
      detail: expect.stringContaining("does not tell how"),
    });
  });

  test("an entry that was purged is still known to compare with", async () => {
    const { dag, again } = fitDag(1);
    const first = await rig.run(await rig.define(dag), scripts);
    await metastore.records.purge({ team: "default", dagId: first.run.dagId });
    const second = await rig.run(await rig.define(again(2)), scripts);
    expect(await decisionOf(second, "fit")).toMatchObject({
      reason: "input_changed",
      comparedWith: first.instances[0]?.cacheKey,
    });
  });

  test("an entry whose decision is not kept any more is compared with all the same", async () => {
    const { dag, again, dagId } = fitDag(1);
    const first = await rig.run(await rig.define(dag), scripts);
    await metastore.execute(`delete from cache_decision where dag_id = '${dagId}'`);
    const second = await rig.run(await rig.define(again(2)), scripts);
    expect(await decisionOf(second, "fit")).toMatchObject({
      reason: "input_changed",
      comparedRunId: first.run.runId,
    });
  });

  test("a run that failed is nothing to compare with for the same key", async () => {
    const { dag } = fitDag();
    const version = await rig.define(dag);
    const fail = {
      fit: () => {
        throw new Error("no luck");
      },
    };
    await rig.run(version, fail);
    expect(await decisionOf(await rig.run(version, scripts), "fit")).toMatchObject({ reason: "first_run" });
  });

  test("instances that did not look say why", async () => {
    const { dag } = fitDag();
    const version = await rig.define(dag);
    await rig.run(version, scripts);
    const broken = withStore({ find: async () => await Promise.reject(new Error("away")) });
    const hanging = withStore({ find: () => new Promise<never>(() => undefined) });
    const cases: [RigRunOptions, string][] = [
      [{ cacheMode: "refresh" }, "refresh"],
      [{ records: broken }, "lookup_failure"],
      [{ records: hanging, lookupTimeoutMs: 1 }, "lookup_timeout"],
    ];
    for (const [options, reason] of cases) {
      expect(await decisionOf(await rig.run(version, scripts, options), "fit")).toMatchObject({
        reason,
        changes: [],
      });
    }
  });

  test("a cache that cannot say what it knows, and decisions that cannot be kept, harm no run", async () => {
    const { dag, again } = fitDag();
    const first = await rig.run(await rig.define(dag), scripts);
    const mute = withStore({
      findRemovals: async () => await Promise.reject(new Error("away")),
      list: async () => await Promise.reject(new Error("away")),
    });
    const second = await rig.run(await rig.define(again(2)), scripts, { records: mute });
    expect(second.states).toEqual({ fit: "success/populated" });
    expect(await decisionOf(second, "fit")).toMatchObject({
      reason: "input_changed",
      comparedRunId: first.run.runId,
    });

    const gone = { ...metastore, decisions: unkept() };
    const third = await rig.run(await rig.define(again(3)), scripts, { metastore: gone });
    expect(third.states).toEqual({ fit: "success/populated" });
    expect(
      await metastore.decisions.find("default", third.run.id, { taskId: "fit", mapIndex: -1 }),
    ).toBeUndefined();
  });

  test("explanations and removals go after their time, and not before", async () => {
    const { dag } = fitDag();
    const version = await rig.define(dag);
    const run = await rig.run(version, scripts);
    await metastore.records.purge({ team: "default", dagId: version.dagId });
    const key = run.instances[0]?.cacheKey ?? "";
    await collect();
    expect(await decisionOf(run, "fit")).toMatchObject({ key });
    expect((await metastore.records.findRemovals?.("default", [key]))?.size).toBe(1);
    await metastore.execute(`
      update cache_decision set decided_at = decided_at - ${DECISION_TTL_MS};
      update cache_removal set removed_at = removed_at - ${DECISION_TTL_MS}`);
    const planned = await collector().then((one) => one.plan(10));
    const { explanations } = await collect();
    expect(explanations).toEqual(planned.explanations);
    expect(explanations.count).toBeGreaterThan(1);
    await expect(decisionOf(run, "fit")).rejects.toThrow("nothing was decided");
    expect((await metastore.records.findRemovals?.("default", [key]))?.size).toBe(0);
  });

  /** The metadata database's records, but for some methods. */
  function withStore(other: Partial<RecordStore>): RecordStore {
    const { records } = metastore;
    return {
      find: (...args) => records.find(...args),
      put: (...args) => records.put(...args),
      touch: (...args) => records.touch(...args),
      list: (...args) => records.list(...args),
      stats: (...args) => records.stats(...args),
      count: (...args) => records.count(...args),
      purge: (...args) => records.purge(...args),
      findRemovals: async (...args) => await records.findRemovals?.(...args),
      ...other,
    };
  }

  function unkept(): TestMetastore["decisions"] {
    const { decisions } = metastore;
    return {
      keep: async () => await Promise.reject(new Error("away")),
      find: (...args) => decisions.find(...args),
      listEarlier: (...args) => decisions.listEarlier(...args),
      listOfRun: (...args) => decisions.listOfRun(...args),
      wasStored: (...args) => decisions.wasStored(...args),
      amount: (...args) => decisions.amount(...args),
      deleteBatch: (...args) => decisions.deleteBatch(...args),
    };
  }

  async function collector({
    maxSizeBytes = null,
  }: { maxSizeBytes?: number | null } = {}): Promise<Collector> {
    const [records, results] = [await metastore.records.retention?.(), await metastore.results.retention?.()];
    return new Collector({ records, results: [results], explanations: metastore.decisions, maxSizeBytes });
  }

  async function collect(options = {}) {
    return await (await collector(options)).collect();
  }
});
