// The algebra of cache policies, what they compile to, and what is refused.

import type { SerializedCacheConfig } from "@memodag/core";
import {
  context,
  Dag,
  DATA_INTERVAL,
  env,
  every,
  INPUTS,
  KEY,
  LOGICAL_DATE,
  MAP_INDEX,
  PARAMS,
  RUN_ID,
  SOURCE,
  version,
  type CachePolicy,
  type DagTaskDefaults,
  type TaskOptions,
} from "@memodag/sdk";
import { listKeyFunctions, listTaskIds, serializeDag } from "@memodag/sdk/runtime";
import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";

const NAMES = ["a", "b", "c"] as const;
type Args = { a: number; b: number; c: number };
type Cache = TaskOptions<"a" | "b" | "c">["cache"];

/** The serialized options of a task of three arguments. */
function compiled(cache: Cache, defaultArgs: DagTaskDefaults = {}): SerializedCacheConfig | null {
  const dag = new Dag("d", { defaultArgs });
  dag.task("it", ({ a }: Args) => a, { ...(cache !== undefined && { cache }) })({ a: 1, b: 2, c: 3 });
  const sourceHashes = new Map(listTaskIds(dag).map((taskId) => [taskId, ""]));
  return (
    serializeDag(dag, { artifactDigest: "", sourceHashes, keyHashes: sourceHashes }).tasks[0]?.cache ?? null
  );
}

function messageOf(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    return String((error as Error).message);
  }
  throw new Error("nothing was thrown");
}

const one = (): number => 1;

type AnyPolicy = CachePolicy<"a" | "b" | "c">;

const exclusions = fc.subarray([...NAMES], { minLength: 1 });
const parts: fc.Arbitrary<AnyPolicy> = fc.oneof(
  fc.constantFrom<AnyPolicy>(SOURCE, PARAMS, RUN_ID, LOGICAL_DATE, DATA_INTERVAL, MAP_INDEX, INPUTS),
  exclusions.map((names): AnyPolicy => INPUTS.minus(...names)),
  fc.subarray(["HOME", "LANG", "TZ"], { minLength: 1 }).map((names): AnyPolicy => env(...names)),
  fc.constantFrom("params.x", "dagRun.conf.y").map((path): AnyPolicy => context(path)),
  fc.constant<AnyPolicy>(version("1")),
  fc.constant<AnyPolicy>(KEY(one)),
  fc.constant<AnyPolicy>(SOURCE.with({ ttl: "1d" })),
);
const policies = fc
  .array(parts, { minLength: 1, maxLength: 5 })
  .map(([first = SOURCE, ...more]) => first.plus(...more));
/** Complete enough for a task of three arguments. */
const usable = policies.map((policy): AnyPolicy => policy.plus(SOURCE, INPUTS.minus("a", "b", "c")));

describe("the algebra of policies", () => {
  it("adds in any order, in any grouping, any number of times", () => {
    fc.assert(
      fc.property(usable, policies, policies, (a, b, c) => {
        const sum = compiled(a.plus(b, c));
        expect(compiled(a.plus(c, b))).toEqual(sum);
        expect(compiled(c.plus(b).plus(a))).toEqual(sum);
        expect(compiled(a.plus(b.plus(c)))).toEqual(sum);
        expect(compiled(a.plus(b, c, b, a))).toEqual(sum);
      }),
    );
  });

  it("never makes a key coarser by adding", () => {
    fc.assert(
      fc.property(usable, policies, (a, b) => {
        const [before, after] = [compiled(a), compiled(a.plus(b))];
        expect(before?.excludeInputs).toEqual(expect.arrayContaining([...(after?.excludeInputs ?? [])]));
        expect(after?.includeInputs).toEqual(expect.arrayContaining([...(before?.includeInputs ?? [])]));
        expect(after?.env).toEqual(expect.arrayContaining([...(before?.env ?? [])]));
        expect(after?.ignoreSource).toBeUndefined();
      }),
    );
  });

  it("leaves out by name alone, and keeps everything else", () => {
    fc.assert(
      fc.property(usable, exclusions, (policy, names) => {
        const before = compiled(policy.with({ errors: "1h", isolation: "serializable" }));
        const after = compiled(policy.with({ errors: "1h", isolation: "serializable" }).minus(...names));
        const excludeInputs = [...new Set([...(before?.excludeInputs ?? []), ...names])].sort();
        expect(after).toEqual({ ...before, excludeInputs });
      }),
    );
  });

  it("changes no policy that it is asked of", () => {
    const house = INPUTS.plus(SOURCE);
    const before = compiled(house);
    house.minus("a");
    house.plus(RUN_ID).with({ ttl: 1 });
    expect(compiled(house)).toEqual(before);
    expect(Object.isFrozen(house)).toBe(true);
  });
});

describe("a policy", () => {
  it.each<[string, Cache, Cache]>([
    ["everything that true means", INPUTS.plus(SOURCE), true],
    ["exclusions", INPUTS.plus(SOURCE).minus("a"), { excludeInputs: ["a"] }],
    [
      "common exclusions of two",
      INPUTS.minus("a", "b").plus(INPUTS.minus("b", "c"), SOURCE),
      { excludeInputs: ["b"] },
    ],
    ["context", INPUTS.plus(SOURCE, RUN_ID, PARAMS), { includeInputs: ["params", "dagRun.runId"] }],
    [
      "one name of a date",
      INPUTS.plus(SOURCE, context("dagRun.logicalDate")),
      { includeInputs: ["logicalDate"] },
    ],
    ["variables", INPUTS.plus(SOURCE, env("B", "A")), { env: ["A", "B"] }],
    ["a key function", INPUTS.plus(SOURCE, KEY(one)), { key: one }],
    ["one key function twice", INPUTS.plus(SOURCE, KEY(one)).plus(KEY(one)), { key: one }],
    ["a pure key function", INPUTS.plus(SOURCE, KEY(one, { pure: true })), { key: { of: one, pure: true } }],
    [
      "a key function that is not asked again",
      INPUTS.plus(SOURCE, KEY(one, { confirm: false })),
      { key: { of: one, confirm: false } },
    ],
    [
      "a key function on top",
      {
        policy: INPUTS.plus(
          SOURCE,
          KEY(() => 2),
        ),
        key: one,
      },
      { key: one },
    ],
    ["a version", INPUTS.plus(SOURCE, version("2")), { version: "2" }],
    ["a version in place of the code", INPUTS.plus(version("2")), { version: "2", source: "version" }],
    [
      "settings",
      INPUTS.plus(SOURCE).with({ ttl: null, isolation: "serializable" }),
      { ttl: null, serialize: true },
    ],
    ["fields on top", { policy: INPUTS.plus(SOURCE).with({ ttl: "1d" }), ttl: "2d" }, { ttl: "2d" }],
    [
      "lists on top, joined",
      { policy: INPUTS.minus("a").plus(SOURCE, env("A")), excludeInputs: ["b"], env: ["B"] },
      { excludeInputs: ["a", "b"], env: ["A", "B"] },
    ],
    [
      "a short form on top",
      { policy: INPUTS.plus(SOURCE).with({ isolation: "serializable" }), serialize: false },
      true,
    ],
  ])("compiles to options: %s", (_, policy, options) => {
    expect(compiled(policy)).toEqual(compiled(options));
  });

  it("is what true means in a Dag, and opts no task in", () => {
    const cache = INPUTS.plus(SOURCE, RUN_ID).with({ ttl: "1h" });
    expect(compiled(true, { cache })).toEqual(compiled(cache));
    expect(compiled(undefined, { cache })).toBeNull();
    expect(compiled({ ttl: "2h" }, { cache })).toEqual(compiled({ ttl: "2h" }));
    const stored = { cache: { ttl: "1h", keyStorage: "a", resultStorage: "b" } };
    expect(compiled({ keyStorage: "c" }, stored)).toEqual(compiled({ keyStorage: "c", resultStorage: "b" }));
  });

  it.each<[string, () => unknown, string]>([
    ["leaves the code out without a version", () => compiled(INPUTS), "leaves the code out of the key"],
    ["leaves all inputs out", () => compiled(SOURCE), 'INPUTS.minus("a", "b", "c")'],
    ["leaves out what no call has", () => compiled(INPUTS.plus(SOURCE).minus("z") as never), 'contains "z"'],
    ["leaves out without INPUTS", () => SOURCE.minus("a"), "has no effect on a policy without INPUTS"],
    ["leaves out nothing", () => INPUTS.minus(), "minus() takes names of arguments"],
    [
      "has two ttls",
      () => INPUTS.with({ ttl: 1 }).plus(SOURCE.with({ ttl: 2 })),
      "ttl is 1 in one policy and 2 in another",
    ],
    [
      "expires never and after a day",
      () => INPUTS.with({ ttl: null }).plus(SOURCE.with({ ttl: "1d" })),
      'ttl is null in one policy and "1d" in another',
    ],
    [
      "has two levels",
      () => INPUTS.with({ isolation: "serializable" }).plus(SOURCE.with({ isolation: "read_committed" })),
      'isolation is "serializable" in one policy and "read_committed" in another',
    ],
    ["has two key functions", () => KEY(() => 1).plus(KEY(() => 1)), "use one function that returns both"],
    ["has no key function", () => KEY("etag" as never), "use a function of the task's arguments"],
    ["has an unknown option of a key", () => KEY(() => 1, { cached: true } as never), "pure or confirm"],
    ["has two versions", () => version("1").plus(version("2")), "version is"],
    ["adds false", () => INPUTS.plus(false as never), "write cache: false"],
    ["adds an object", () => INPUTS.plus({} as never), "an object is not a cache policy"],
    ["has an unknown setting", () => INPUTS.with({ tll: 1 } as never), 'with() has no setting "tll"'],
    ["has an unknown path", () => context("run.id"), 'context("run.id"): use params.NAME'],
    ["has an empty version", () => version(""), "use a non-empty string"],
    [
      "is not one",
      () => compiled({ policy: { plus: 1 } as never }),
      "cache.policy is an object: use a policy",
    ],
    ["is a word", () => compiled("inputs" as never), "use true, false, a policy, or an object"],
    ["has no such variable", () => compiled(INPUTS.plus(SOURCE, env("A B"))), 'names "A B"'],
    ["is on by default", () => compiled(true, { cache: true as never }), "defaultArgs.cache is true"],
    [
      "has unknown defaults",
      () => compiled(true, { cache: { tll: 1 } as never }),
      "unknown option defaultArgs.cache.tll",
    ],
  ])("is refused if it %s", (_, make, message) => {
    expect(messageOf(make)).toContain(message);
  });

  it("fits only tasks that have the arguments which it leaves out", () => {
    expectTypeOf(INPUTS.minus("a")).toExtend<CachePolicy<"a" | "b">>();
    expectTypeOf(INPUTS.plus(SOURCE)).toExtend<CachePolicy<"x">>();
    expectTypeOf(INPUTS.minus("typo")).not.toExtend<CachePolicy<"a" | "b">>();
    expectTypeOf(INPUTS.minus("typo").plus(RUN_ID)).not.toExtend<TaskOptions<"a">["cache"]>();
  });
});

describe("a key function", () => {
  const ofA = ({ a }: { a: number }): number => a;

  it("fits only tasks that have the arguments which it takes", () => {
    expectTypeOf(INPUTS.plus(KEY(ofA))).toExtend<TaskOptions<"a" | "b", { a: number; b: string }>["cache"]>();
    expectTypeOf(INPUTS.plus(KEY(ofA))).not.toExtend<TaskOptions<"a", { a: string }>["cache"]>();
    expectTypeOf(INPUTS.plus(KEY(ofA))).not.toExtend<TaskOptions<"b", { b: number }>["cache"]>();
    const dag = new Dag("d");
    dag.task("typed", ({ a }: Args) => a, { cache: { key: ({ b }) => b.toFixed() } });
    // @ts-expect-error there is no such argument
    dag.task("untyped", ({ a }: Args) => a, { cache: { key: ({ z }) => z } });
    // @ts-expect-error not JSON
    dag.task("no-json", ({ a }: Args) => a, { cache: { key: () => new Map() } });
  });

  it("is serialized as the digest of its code, and kept for those who call it", () => {
    const dag = new Dag("d");
    dag.task("it", ({ a }: { a: number }) => a, { cache: { key: { of: ofA, pure: true } } })({ a: 1 });
    const source = { artifactDigest: "", sourceHashes: new Map([["it", "s"]]) };
    expect(serializeDag(dag, { ...source, keyHashes: new Map([["it", "k"]]) }).tasks[0]?.cache?.key).toEqual({
      sourceHash: "k",
      trust: "pure",
    });
    expect(() => serializeDag(dag, source)).toThrow("no source hash for the key function of it");
    expect([...listKeyFunctions(dag)]).toEqual([["it", ofA]]);
  });
});

describe("cache options", () => {
  it("have projections, modes, a shared name and an expiry in their serialized form", () => {
    const cache: Cache = {
      inputs: { b: ["y.z", "x", "y", "x"] },
      mode: "keep",
      share: "embed",
      expires: "1h",
    };
    expect(compiled(cache)).toMatchObject({
      projections: [["b", ["x", "y"]]],
      mode: "keep",
      share: "embed",
      expires: { afterMs: 3_600_000 },
    });
    expect(compiled({ expires: 60 })?.expires).toEqual({ afterMs: 60_000 });
    expect(compiled({ expires: "@daily" })?.expires).toEqual({ schedule: "@daily" });
    expect(compiled({ expires: every("1d") })?.expires).toEqual({ schedule: every("1d") });
    expect(compiled({ mode: "use" })).toEqual(compiled(true));
  });

  it("say how the lock of a key is taken", () => {
    const locks = [
      [{}, undefined],
      [{ unavailable: "run", store: "redis" }, { store: "redis" }],
      [{ wait: "10m" }, { waitMs: 600_000 }],
      [{ wait: "10m", onTimeout: "run" }, { waitMs: 600_000 }],
      [
        { wait: 0, onTimeout: "fail" },
        { waitMs: 0, onTimeout: "fail" },
      ],
      [
        { wait: 1, unavailable: "wait" },
        { waitMs: 1_000, onTimeout: "fail", unavailable: "wait" },
      ],
      [{ unavailable: "fail" }, { unavailable: "fail" }],
    ] as const;
    for (const [lock, expected] of locks) {
      const { lock: read } = compiled({ isolation: "serializable", lock }) ?? {};
      expect(read).toEqual(expected);
      expect(compiled(INPUTS.plus(SOURCE).with({ isolation: "serializable", lock }))?.lock).toEqual(expected);
    }
    // A Dag that says nothing of locks is stored as it was before there were any.
    expect(compiled({ serialize: true })).not.toHaveProperty("lock");
  });

  it.each<[object, string]>([
    [{ inputs: { z: ["x"] } }, 'cache.inputs contains "z", which is not an argument of the call'],
    [{ inputs: { a: [] } }, "goes into excludeInputs"],
    [{ inputs: { a: "x" } }, "use a list of paths"],
    [{ inputs: { a: ["x..y"] } }, "use a list of paths"],
    [{ inputs: ["a"] }, "use an object of fields by argument"],
    [{ inputs: { a: ["x"] }, excludeInputs: ["a"] }, "which excludeInputs leaves out"],
    [{ key: "etag" }, "use a function of the task's arguments"],
    [{ key: { of: () => 1, pure: "yes" } }, "use a function of the task's arguments"],
    [{ key: { pure: true } }, "use a function of the task's arguments"],
    [{ mode: "write" }, "use one of use, refresh, read, keep"],
    [{ mode: "read", errors: "1h" }, "stores nothing"],
    [{ share: "a b" }, "use only letters, digits"],
    [{ expires: 0 }, "more than zero seconds"],
    [{ expires: {} }, "cache.expires is an object"],
    [{ source: "code" }, 'use "version"'],
    [{ source: "version" }, "there is no version in its place"],
    [{ isolation: "serial" }, "use one of read_committed, serializable"],
    [{ isolation: "serializable", serialize: false }, "remove one of them"],
    [{ lock: { store: "redis" } }, 'there is none: add isolation: "serializable"'],
    [{ lock: {}, isolation: "read_committed" }, 'add isolation: "serializable", or remove lock'],
    [{ serialize: true, lock: "redis" }, 'cache.lock must be an object, got "redis"'],
    [{ serialize: true, lock: { timeout: 1 } }, "unknown option cache.lock.timeout"],
    [{ serialize: true, lock: { store: "" } }, 'cache.lock.store is "": use a non-empty string'],
    [{ serialize: true, lock: { wait: "soon" } }, 'cache.lock.wait is "soon", which is not a duration'],
    [{ serialize: true, lock: { unavailable: "skip" } }, "use one of run, wait, fail"],
    [{ serialize: true, lock: { wait: 1, onTimeout: "wait" } }, "use one of run, fail"],
    [{ serialize: true, lock: { onTimeout: "fail" } }, "an instance waits without limit: add wait"],
    [
      { serialize: true, lock: { wait: 1, onTimeout: "run", unavailable: "wait" } },
      'unavailable is "wait": the task never runs without the lock',
    ],
  ])("are refused: %j", (cache, message) => {
    expect(messageOf(() => compiled(cache as never))).toContain(message);
  });
});
