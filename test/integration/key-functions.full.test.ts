// Key functions as the scheduler asks them: what their answers do to keys, and what becomes of results without one.

import { Dag, getContext, INPUTS, KEY, SOURCE, type TaskOptions } from "memodag";
import { testDag } from "memodag/testing";
import { describe, expect, test } from "vitest";

interface Doc {
  readonly etag: string;
  readonly body: string;
}
type Args = { doc: Doc };
type Cache = TaskOptions<"doc", Args>["cache"];

/** The task of a document that params give. */
function parsing(cache: Cache, onRun: () => void = () => undefined) {
  const dag = new Dag("parsing", { params: { etag: "a", body: "x" } });
  const fetch = dag.task("fetch", () => ({ etag: "a", body: "x" }));
  const parse = dag.task(
    "parse",
    ({ doc }: Args) => {
      onRun();
      return doc.body.length;
    },
    { cache: cache ?? true },
  );
  parse({ doc: fetch() });
  return dag;
}

/** Runs a Dag for each document in turn; the status and reason of each run. */
async function statusesOf(dag: Dag, docs: readonly Doc[]): Promise<string[]> {
  const tested = testDag(dag);
  const statuses: string[] = [];
  for (const doc of docs) {
    const run = await tested.run({ mocks: { fetch: { ...doc } } });
    const { state, cacheStatus, cacheReason } = run.task("parse");
    expect(state).toBe("success");
    statuses.push(cacheReason === null ? `${cacheStatus}` : `${cacheStatus} (${cacheReason})`);
  }
  return statuses;
}

const A = { etag: "a", body: "x" };
const A_AGAIN = { etag: "a", body: "other" };
const B = { etag: "b", body: "x" };

describe("an answer", () => {
  const byEtag = ({ doc }: Args): string => doc.etag;
  test.each<[name: string, cache: Cache]>([
    ["as an option", { excludeInputs: ["doc"], key: byEtag }],
    ["as a policy", INPUTS.minus("doc").plus(SOURCE, KEY(byEtag))],
    ["of a pure function", { excludeInputs: ["doc"], key: { of: byEtag, pure: true } }],
    ["that is not confirmed", { excludeInputs: ["doc"], key: { of: byEtag, confirm: false } }],
    ["of an asynchronous function", { excludeInputs: ["doc"], key: async (args) => byEtag(args) }],
  ])("%s takes the place of an argument that is left out", async (_name, cache) => {
    expect(await statusesOf(parsing(cache), [A, A_AGAIN, B])).toEqual([
      "populated (no_entry)",
      "hit",
      "populated (no_entry)",
    ]);
  });

  test("beside an argument adds to the key and takes nothing out", async () => {
    let now = 1;
    const cache: Cache = { key: () => now };
    const tested = testDag(parsing(cache));
    const statuses: unknown[] = [];
    for (const at of [1, 1, 2, 1]) {
      now = at;
      statuses.push((await tested.run({ mocks: { fetch: { ...A } } })).cacheStatuses["parse"]);
    }
    expect(statuses).toEqual(["populated", "hit", "populated", "hit"]);
    expect(await statusesOf(parsing(cache), [A, A_AGAIN])).toEqual([
      "populated (no_entry)",
      "populated (no_entry)",
    ]);
  });

  test("of another function is not the same, whatever it is", async () => {
    const dag = new Dag("two");
    for (const [taskId, key] of [
      ["one", () => 1],
      ["other", () => 1],
    ] as const)
      dag.task(taskId, () => 1, { cache: { share: "both", key } })();
    const { task } = await testDag(dag).run();
    expect(task("one").cacheKey).not.toBe(task("other").cacheKey);
  });

  test("of a mapped task belongs to its element", async () => {
    const dag = new Dag("mapped");
    const square = dag.task("square", ({ n }: { n: number }) => n * n, {
      cache: { excludeInputs: ["n"], key: ({ n }) => n % 2 },
    });
    square.expand({ n: [1, 2, 3, 4] });
    const tested = testDag(dag);
    await tested.run();
    const keys = (await tested.run()).tasks.map(({ cacheKey }) => cacheKey);
    expect(keys[0]).toBe(keys[2]);
    expect(keys[1]).toBe(keys[3]);
    expect(keys[0]).not.toBe(keys[1]);
  });

  test("may depend on the run, unless the function is pure", async () => {
    const dag = new Dag("run", { params: { region: "eu" } });
    dag.task("it", () => 1, { cache: { key: (_args, { params }) => params["region"] ?? null } })();
    dag.task("pure", () => 1, {
      cache: { key: { of: (_args, context) => (context === undefined ? "none" : "some"), pure: true } },
    })();
    const tested = testDag(dag);
    expect((await tested.run()).cacheStatuses).toEqual({ it: "populated", pure: "populated" });
    expect((await tested.run({ params: { region: "us" } })).cacheStatuses).toEqual({
      it: "populated",
      pure: "hit",
    });
  });
});

describe("without an answer the task runs, and its result is not stored", () => {
  const cycle: unknown[] = [];
  cycle.push(cycle);
  test.each<[name: string, key: (args: Args) => unknown, reason: string]>([
    ["it returns null", () => null, "no_key: the key function returned null"],
    ["it returns nothing", () => undefined, "no_key: the key function returned null"],
    [
      "it throws",
      () => {
        throw new Error("no etag");
      },
      "key_failed: no etag",
    ],
    ["it rejects", () => Promise.reject(new Error("away")), "key_failed: away"],
    ["it returns a function", () => () => 1, "key_failed: its answer is not JSON"],
    ["it returns NaN", () => NaN, "key_failed: its answer is not JSON"],
    ["it returns a cycle", () => cycle, "key_failed: its answer is not JSON"],
    ["it returns a lone surrogate", () => "\ud800", "key_failed: its answer is not JSON"],
    [
      "it returns too much",
      () => "x".repeat(70_000),
      "key_failed: its answer has 70002 characters, more than 65536",
    ],
    [
      "it changes its arguments",
      ({ doc }) => ((doc as { etag: string }).etag = "z"),
      "key_failed: Cannot assign",
    ],
    ["it reads a context that it has not", () => getContext().params, "key_failed: "],
  ])("%s", async (_name, key, reason) => {
    const cache = { excludeInputs: ["doc"], key } as unknown as Cache;
    const statuses = await statusesOf(parsing(cache), [A, A]);
    expect(statuses).toEqual([0, 1].map(() => expect.stringContaining(`uncacheable (${reason}`)));
  });

  test("a function is not asked when caching is off, and for arguments that are too large", async () => {
    let asked = 0;
    const dag = parsing({ key: () => (asked += 1) });
    await testDag(dag, { cache: "off" }).run();
    expect(asked).toBe(0);
    const large = { etag: "a", body: "x".repeat(17 * 2 ** 20) };
    expect(await statusesOf(dag, [large])).toEqual([expect.stringContaining("input_too_large")]);
    expect(asked).toBe(0);
  });
});

describe("after the attempt", () => {
  test("a function that answers otherwise keeps the result from being stored", async () => {
    let world = 1;
    const cache: Cache = { excludeInputs: ["doc"], key: () => world };
    const changing = testDag(parsing(cache, () => (world += 1)));
    const first = await changing.run();
    expect(first.task("parse")).toMatchObject({
      cacheStatus: "uncacheable",
      cacheReasonCode: "key_changed",
    });
    // Under neither answer.
    world = 1;
    expect((await changing.run()).cacheStatuses["parse"]).toBe("uncacheable");
    world = 2;
    expect((await changing.run()).cacheStatuses["parse"]).toBe("uncacheable");
  });

  test("a function that fails then keeps it as well", async () => {
    let isAway = false;
    const key = (): number => {
      if (isAway) throw new Error("away");
      return 1;
    };
    const run = await testDag(parsing({ key }, () => (isAway = true))).run();
    expect(run.task("parse")).toMatchObject({ cacheStatus: "uncacheable", cacheReason: "key_failed: away" });
  });

  test.each(["pure", "unconfirmed"])("a function that is %s is not asked again", async (trust) => {
    let asked = 0;
    const of = (): number => {
      asked += 1;
      return 1;
    };
    const key = trust === "pure" ? { of, pure: true } : { of, confirm: false };
    const tested = testDag(parsing({ key }));
    expect((await tested.run()).cacheStatuses["parse"]).toBe("populated");
    expect(asked).toBe(1);
    expect((await tested.run()).cacheStatuses["parse"]).toBe("hit");
    // Answers of a pure function are remembered.
    expect(asked).toBe(trust === "pure" ? 1 : 2);
  });
});
