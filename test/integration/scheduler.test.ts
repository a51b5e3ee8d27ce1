import { MemodagError } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS } from "@memodag/metastore/testing";
import type { RecordStore } from "@memodag/result-cache";
import { Dag } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { succeeded } from "./scripted-executor.ts";
import { SchedulerRig } from "./scheduler-rig.ts";

/** Authoring needs handlers; what they would do is in the scripts. */
const inert: (args: Record<string, unknown>) => unknown = () => null;

describe.each(TEST_DIALECTS)("a scheduler on %s", (dialect) => {
  let rig: SchedulerRig;
  let close: () => Promise<void>;
  let dagCount = 0;
  const newDag = (options = {}): Dag => new Dag(`dag${(dagCount += 1)}`, options);

  beforeAll(async () => {
    const metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
    close = () => metastore.close();
  });
  afterAll(() => close());

  function chain(): { dag: Dag; scripts: Record<string, () => unknown> } {
    const dag = newDag();
    const load = dag.task("load", inert, { cache: true });
    const clean = dag.task("clean", inert, { cache: true });
    const report = dag.task("report", inert, { cache: true });
    report({ rows: clean({ rows: load({}) }) });
    return { dag, scripts: { load: () => [1, 2], clean: () => [1], report: () => "ok" } };
  }

  test("fills the cache in the first run, and runs nothing in the second", async () => {
    const { dag, scripts } = chain();
    const version = await rig.define(dag);
    const first = await rig.run(version, scripts);
    expect(first.run).toMatchObject({ state: "success", processesSpawned: 3 });
    expect(first.states).toEqual({
      load: "success/populated",
      clean: "success/populated",
      report: "success/populated",
    });

    const second = await rig.run(version, scripts);
    expect(second.run).toMatchObject({ state: "success", processesSpawned: 0, lookups: 1 });
    expect(second.states).toEqual({ load: "success/hit", clean: "success/hit", report: "success/hit" });
    expect(second.executor.submitted).toEqual([]);
    expect(await rig.returned(second, "report")).toBe("ok");
    const hit = second.instances.find((instance) => instance.taskId === "report");
    expect(hit).toMatchObject({ durationMs: 0, producer: { runId: first.run.runId, tryNumber: 1 } });
    expect(hit?.startedAt).toBe(hit?.endedAt);
  });

  test("stops at an upstream that runs again and returns the same bytes", async () => {
    const { dag, scripts } = chain();
    await rig.run(await rig.define(dag), scripts);
    const dagOfNewLoad = (await rig.define(dag)).dag;
    expect(dagOfNewLoad.tasks).toHaveLength(3);
    const { states } = await rig.run(await rig.define(dag, "v2"), scripts);
    expect(states).toEqual({
      load: "success/populated",
      clean: "success/populated",
      report: "success/populated",
    });
    await rig.metastore.records.purge({ team: "default", dagId: dagOfNewLoad.dagId, taskId: "load" });
    const cutOff = await rig.run(await rig.define(dag, "v2"), scripts);
    expect(cutOff.states).toEqual({
      load: "success/populated",
      clean: "success/hit",
      report: "success/hit",
    });
  });

  test("runs again what a changed value reaches, and only that", async () => {
    const { dag, scripts } = chain();
    const version = await rig.define(dag);
    await rig.run(version, scripts);
    await rig.metastore.records.purge({ team: "default", dagId: version.dagId, taskId: "clean" });
    const { states } = await rig.run(version, { ...scripts, clean: () => [2] });
    expect(states).toEqual({
      load: "success/hit",
      clean: "success/populated",
      report: "success/populated",
    });
  });

  test("maps over an upstream list, collects in order, and runs only the changed element", async () => {
    const dag = newDag();
    const list = dag.task("list", inert as () => number[]);
    const square = dag.task("square", inert as (args: { n: number }) => number, { cache: true });
    const sum = dag.task("sum", inert as (args: { all: number[] }) => number, { cache: true });
    sum({ all: square.partial({}).expand({ n: list({}) }) });
    const version = await rig.define(dag);
    const scripts = {
      list: () => [3, 1, 2],
      square: (_: unknown, { n }: { n?: number }) => Number(n) ** 2,
      sum: (_: unknown, { all }: { all?: number[] }) => JSON.stringify(all),
    };
    const first = await rig.run(version, scripts);
    expect(await rig.returned(first, "sum")).toBe("[9,1,4]");
    const second = await rig.run(version, { ...scripts, list: () => [3, 5, 2] });
    expect(second.states).toEqual({
      list: "success/disabled",
      "square[0]": "success/hit",
      "square[1]": "success/populated",
      "square[2]": "success/hit",
      sum: "success/populated",
    });
    expect(await rig.returned(second, "sum")).toBe("[9,25,4]");
  });

  test("retries by the rules, and a failure fails what comes after it", async () => {
    const dag = newDag();
    const flaky = dag.task("flaky", inert, { retries: 1 });
    const broken = dag.task("broken", inert, { retries: 1 });
    const after = dag.task("after", inert);
    flaky({});
    after({ of: broken({}) });
    const { run, states, instances, executor } = await rig.run(await rig.define(dag), {
      flaky: ({ tryNumber }) => {
        if (tryNumber === 1) throw new Error("once");
        return "fine";
      },
      broken: () => {
        throw new Error("always");
      },
    });
    expect(run.state).toBe("failed");
    expect(states).toEqual({
      flaky: "success/disabled",
      broken: "failed/disabled",
      after: "upstream_failed/null",
    });
    expect(executor.submitted.toSorted()).toEqual(["broken", "broken", "flaky", "flaky"]);
    expect(instances.find(({ taskId }) => taskId === "broken")).toMatchObject({
      tryNumber: 2,
      error: { code: "task_failed", message: "always" },
    });
    expect(instances.find(({ taskId }) => taskId === "flaky")?.error).toBeNull();
  });

  test("never remembers a failure", async () => {
    const dag = newDag();
    dag.task("broken", inert, { cache: true })({});
    const version = await rig.define(dag);
    const scripts = {
      broken: () => {
        throw new Error("no");
      },
    };
    await rig.run(version, scripts);
    expect((await rig.run(version, scripts)).states).toEqual({ broken: "failed/miss" });
  });

  test("does not store what read more than its key holds", async () => {
    const dag = newDag();
    dag.task("dated", inert, { cache: true })({});
    const version = await rig.define(dag);
    const scripts = {
      dated: () =>
        succeeded(1, { uncacheable: { code: "undeclared_input", detail: { names: ["logicalDate"] } } }),
    };
    const first = await rig.run(version, scripts);
    expect(first.states).toEqual({ dated: "success/uncacheable" });
    expect(first.instances[0]?.cacheReason).toEqual({
      code: "undeclared_input",
      detail: { names: ["logicalDate"] },
    });
    expect((await rig.run(version, scripts)).states).toEqual({ dated: "success/uncacheable" });
  });

  test("does not store what other packages computed than the Dag was read with", async () => {
    const dag = newDag();
    dag.task("fit", inert, { cache: true })({});
    const version = await rig.define(dag, "v1", "default", [{ name: "ml-cart", version: "2.1.1" }]);
    const loaded = (packageVersion: string) => () =>
      succeeded(1, { packages: [{ name: "ml-cart", version: packageVersion }] });
    const first = await rig.run(version, { fit: loaded("2.1.2") });
    expect(first.states).toEqual({ fit: "success/uncacheable" });
    expect(first.instances[0]?.cacheReason).toMatchObject({
      code: "code_changed",
      detail: { what: expect.stringContaining("package ml-cart 2.1.2 ") },
    });
    expect((await rig.run(version, { fit: loaded("2.1.1") })).states).toEqual({ fit: "success/populated" });
  });

  test("refreshes, goes without, and comes back", async () => {
    const { dag, scripts } = chain();
    const version = await rig.define(dag);
    await rig.run(version, scripts);
    const off = await rig.run(version, scripts, { cacheMode: "off" });
    expect(new Set(Object.values(off.states))).toEqual(new Set(["success/disabled"]));
    const killed = await rig.run(version, scripts, { cachingOffReason: () => "off" });
    expect(new Set(Object.values(killed.states))).toEqual(new Set(["success/disabled"]));
    const refreshed = await rig.run(version, { ...scripts, report: () => "new" }, { cacheMode: "refresh" });
    expect(new Set(Object.values(refreshed.states))).toEqual(new Set(["success/skipped"]));
    expect(await rig.returned(await rig.run(version, scripts), "report")).toBe("new");
  });

  test("keys on the context paths that are declared", async () => {
    const dag = newDag({ params: { depth: 3, other: 1 } });
    dag.task("train", inert, { cache: { includeInputs: ["params.depth"] } })({});
    const version = await rig.define(dag);
    await rig.run(version, {});
    expect((await rig.run(version, {}, { params: { other: 2 } })).states).toEqual({ train: "success/hit" });
    expect((await rig.run(version, {}, { params: { depth: 4 } })).states).toEqual({
      train: "success/populated",
    });
  });

  test("replaces an entry that is too old for a reader of a shorter ttl", async () => {
    const name = `dag${(dagCount += 1)}`;
    const withTtl = async (ttl: string | null) => {
      const dag = new Dag(name);
      dag.task("work", inert, { cache: { ttl } })({});
      return await rig.define(dag);
    };
    await rig.run(await withTtl(null), { work: () => 1 });
    const impatient = await withTtl("1ms");
    const second = await rig.run(impatient, { work: () => 2 });
    expect(second.states).toEqual({ work: "success/populated" });
    expect(second.instances[0]?.cacheReason).toEqual({ code: "expired" });
    const third = await rig.run(await withTtl(null), { work: () => 3 });
    expect(third.states).toEqual({ work: "success/hit" });
    expect(await rig.returned(third, "work")).toBe(2);
  });

  test("does not cache what is called with more than the limit", async () => {
    const dag = newDag();
    const load = dag.task("load", inert);
    const use = dag.task("use", inert, { cache: true });
    use({ rows: load({}) });
    const { states, instances } = await rig.run(await rig.define(dag), { load: () => "x".repeat(1_000_001) });
    expect(states).toEqual({ load: "success/disabled", use: "success/uncacheable" });
    expect(instances.find(({ taskId }) => taskId === "use")?.cacheReason).toMatchObject({
      code: "input_too_large",
      detail: { sizeBytes: 1_000_003 },
    });
  });

  test("tells a context field that is null from one that is not there", async () => {
    const dag = newDag({ params: { set: { depth: 1 } } });
    dag.task("train", inert, { cache: { includeInputs: ["params.set.depth"] } })({});
    const version = await rig.define(dag);
    await rig.run(version, {}, { params: { set: { depth: null } } });
    expect((await rig.run(version, {}, { params: { set: {} } })).states).toEqual({
      train: "success/populated",
    });
    expect((await rig.run(version, {}, { params: { set: {} } })).states).toEqual({ train: "success/hit" });
  });

  test("never shows one team what another computed", async () => {
    const dag = newDag();
    dag.task("secret", inert, { cache: true })({});
    await rig.run(await rig.define(dag, "v1", "red"), { secret: () => 1 });
    const blue = await rig.run(await rig.define(dag, "v1", "blue"), { secret: () => 2 });
    expect(blue.states).toEqual({ secret: "success/populated" });
    expect(await rig.returned(blue, "secret")).toBe(2);
  });

  test("holds a run to its slots", async () => {
    const dag = newDag();
    const work = dag.task("work", inert as (args: { n: number }) => number);
    work.partial({}).expand({ n: Array.from({ length: 20 }, (_, n) => n) });
    let now = 0;
    let most = 0;
    const script = async () => {
      most = Math.max(most, (now += 1));
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
    };
    const { run } = await rig.run(await rig.define(dag), { work: script }, { slots: 3 });
    expect(run.state).toBe("success");
    expect(most).toBe(3);
  });

  describe("loses nothing to its cache:", () => {
    const faulty = (method: keyof RecordStore, fault: () => Promise<never>): RecordStore =>
      new Proxy(rig.metastore.records, {
        get(target, name, receiver) {
          if (name === method) return fault;
          const member = Reflect.get(target, name, receiver) as unknown;
          return typeof member === "function" ? (member.bind(target) as unknown) : member;
        },
      });
    const refuse = async (): Promise<never> => {
      throw new Error("connection refused");
    };

    test("a lookup that fails", async () => {
      const { dag, scripts } = chain();
      const { run, states } = await rig.run(await rig.define(dag), scripts, {
        records: faulty("find", refuse),
      });
      expect(run.state).toBe("success");
      expect(new Set(Object.values(states))).toEqual(new Set(["success/lookup_failure"]));
    });

    test("a lookup that never answers costs a pass one deadline", async () => {
      const dag = newDag();
      const work = dag.task("work", inert as (args: { n: number }) => number, { cache: true });
      work.partial({}).expand({ n: [1, 2, 3, 4, 5, 6, 7, 8] });
      let asked = 0;
      const neverFound = (): Promise<never> => {
        asked += 1;
        return new Promise<never>(() => {});
      };
      const { run, states } = await rig.run(
        await rig.define(dag),
        {},
        { records: faulty("find", neverFound), lookupTimeoutMs: 300 },
      );
      expect(run.state).toBe("success");
      expect(new Set(Object.values(states))).toEqual(new Set(["success/lookup_timeout"]));
      expect(asked).toBe(1);
    });

    test("a store that fails", async () => {
      const { dag, scripts } = chain();
      const { run, states } = await rig.run(await rig.define(dag), scripts, {
        records: faulty("put", refuse),
      });
      expect(run.state).toBe("success");
      expect(new Set(Object.values(states))).toEqual(new Set(["success/put_failure"]));
    });

    test("bytes that go between lookup and commit", async () => {
      const { dag, scripts } = chain();
      const version = await rig.define(dag);
      const first = await rig.run(version, scripts);
      const { metastore } = rig;
      let outcomes: string[] = [];
      const runs = new Proxy(metastore.runs, {
        get(target, name, receiver) {
          if (name !== "writePass") {
            const member = Reflect.get(target, name, receiver) as unknown;
            return typeof member === "function" ? (member.bind(target) as unknown) : member;
          }
          return async (pass: Parameters<typeof target.writePass>[0]) => {
            const outcome = await target.writePass({
              ...pass,
              xcoms: pass.xcoms.map((xcom) =>
                outcomes.length === 0 ? { ...xcom, digest: "f".repeat(64) } : xcom,
              ),
            });
            outcomes = [...outcomes, outcome.kind];
            return outcome;
          };
        },
      });
      const second = await rig.run(version, scripts, { runs });
      expect(outcomes).toEqual(["bytes_missing", "written"]);
      expect(second.states).toEqual({ load: "success/hit", clean: "success/hit", report: "success/hit" });
      expect(await rig.returned(second, "report")).toBe(await rig.returned(first, "report"));
    });

    test("a database that is away for a moment", async () => {
      const { dag, scripts } = chain();
      const { metastore } = rig;
      let writes = 0;
      const runs = new Proxy(metastore.runs, {
        get(target, name, receiver) {
          const member = Reflect.get(target, name, receiver) as unknown;
          if (typeof member !== "function") return member;
          return async (...args: unknown[]) => {
            if (name === "writePass" && (writes += 1) % 2 === 0)
              throw new MemodagError("database_unreachable", "gone");
            return (await member.apply(target, args)) as unknown;
          };
        },
      });
      const { run, states, executor } = await rig.run(await rig.define(dag), scripts, { runs });
      expect(run).toMatchObject({ state: "success", processesSpawned: 3 });
      expect(Object.keys(states)).toHaveLength(3);
      expect(executor.submitted).toEqual(["load", "clean", "report"]);
    });
  });
});
