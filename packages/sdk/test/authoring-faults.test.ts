// What cannot be right fails when the Dag file is read. Dag files are not compiled before they are run,
// so these pass what the compiler would refuse.

import { MemodagError } from "@memodag/core";
import { Dag, every, param, TaskRef } from "@memodag/sdk";
import { serializeDag } from "@memodag/sdk/runtime";
import { describe, expect, it } from "vitest";

/** A Dag to whoever checks no types. */
interface UncheckedDag {
  task(...given: readonly unknown[]): UncheckedFactory;
}
interface UncheckedFactory {
  (...args: readonly unknown[]): TaskRef<unknown>;
  partial(args: unknown): { expand(mapped: unknown): TaskRef<unknown> };
  expand(mapped: unknown): TaskRef<unknown>;
}
type UncheckedDagClass = new (dagId?: unknown, options?: unknown) => UncheckedDag & Dag;
const AnyDag = Dag as unknown as UncheckedDagClass;

function faultOf(declare: () => unknown): MemodagError {
  try {
    declare();
  } catch (error) {
    if (error instanceof MemodagError) return error;
    throw error;
  }
  return expect.unreachable("nothing was refused");
}

function handler(): number {
  return 0;
}

const PLACE = 'Dag "d", task "t": ';

describe("a Dag's own options", () => {
  it.each<[unknown, string]>([
    ["two words", '"two words" is not a Dag id: use only letters, digits, _, - and ., at most 250'],
    ["", '"" is not a Dag id'],
    ["é", '"é" is not a Dag id'],
    ["a".repeat(251), "is not a Dag id"],
    [undefined, "undefined is not a Dag id"],
  ])("refuses the id %j", (dagId, message) => {
    const fault = faultOf(() => new AnyDag(dagId));
    expect(fault.code).toBe("dag_invalid");
    expect(fault.message).toContain(message);
    expect(fault.message.length).toBeLessThan(250);
  });

  it.each<[unknown, string]>([
    [{ shedule: "@daily" }, "unknown option shedule: remove it; known options are description, schedule"],
    [7, "the options must be an object, got 7: write { … }"],
    [{ schedule: 5 }, "schedule is 5: use a non-empty string"],
    [{ startDate: "2026-02-30" }, 'startDate is "2026-02-30": use an ISO 8601 date or time'],
    [{ endDate: new Date(Number.NaN) }, "endDate is an object: use an ISO 8601 date or time"],
    [{ params: { depth: param({ defualt: 3 } as object) } }, "unknown option params.depth.defualt"],
    [{ params: { depth: param({ default: new Date(0) as never }) } }, "Date at params.depth: write toISO"],
    [{ catchup: "yes" }, 'catchup is "yes": use true or false'],
    [{ maxActiveRuns: 0 }, "maxActiveRuns is 0: use an integer from 1 to "],
    [{ maxMapLength: 1.5 }, "maxMapLength is 1.5: use an integer from 1 to "],
    [{ tags: "ml" }, 'tags is "ml": use a list of strings'],
    [{ params: [1] }, "params is a list: use an object of defaults"],
    [{ params: { at: [new Date(0)] } }, "Date at params.at[0]: write toISOString()"],
    [{ cache: { ttl: 1 } }, "cache is an object: use true or false"],
    [{ defaultArgs: { retries: -1 } }, "defaultArgs.retries is -1: use an integer from 0 to "],
    [{ defaultArgs: { cache: true } }, "defaultArgs.cache is true: use what cache: true shall mean"],
    [{ defaultArgs: { cache: { tll: "1h" } } }, "unknown option defaultArgs.cache.tll"],
    [
      { defaultArgs: { cache: { keyStorage: 1 } } },
      "defaultArgs.cache.keyStorage is 1: use a non-empty string",
    ],
  ])("refuses %j", (options, message) => {
    const fault = faultOf(() => new AnyDag("d", options));
    expect(fault.message).toContain('Dag "d": ');
    expect(fault.message).toContain(message);
    expect(fault).toMatchObject({ code: "dag_invalid", fields: { dagId: "d" } });
  });

  it.each([0, -1, 0.5, "0s", "soon", Number.NaN, null])("refuses every(%j)", (interval) => {
    const fault = faultOf(() => every(interval as never));
    expect(fault.message).toMatch(/^every\(.*\) is not a schedule: /);
  });

  it("refuses schemas that are none when the Dag is serialized", () => {
    const standard = (jsonSchema?: object) => ({
      "~standard": { vendor: "acme", ...(jsonSchema && { jsonSchema }) },
    });
    const throwing = standard({
      input: () => {
        throw new Error("a Date is no JSON");
      },
    });
    for (const [schema, message] of [
      ["integer", 'the schema of params.depth is "integer": use a JSON schema such as'],
      [
        standard(),
        "the acme schema of params.depth cannot be exported as a JSON schema: use a JSON schema, or a validator",
      ],
      [throwing, "the acme schema of params.depth could not be exported as a JSON schema"],
    ] as const) {
      const dag = new AnyDag("d", { params: { depth: param({ schema: schema as never }) } });
      expect(
        faultOf(() => serializeDag(dag, { artifactDigest: "a", sourceHashes: new Map() })).message,
      ).toContain(message);
    }
  });
});

describe("a task's options", () => {
  it.each<[unknown, string]>([
    [{ retry: 1 }, "unknown option retry: remove it; known options are retries, retryDelay"],
    [[], "the options must be an object, got a list"],
    [{ retries: "2" }, 'retries is "2": use an integer from 0 to '],
    [
      { retryDelay: "soon" },
      'retryDelay is "soon", which is not a duration: use seconds, or a string of a number and a unit',
    ],
    [{ retryDelay: -1 }, "retryDelay is -1: use zero or more seconds"],
    [{ executionTimeout: 0 }, "executionTimeout is 0: use more than zero seconds"],
    [{ triggerRule: "all_good" }, 'triggerRule is "all_good": use one of all_success, all_failed'],
    [{ pool: "" }, 'pool is "": use a non-empty string'],
    [{ poolSlots: 0 }, "poolSlots is 0"],
    [{ priorityWeight: Number.NaN }, "priorityWeight is NaN: use an integer"],
    [{ cache: "yes" }, 'cache is "yes": use true, false, a policy, or an object such as { ttl: "7d" }'],
    [{ cache: [] }, "cache must be an object, got a list"],
    [{ cache: null }, "cache is null"],
    [{ cache: { tll: 1 } }, "unknown option cache.tll"],
    [{ cache: { ttl: "7 fortnights" } }, 'cache.ttl is "7 fortnights", which is not a duration'],
    [{ cache: { ttl: 0 } }, "cache.ttl is 0: use more than zero seconds"],
    [{ cache: { ttl: Infinity } }, "cache.ttl is Infinity"],
    [{ cache: { version: 2 } }, "cache.version is 2: use a non-empty string"],
    [{ cache: { serialize: 1 } }, "cache.serialize is 1: use true or false"],
    [{ cache: { errors: true } }, "cache.errors is true"],
    [{ cache: { env: ["A=B"] } }, 'cache.env names "A=B", which is not a valid environment variable name'],
    [{ cache: { files: ["data\\rows.csv"] } }, 'cache.files names "data\\\\rows.csv": use a path or glob'],
    [
      { cache: { reads: "grid" } },
      'cache.reads is "grid": use ["grid", "tiles/*"], or { grids: ["tiles/*"] }',
    ],
    [{ cache: { reads: ["../x"] } }, 'cache.reads names "../x" (The key "../x" of an entry has a part'],
    [{ cache: { reads: { grids: "x" } } }, 'cache.reads.grids is "x": use a list of strings'],
    [{ cache: { reads: { grids: ["a//b"] } } }, 'cache.reads.grids names "a//b" (The key'],
    [
      { cache: { reads: { "a b": ["x"] } } },
      'cache.reads names the cache "a b": use the name of one of [[caches]]',
    ],
    [{ cache: { files: "rows.csv" } }, 'cache.files is "rows.csv": use a list of strings'],
    [
      { cache: { trust: ["network"] } },
      'cache.trust names "network", which is not a trust option: use one or more of child_process',
    ],
    [{ cache: { excludeInputs: "a" } }, 'cache.excludeInputs is "a": use a list of strings'],
    [
      { cache: { includeInputs: ["param.x"] } },
      'cache.includeInputs names "param.x", which cannot be part of a cache key',
    ],
    [
      { cache: { includeInputs: ["dagRun"] } },
      'names "dagRun", which cannot be part of a cache key: use params.NAME',
    ],
    [{ cache: { includeInputs: ["params."] } }, 'names "params.", which cannot be part of a cache key'],
    [{ cache: { includeInputs: ["logicalDate.year"] } }, 'names "logicalDate.year"'],
    [{ cache: { includeInputs: ["taskInstance.tryNumber"] } }, 'names "taskInstance.tryNumber"'],
    [{ cache: { includeInputs: ["taskInstance.maxTries"] } }, 'names "taskInstance.maxTries"'],
  ])("refuses %j", (options, message) => {
    const fault = faultOf(() => new AnyDag("d").task("t", handler, options));
    expect(fault.message).toContain(PLACE);
    expect(fault.message).toContain(message);
    expect(fault).toMatchObject({ code: "dag_invalid", fields: { dagId: "d", taskId: "t" } });
  });

  it("takes every context path that can be in a key", () => {
    const includeInputs = [
      "params",
      "params.x",
      "params.a.b",
      "dagRun.conf",
      "dagRun.conf.x",
      "dagRun.runId",
      "dagRun.runType",
      "logicalDate",
      "dataInterval.start",
      "dataInterval.end",
      "taskInstance.mapIndex",
    ];
    expect(new Dag("d").task("t", handler, { cache: { includeInputs } }).taskId).toBe("t");
  });
});

describe("declaring and calling tasks", () => {
  it.each<[string, (dag: UncheckedDag) => unknown, string]>([
    ["a bad id", (dag) => dag.task("a b", handler), 'Dag "d": "a b" is not a task id: use only letters'],
    ["no id", (dag) => dag.task(undefined, handler), "undefined is not a task id"],
    ["no name", (dag) => dag.task(() => 1), "handler has no name to derive an id from: pass the id first"],
    ["no handler", (dag) => dag.task("t"), `${PLACE}its handler is undefined: use a function`],
    [
      "an id twice",
      (dag) => [dag.task("t", handler), dag.task("t", handler)],
      "there are two tasks with this id",
    ],
    [
      "a call twice",
      (dag) => {
        const factory = dag.task("t", handler);
        return [factory(), factory()];
      },
      `${PLACE}it is called twice: call it once; declare another task to run the handler again`,
    ],
    [
      "a positional call",
      (dag) => dag.task("t", handler)(7),
      `${PLACE}it was called with 7: pass one object`,
    ],
    ["a list of arguments", (dag) => dag.task("t", handler)([1]), "it was called with a list"],
    [
      "a bare ref",
      (dag) => dag.task("t", handler)(dag.task("a", handler)()),
      "it was called with a task's result: pass one object of named arguments",
    ],
    [
      "a value",
      (dag) => dag.task("t", handler)({ a: { b: [1n] } }),
      `${PLACE}bigint at a.b[0]: write String(it)`,
    ],
    [
      "a value beside a ref",
      (dag) => dag.task("t", handler)({ a: [dag.task("a", handler)(), { at: new Date(0) }] }),
      `${PLACE}Date at a[1].at: write toISOString()`,
    ],
    [
      "undefined beside a ref",
      (dag) => dag.task("t", handler)({ a: [dag.task("a", handler)(), undefined] }),
      "undefined in a list at a[1]: use null instead",
    ],
    [
      "an unknown exclusion",
      (dag) => dag.task("t", handler, { cache: { excludeInputs: ["acount"] } })({ account: 1, rows: [] }),
      'cache.excludeInputs contains "acount", which is not an argument of the call: use one of account, rows',
    ],
    ["nothing to map over", (dag) => dag.task("t", handler).expand({}), "expand() has no arguments"],
    [
      "an element to map over",
      (dag) => dag.task("t", handler).expand({ x: 3 }),
      '"x" is mapped over 3: pass a list to expand(), or the result of a task that returns one',
    ],
    [
      "a long list to map over",
      () => new AnyDag("d", { maxMapLength: 2 }).task("t", handler).expand({ x: [1, 2, 3] }),
      '"x" has 3 elements to map over, more than 2: shorten the list, or raise the Dag\'s maxMapLength',
    ],
    [
      "an argument given twice",
      (dag) =>
        dag
          .task("t", handler)
          .partial({ x: 1 })
          .expand({ x: [2] }),
      '"x" is passed to both partial() and expand(): pass it to one of them',
    ],
    [
      "a ref of another Dag",
      (dag) => dag.task("t", handler)({ a: [new AnyDag("other").task("far", handler)()] }),
      `${PLACE}it refers to task "far" of Dag "other": declare that task in this Dag`,
    ],
    [
      "an edge to another Dag",
      (dag) => dag.task("t", handler)().after(new AnyDag("other").task("far", handler)()),
      'it refers to task "far" of Dag "other"',
    ],
    [
      "an edge to a factory",
      (dag) =>
        dag
          .task("t", handler)()
          .before(dag.task("a", handler) as never),
      "a function is neither a task's result nor a task group: call the task and pass the ref",
    ],
    [
      "a field of no name",
      (dag) => (dag.task("t", handler)() as TaskRef<unknown[]>).field(-1),
      "field(-1) selects nothing: use a name, or an index of 0 or more",
    ],
  ])("refuses %s", (_name, declare, message) => {
    const fault = faultOf(() => declare(new AnyDag("d")));
    expect(fault.code).toBe("dag_invalid");
    expect(fault.message).toContain(message);
  });

  it("refuses arguments too deep to read, circular ones too", () => {
    const dag = new AnyDag("d");
    let deep: unknown = dag.task("a", handler)();
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(faultOf(() => dag.task("t", handler)({ deep })).message).toMatch(
      /deeper than 512 levels at deep\[0\].{0,250}$/,
    );
    const circular: unknown[] = [dag.task("b", handler)()];
    circular.push(circular, circular);
    expect(faultOf(() => dag.task("c", handler)({ circular })).message).toContain(
      "circular reference at circular[1]",
    );
  });
});

describe("serializeDag", () => {
  const source = { artifactDigest: "", sourceHashes: new Map([["t", ""]]) };

  it("refuses a task that was never called", () => {
    const dag = new Dag("d");
    dag.task("t", handler);
    expect(faultOf(() => serializeDag(dag, source)).message).toBe(
      `${PLACE}it is never called: call the factory that dag.task() returned once, or remove the task`,
    );
  });

  it("refuses a cycle, naming its tasks in the order of work", () => {
    const dag = new Dag("d");
    const [a, b, c] = ["a", "b", "c"].map((id) => dag.task(id, handler)());
    dag.task("t", handler)().after(c!);
    a!.before(b!);
    b!.before(c!);
    c!.before(a!);
    expect(faultOf(() => serializeDag(dag, source)).message).toBe(
      'Dag "d": there is a cycle, a → b → c → a: remove one of these edges',
    );
    const self = new Dag("self");
    const only = self.task("only", handler)();
    only.after(only);
    expect(faultOf(() => serializeDag(self, source)).message).toContain("a cycle, only → only");
  });
});

it("a ref is inert: frozen, no promise, and not JSON", async () => {
  const ref = new Dag("d").task("t", handler)();
  expect(Object.isFrozen(ref)).toBe(true);
  expect(await ref).toBe(ref);
  expect(ref.taskId).toBe("t");
  expect(Object.keys(ref)).toEqual([]);
});
