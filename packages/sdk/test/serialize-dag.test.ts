import { canonicalJson, type SerializedDag, type SerializedTask } from "@memodag/core";
import { Dag } from "@memodag/sdk";
import { isDag, listHandlers, serializeDag } from "@memodag/sdk/runtime";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

function serialize(dag: Dag): SerializedDag {
  const sourceHashes = new Map([...listHandlers(dag).keys()].map((taskId) => [taskId, `hash of ${taskId}`]));
  return serializeDag(dag, { artifactDigest: "artifact", sourceHashes });
}

function taskOf(dag: Dag, taskId: string): SerializedTask {
  const found = serialize(dag).tasks.find((task) => task.taskId === taskId);
  if (!found) throw new Error(`no task ${taskId}`);
  return found;
}

function idsOf(dag: Dag): string[] {
  return serialize(dag).tasks.map(({ taskId }) => taskId);
}

/** The tasks of the cycle that `order` complains of; `undefined` when it does not. */
function cycleNamedBy(order: () => unknown): string[] | undefined {
  try {
    order();
    return undefined;
  } catch (error) {
    return /a cycle, (.*): remove/.exec((error as Error).message)?.[1]?.split(" → ") ?? [];
  }
}

/** A handler that takes anything. */
function take(_args: Record<string, unknown>): number {
  return 0;
}

function penguins(): Dag {
  const dag = new Dag("penguins", {
    description: "Which penguin is it?",
    schedule: "0 6 * * *",
    timezone: "Europe/Paris",
    maxActiveRuns: 2,
    params: { species: "Adelie", depth: -0 },
    tags: ["ml", "example", "ml"],
  });
  const load = dag.task("load", ({ path }: { path: string }) => [path], { cache: true });
  const train = dag.task(
    "train",
    ({ rows, depth }: { rows: string[]; depth: number }) => rows.length + depth,
    {
      cache: { ttl: "7d", excludeInputs: ["depth"], includeInputs: ["params.species", "dagRun.logicalDate"] },
      retries: 2,
      retryDelay: "30s",
      executionTimeout: 90,
    },
  );
  const best = dag.task("best", ({ models }: { models: number[] }) => Math.max(...models));
  const rows = load({ path: "data/penguins.json" });
  best({ models: train.partial({ rows }).expand({ depth: [2, 3, 4] }) });
  return dag;
}

/** One Dag, written in two orders. */
function written(swap: boolean): Dag {
  const dag = new Dag("d", swap ? { catchup: true, cache: false } : { cache: false, catchup: true });
  const a = dag.task("a", take)({});
  const b = dag.task("b", take)({});
  const env = swap ? ["X", "Y"] : ["Y", "X"];
  const c = dag.task("c", take, { cache: { env } })(swap ? { p: 1, q: a } : { q: a, p: 1 });
  if (swap) c.after(b).after(a);
  else c.after(a, b);
  return dag;
}

describe("serializeDag", () => {
  it("writes a Dag's own options with their defaults", () => {
    expect(serialize(new Dag("empty"))).toEqual({
      format: 1,
      dagId: "empty",
      description: null,
      schedule: null,
      timezone: "UTC",
      catchup: false,
      maxActiveRuns: 16,
      maxActiveTasks: 16,
      maxMapLength: 10_000,
      params: {},
      tags: [],
      cache: true,
      artifactDigest: "artifact",
      packages: [],
      tasks: [],
    });
    expect(serialize(penguins())).toMatchObject({
      schedule: "0 6 * * *",
      timezone: "Europe/Paris",
      maxActiveRuns: 2,
      params: { species: "Adelie", depth: 0 },
      tags: ["ml", "example"],
    });
  });

  it("writes tasks in topological order, with arguments, edges and options", () => {
    expect(serialize(penguins()).tasks).toEqual([
      {
        taskId: "load",
        args: [["path", { kind: "literal", json: '"data/penguins.json"' }]],
        expand: [],
        upstream: [],
        triggerRule: "all_success",
        retries: 0,
        retryDelayMs: 1_000,
        executionTimeoutMs: null,
        pool: "default_pool",
        poolSlots: 1,
        priorityWeight: 1,
        cache: {
          ttlMs: "default",
          excludeInputs: [],
          includeInputs: [],
          env: [],
          version: null,
          serialize: false,
          errorsTtlMs: null,
        },
        sourceHash: "hash of load",
      },
      expect.objectContaining({
        taskId: "train",
        args: [["rows", { kind: "result", taskId: "load", path: [] }]],
        expand: [["depth", { kind: "literal", json: "[2,3,4]" }]],
        upstream: ["load"],
        retries: 2,
        retryDelayMs: 30_000,
        executionTimeoutMs: 90_000,
        cache: expect.objectContaining({
          ttlMs: 604_800_000,
          excludeInputs: ["depth"],
          includeInputs: ["logicalDate", "params.species"],
        }),
      }),
      expect.objectContaining({
        taskId: "best",
        args: [["models", { kind: "result", taskId: "train", path: [] }]],
        cache: null,
      }),
    ]);
  });

  it("reads entries of the run's job cache, and of named ones", () => {
    const dag = new Dag("d");
    dag.task("list", take, { cache: { reads: ["tiles/*", "grid", "grid"] } })({});
    const reads = { jobCache: ["grid"], zones: ["a"], grids: ["tiles/**", "cafe\u0301"] };
    dag.task("named", take, { cache: { reads } })({});
    dag.task("none", take, { cache: { reads: {} } })({});
    expect(taskOf(dag, "list").cache?.reads).toEqual([
      { cache: "", pattern: "grid" },
      { cache: "", pattern: "tiles/*" },
    ]);
    expect(taskOf(dag, "named").cache?.reads).toEqual([
      { cache: "grids", pattern: "caf\u00e9" },
      { cache: "grids", pattern: "tiles/**" },
      { cache: "", pattern: "grid" },
      { cache: "zones", pattern: "a" },
    ]);
    expect(taskOf(dag, "none").cache).not.toHaveProperty("reads");
  });

  it("reads every cache option", () => {
    const dag = new Dag("d");
    const options = { ttl: null, env: ["B", "A"], version: "2", serialize: true, errors: 60 } as const;
    dag.task("a", take, { cache: options })({});
    dag.task("b", take, { cache: { ttl: 0.5 } })({});
    dag.task("c", take, { cache: false })({});
    dag.task("d", take, { cache: { files: ["b.csv", "a/*"], trust: ["file_reads", "addons"] } })({});
    expect(taskOf(dag, "a").cache).toMatchObject({
      ttlMs: null,
      env: ["A", "B"],
      version: "2",
      serialize: true,
      errorsTtlMs: 60_000,
    });
    expect(taskOf(dag, "b").cache).toMatchObject({ ttlMs: 500 });
    // Absent where there are none, so that the versions of Dags which name none stay what they were.
    expect(taskOf(dag, "b").cache).not.toHaveProperty("files");
    expect(taskOf(dag, "b").cache).not.toHaveProperty("trust");
    expect(taskOf(dag, "c").cache).toBeNull();
    expect(taskOf(dag, "d").cache).toMatchObject({
      files: ["a/*", "b.csv"],
      trust: ["addons", "file_reads"],
    });
  });

  it("reads the stores of results, the Dag's where a task names none", () => {
    const dag = new Dag("d", { defaultArgs: { cache: { keyStorage: "shared", resultStorage: "bucket" } } });
    dag.task("a", take, { cache: true })({});
    dag.task("b", take, { cache: { resultStorage: "disk" } })({});
    dag.task("c", take)({});
    expect(taskOf(dag, "a").cache).toMatchObject({ keyStorage: "shared", resultStorage: "bucket" });
    expect(taskOf(dag, "b").cache).toMatchObject({ keyStorage: "shared", resultStorage: "disk" });
    expect(taskOf(dag, "c").cache).toBeNull();
    const plain = new Dag("p");
    plain.task("a", take, { cache: true })({});
    expect(taskOf(plain, "a").cache).not.toHaveProperty("keyStorage");
  });

  it("lays a task's options over the Dag's defaultArgs", () => {
    const dag = new Dag("d", { defaultArgs: { retries: 3, pool: "gpu", retryDelay: "1m" } });
    dag.task("a", take, { retries: 1 })({});
    dag.task("b", take)({});
    expect(taskOf(dag, "a")).toMatchObject({ retries: 1, pool: "gpu", retryDelayMs: 60_000 });
    expect(taskOf(dag, "b")).toMatchObject({ retries: 3, pool: "gpu" });
  });

  it("takes a handler's name for the id, or the option's", () => {
    const dag = new Dag("d");
    dag.task(function extract() {
      return 1;
    })();
    dag.task(() => 1, { taskId: "other" })();
    expect(idsOf(dag)).toEqual(["extract", "other"]);
  });

  it("writes refs inside lists and objects, and fields of results", () => {
    const dag = new Dag("d");
    const split = dag.task("split", () => ({ train: [{ id: 1 }], test: { __proto__: 1 } }))();
    dag.task(
      "use",
      take,
    )({
      mixed: { z: [1, split.field("train").field(0)], a: { deep: new Date(0).getTime() }, gone: undefined },
      whole: split,
      plain: [{ b: 1, a: [] }],
    });
    const task = taskOf(dag, "use");
    expect(task.upstream).toEqual(["split"]);
    expect(task.args).toEqual([
      [
        "mixed",
        {
          kind: "object",
          entries: [
            ["a", { kind: "literal", json: '{"deep":0}' }],
            [
              "z",
              {
                kind: "list",
                items: [
                  { kind: "literal", json: "1" },
                  { kind: "result", taskId: "split", path: ["train", 0] },
                ],
              },
            ],
          ],
        },
      ],
      ["plain", { kind: "literal", json: '[{"a":[],"b":1}]' }],
      ["whole", { kind: "result", taskId: "split", path: [] }],
    ]);
  });

  it("keeps an argument of the name __proto__", () => {
    const dag = new Dag("d");
    const one = dag.task("one", () => 1)();
    dag.task("use", take)(JSON.parse('{"__proto__":1}') as Record<string, number>);
    dag.task("deep", take)({ a: Object.fromEntries([["__proto__", one]]) });
    expect(taskOf(dag, "use").args).toEqual([["__proto__", { kind: "literal", json: "1" }]]);
    expect(taskOf(dag, "deep").args[0]?.[1]).toMatchObject({ entries: [["__proto__", { taskId: "one" }]] });
  });

  it("maps over refs, lists of refs and several arguments", () => {
    const dag = new Dag("d");
    const list = dag.task("list", () => [1, 2])();
    const one = dag.task("one", () => 1)();
    dag.task("a", take).expand({ x: list, y: [one, 2] });
    expect(taskOf(dag, "a")).toMatchObject({
      args: [],
      expand: [
        ["x", { kind: "result", taskId: "list", path: [] }],
        ["y", { kind: "list" }],
      ],
      upstream: ["list", "one"],
    });
  });

  it("draws order-only edges both ways, from one ref, several or a list", () => {
    const dag = new Dag("d");
    const [a, b, c, last, first] = ["a", "b", "c", "last", "first"].map((id) => dag.task(id, take)({}));
    expect(last?.after(a!, b!).after([c!])).toBe(last);
    first?.before(a!, [b!, c!]);
    a?.after(first!);
    expect(idsOf(dag)).toEqual(["first", "a", "b", "c", "last"]);
    expect(taskOf(dag, "last").upstream).toEqual(["a", "b", "c"]);
    expect(taskOf(dag, "a").upstream).toEqual(["first"]);
  });

  it("does not depend on the order in which options, arguments and edges were written", () => {
    expect(canonicalJson(serialize(written(true)))).toBe(canonicalJson(serialize(written(false))));
  });

  it("orders any acyclic graph, and names a cycle in any other", () => {
    const edges = fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { maxLength: 16 });
    let cycles = 0;
    fc.assert(
      fc.property(edges, (pairs) => {
        const dag = new Dag("d");
        const refs = Array.from({ length: 10 }, (_, index) => dag.task(`t${index}`, take)({}));
        for (const [from, to] of pairs) refs[from]!.before(refs[to]!);
        const named = cycleNamedBy(() => idsOf(dag));
        cycles += named ? 1 : 0;
        const places = new Map((named ?? idsOf(dag)).map((taskId, index) => [taskId, index]));
        // What is named as a cycle follows edges; an order without one follows them all.
        const steps = named?.slice(1).map((to, index) => [named[index], to]);
        expect(
          steps?.every(([from, to]) => pairs.some(([a, b]) => `t${a}` === from && `t${b}` === to)),
        ).not.toBe(false);
        expect(named?.at(0)).toBe(named?.at(-1));
        const isFollowed = ([from, to]: [number, number]): boolean =>
          (places.get(`t${from}`) ?? -1) < (places.get(`t${to}`) ?? -1);
        expect(named !== undefined || (places.size === 10 && pairs.every(isFollowed))).toBe(true);
      }),
      { numRuns: 300 },
    );
    expect(cycles).toBeGreaterThan(20);
    expect(cycles).toBeLessThan(280);
  });

  it("orders a chain of 20,000 tasks that was drawn backwards", () => {
    const dag = new Dag("d");
    const refs = Array.from({ length: 20_000 }, (_, index) => dag.task(`t${index}`, take)({}));
    for (let index = 1; index < refs.length; index++) refs[index]!.before(refs[index - 1]!);
    expect(idsOf(dag).slice(0, 2)).toEqual(["t19999", "t19998"]);
  });
});

describe("isDag", () => {
  it("knows Dags of another copy of the package, and nothing else", async () => {
    expect(isDag(new Dag("d"))).toBe(true);
    const copy = (await import("../src/authoring/dag.ts?copy" as string)) as { Dag: typeof Dag };
    expect(copy.Dag).not.toBe(Dag);
    const other = new copy.Dag("other");
    other.task("a", () => 1)();
    expect(isDag(other)).toBe(true);
    expect(idsOf(other)).toEqual(["a"]);
    for (const value of [null, undefined, "dag", {}, { dagId: "d" }, Dag, Object.create(new Dag("d"))]) {
      expect(isDag(value)).toBe(false);
    }
  });
});
