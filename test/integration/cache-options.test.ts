// What the options of `cache` do with keys, lookups and stores: projections, shared names, modes and expiries.

import { ManualClock } from "@memodag/core/testing";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { MemoryRecordStore, MemoryResultStore } from "@memodag/result-cache";
import { Dag, INPUTS, version as versionPart, type CacheConfig } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SchedulerRig, type RigRunOptions } from "./scheduler-rig.ts";

const inert = (() => null) as never;

type Doc = Readonly<Record<string, unknown>>;

describe.each(TEST_DIALECTS)("options of cache on %s", (dialect) => {
  let metastore: TestMetastore;
  let rig: SchedulerRig;

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  /** What a run of one task did whose argument is the result of a task upstream. */
  async function runOn(
    dagId: string,
    doc: unknown,
    cache: CacheConfig<"doc">,
    options: RigRunOptions & { source?: string; returns?: unknown } = {},
  ): Promise<string | undefined> {
    const dag = new Dag(dagId);
    const read = dag.task<object, never>("read", inert);
    dag.task<{ doc: Doc }>("use", inert, { cache })({ doc: read() });
    const version = await rig.define(dag, options.source);
    const { states } = await rig.run(version, { read: () => doc, use: () => options.returns ?? 1 }, options);
    return states["use"];
  }

  test("a projection takes its fields alone into the key, and tells absence from null", async () => {
    const inputs = { doc: ["etag", "model.0.name"] };
    const use = async (doc: unknown) => await runOn("projected", doc, { inputs });
    const doc = { etag: "a", model: [{ name: "x", size: 1 }], at: 1 };
    expect(await use(doc)).toBe("success/populated");
    expect(await use({ ...doc, at: 2 })).toBe("success/hit");
    expect(await use({ ...doc, model: [{ name: "x", size: 2 }, "more"] })).toBe("success/hit");
    expect(await use({ ...doc, etag: "b" })).toBe("success/populated");
    expect(await use({ ...doc, model: [{ name: "y" }] })).toBe("success/populated");
    expect(await use({ ...doc, etag: null })).toBe("success/populated");
    expect(await use({ model: doc.model })).toBe("success/populated");
    // No value as a whole has the key of a projection.
    expect(await use(null)).toBe("success/populated");
    expect(await use([])).toBe("success/hit");
    expect(await use("etag")).toBe("success/hit");
  });

  test("a projection reaches elements of a mapped task, and values of several tasks", async () => {
    const dag = (at: number): Dag => {
      const made = new Dag("projected-parts");
      const list = made.task<object, never>("list", inert);
      const one = made.task<object, never>("one", inert);
      const cache = { inputs: { doc: ["id"] } };
      made.task<{ doc: Doc }>("each", inert, { cache }).expand({ doc: list() });
      made.task<{ doc: Doc }>("both", inert, { cache: { inputs: { doc: ["first.id", "at.none"] } } })({
        doc: { first: one(), at } as never,
      });
      return made;
    };
    const scripts = (at: number) => ({
      list: () => [
        { id: 1, at },
        { id: 2, at },
      ],
      one: () => ({ id: 1, at }),
      each: () => 1,
      both: () => 1,
    });
    const first = await rig.run(await rig.define(dag(1)), scripts(1));
    expect(first.states).toMatchObject({ "each[0]": "success/populated", both: "success/populated" });
    const second = await rig.run(await rig.define(dag(2)), scripts(2));
    expect(second.states).toMatchObject({
      "each[0]": "success/hit",
      "each[1]": "success/hit",
      both: "success/hit",
    });
  });

  test("a projected argument may be larger than others, up to a limit of its own", async () => {
    const doc = { etag: "a", rows: "x".repeat(5_000) };
    const scheduling = { maxInputSize: 1_000, maxProjectedSize: 10_000 };
    expect(await runOn("large", doc, {}, { scheduling })).toBe("success/uncacheable");
    const cache = { inputs: { doc: ["etag"] } };
    expect(await runOn("large", doc, cache, { scheduling })).toBe("success/populated");
    expect(await runOn("large", doc, cache, { scheduling: { ...scheduling, maxProjectedSize: 1_000 } })).toBe(
      "success/uncacheable",
    );
  });

  test("a version in place of the code survives a change of it, until the version changes", async () => {
    const policy = (of: string) => ({ policy: INPUTS.plus(versionPart(of)) });
    expect(await runOn("versioned", 1, policy("1"), { source: "v1" })).toBe("success/populated");
    expect(await runOn("versioned", 1, policy("1"), { source: "v2" })).toBe("success/hit");
    expect(await runOn("versioned", 1, policy("2"), { source: "v2" })).toBe("success/populated");
    // With the code in its key, a task never takes such a result.
    expect(await runOn("versioned", 1, { version: "2" }, { source: "v2" })).toBe("success/populated");
  });

  test("tasks that share a name share results where their code and inputs are the same", async () => {
    const dag = (dagId: string, share: string | undefined): Dag => {
      const made = new Dag(dagId);
      const cache = share === undefined ? true : { share };
      made.task<{ text: string }>("embed", inert, { cache })({ text: "a" });
      return made;
    };
    const run = async (dagId: string, share: string | undefined, source = "v1", team = "default") =>
      (await rig.run(await rig.define(dag(dagId, share), source, team), { embed: () => [1] })).states[
        "embed"
      ];
    expect(await run("sharing-a", "embed")).toBe("success/populated");
    expect(await run("sharing-b", "embed")).toBe("success/hit");
    expect(await run("sharing-b", "embed", "v2")).toBe("success/populated");
    expect(await run("sharing-a", "other")).toBe("success/populated");
    expect(await run("sharing-a", undefined)).toBe("success/populated");
    expect(await run("sharing-b", "embed", "v1", "another")).toBe("success/populated");
  });

  describe("the mode", () => {
    test("refresh runs always, and replaces what is stored", async () => {
      expect(await runOn("refreshing", 1, { mode: "refresh" }, { returns: 1 })).toBe("success/skipped");
      expect(await runOn("refreshing", 1, { mode: "refresh" }, { returns: 2 })).toBe("success/skipped");
      const dag = new Dag("refreshing");
      const read = dag.task<object, never>("read", inert);
      dag.task<{ doc: Doc }>("use", inert, { cache: true })({ doc: read() });
      const third = await rig.run(await rig.define(dag), { read: () => 1, use: () => 3 });
      expect(third.states["use"]).toBe("success/hit");
      expect(await rig.returned(third, "use")).toBe(2);
    });

    test("read takes what is stored, and stores nothing", async () => {
      expect(await runOn("reading", 1, { mode: "read" })).toBe("success/uncacheable");
      expect(await runOn("reading", 1, {})).toBe("success/populated");
      expect(await runOn("reading", 1, { mode: "read" })).toBe("success/hit");
      expect(await runOn("reading", 1, { mode: "read" }, { cacheMode: "refresh" })).toBe(
        "success/uncacheable",
      );
    });

    test("read gives a store of results no value either", async () => {
      const written: string[] = [];
      const results = new MemoryResultStore();
      const store = new Proxy(results, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name, target);
          if (name === "write") written.push("written");
          return typeof value === "function" ? (value as (...args: never[]) => unknown).bind(target) : value;
        },
      });
      const options = { results: store, valueStore: "shared" };
      expect(await runOn("reading-apart", 1, { mode: "read" }, options)).toBe("success/uncacheable");
      expect(written).toEqual([]);
      expect(await runOn("reading-apart", 1, {}, options)).toBe("success/populated");
      expect(written).toEqual(["written"]);
    });

    test("keep is not refreshed by a run that refreshes", async () => {
      const cacheMode = "refresh";
      expect(await runOn("keeping", 1, { mode: "keep" }, { cacheMode })).toBe("success/populated");
      expect(await runOn("keeping", 1, { mode: "keep" }, { cacheMode })).toBe("success/hit");
      expect(await runOn("keeping", 1, {}, { cacheMode })).toBe("success/skipped");
      expect(await runOn("keeping", 1, { mode: "keep" }, { cacheMode: "off" })).toBe("success/disabled");
    });
  });

  test("an expiry is stored with the result, and no reader's ttl exceeds it", async () => {
    const clock = new ManualClock(Date.parse("2026-03-01T22:00Z"));
    const records = new MemoryRecordStore(clock);
    const use = async (cache: CacheConfig<"doc">) => await runOn("expiring", 1, { ...cache }, { records });
    expect(await use({ expires: "1h" })).toBe("success/populated");
    clock.advance(59 * 60_000);
    expect(await use({ ttl: null })).toBe("success/hit");
    clock.advance(60_000);
    expect(await use({ ttl: null })).toBe("success/populated");
    clock.advance(24 * 3_600_000);
    expect(await use({ ttl: null })).toBe("success/hit");
  });
});
