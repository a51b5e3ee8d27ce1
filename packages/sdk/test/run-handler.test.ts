import {
  type AttemptContext,
  canonicalBytes,
  type JsonObject,
  type JsonValue,
  type LogFields,
  MemodagError,
  readJson,
  silentLogger,
  type XComAddress,
} from "@memodag/core";
import { Dag, getClient, getContext, type TaskContext } from "@memodag/sdk";
import { type AttemptScope, type HandlerOutcome, runHandler } from "@memodag/sdk/runtime";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";

const CONTEXT: AttemptContext = {
  dag: { dagId: "d" },
  dagRun: {
    runId: "manual-1",
    runType: "manual",
    logicalDate: "2026-01-02T00:00:00.000Z",
    conf: { region: "north", limits: { rows: 5 } },
  },
  task: { taskId: "t" },
  taskInstance: { mapIndex: 3, tryNumber: 1, maxTries: 2, attemptId: "a1" },
  params: { species: "Adelie", model: { depth: 3, list: [1, { a: 1 }] }, none: null, "a.b": 1 },
  logicalDate: "2026-01-02T00:00:00.000Z",
  dataInterval: { start: "2026-01-01T00:00:00.000Z", end: "2026-01-02T00:00:00.000Z" },
};

function scopeOf(parts: Partial<AttemptScope> = {}): AttemptScope {
  return {
    context: CONTEXT,
    declaredContext: null,
    signal: new AbortController().signal,
    log: silentLogger,
    ...parts,
  };
}

function run(
  handler: (args: JsonObject) => unknown,
  parts: Partial<AttemptScope> = {},
  args: JsonObject = {},
): Promise<HandlerOutcome> {
  const dag = new Dag("d");
  // What handlers return here is outside JSON on purpose, at times.
  dag.task("t", handler as (args: JsonObject) => JsonValue)(args as never);
  return runHandler(dag, "t", args, scopeOf(parts));
}

async function resultOf(outcome: Promise<HandlerOutcome>): Promise<JsonValue> {
  const { xcoms } = await outcome;
  return readJson(xcoms[0]!.bytes);
}

async function readsOf(read: (context: TaskContext) => unknown, declared: readonly string[] = []) {
  const handler = (): unknown => {
    const value = read(getContext());
    return value === undefined ? null : value;
  };
  return (await run(handler, { declaredContext: declared })).undeclaredReads;
}

/** All that the context says of the run. */
function everything(): unknown {
  const {
    log: _log,
    signal: _signal,
    xcom: _xcom,
    jobCache: _jobCache,
    cache: _cache,
    ...values
  } = getContext();
  return values;
}

function intervalStart(): unknown {
  return getContext().dataInterval?.start ?? null;
}

function pullTotal(): Promise<JsonValue> {
  return getClient().getXCom({ key: "total", taskId: "other" });
}

/** The XComs of a run in which every task pushed its own address as its total. */
async function findTotal({ key, taskId, mapIndex }: XComAddress): Promise<Uint8Array | undefined> {
  return key === "total" ? canonicalBytes([taskId, mapIndex]) : undefined;
}

describe("runHandler", () => {
  it("hands over the arguments and brings the result back in canonical form", async () => {
    const outcome = await run(({ b, a }) => ({ b, a, gone: undefined, zero: -0 }), {}, { a: 1, b: [2] });
    expect(outcome.xcoms.map(({ key }) => key)).toEqual(["return_value"]);
    expect(Buffer.from(outcome.xcoms[0]!.bytes).toString()).toBe('{"a":1,"b":[2],"zero":0}');
    expect(await resultOf(run(async () => undefined))).toBeNull();
  });

  it("refuses a result that is not JSON, and one that is too long", async () => {
    await expect(run(() => ({ rows: [{ at: new Date() }] }))).rejects.toMatchObject({
      code: "value_not_json",
      message: "Date at $.rows[0].at: return toISOString()",
    });
    await expect(run(() => "x".repeat(100), { maxValueBytes: 50 })).rejects.toMatchObject({
      code: "xcom_too_large",
      message: expect.stringMatching(
        /^The returned value is 102B of JSON, more than \[core\] max_xcom_size of 50B: /,
      ),
    });
  });

  it("rejects with what the handler throws, at once or later, as it is", async () => {
    const thrown = { not: "an error" };
    const throwing = (): never => {
      throw thrown;
    };
    await expect(run(throwing)).rejects.toBe(thrown);
    await expect(run(() => Promise.reject(thrown))).rejects.toBe(thrown);
  });

  it("names the tasks there are when the one asked for is not", async () => {
    const dag = new Dag("d");
    dag.task("a", () => 1)();
    await expect(runHandler(dag, "b", {}, scopeOf())).rejects.toMatchObject({
      code: "task_not_found",
      message: 'Dag "d" has no task "b": it has a',
    });
  });

  it("keeps contexts of handlers that run at a time apart, over every await", async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `run-${index}`);
    const seen = await Promise.all(
      ids.map((runId) =>
        resultOf(
          run(
            async () => {
              await new Promise(setImmediate);
              return getContext().dagRun.runId;
            },
            { context: { ...CONTEXT, dagRun: { ...CONTEXT.dagRun, runId } } },
          ),
        ),
      ),
    );
    expect(seen).toEqual(ids);
  });

  it("gives the log and the signal that it was given", async () => {
    const lines: [string, LogFields | undefined][] = [];
    const controller = new AbortController();
    const outcome = run(
      () => {
        const { log, signal } = getContext();
        log.info("read", { rows: 3 });
        controller.abort();
        return signal.aborted;
      },
      {
        log: { ...silentLogger, info: (message, fields) => void lines.push([message, fields]) },
        signal: controller.signal,
      },
    );
    expect(await resultOf(outcome)).toBe(true);
    expect(lines).toEqual([["read", { rows: 3 }]]);
  });
});

describe("getContext", () => {
  it("throws outside a task, and says where to call it", () => {
    expect(() => getContext()).toThrow(
      expect.objectContaining({
        code: "context_unavailable",
        message: expect.stringContaining("call them inside its handler"),
      }),
    );
    expect(() => getClient()).toThrow(MemodagError);
  });

  it("shows the run, the same with and without tracking", async () => {
    expect(await resultOf(run(everything))).toEqual(CONTEXT);
    expect(await resultOf(run(everything, { declaredContext: [] }))).toEqual(CONTEXT);
    expect(
      await resultOf(run(everything, { declaredContext: ["params.model.depth", "dataInterval.end"] })),
    ).toEqual(CONTEXT);
  });

  it.each<[string, (context: TaskContext) => unknown]>([
    ["a param", ({ params }) => Object.assign(params, { species: "Gentoo" })],
    ["a new param", ({ params }) => Object.assign(params, { fresh: 1 })],
    ["a nested param", ({ params }) => Object.assign(params["model"] as object, { depth: 9 })],
    ["a list", ({ params }) => ((params["model"] as JsonObject)["list"] as number[]).push(1)],
    ["the run", ({ dagRun }) => Object.assign(dagRun, { runId: "x" })],
    ["the context", (context) => Object.assign(context, { params: {} })],
    ["the absence of a param", ({ params }) => delete (params as Record<string, unknown>)["species"]],
  ])("cannot be changed: %s", async (_name, change) => {
    for (const declaredContext of [null, [], ["params.model.depth"]]) {
      await expect(run(() => change(getContext()), { declaredContext })).rejects.toThrow(TypeError);
    }
    expect(CONTEXT.params["species"]).toBe("Adelie");
  });

  it("is shared by two copies of the package", async () => {
    const copy = (await import("../src/context/current-context.ts?copy" as string)) as {
      getContext: typeof getContext;
    };
    expect(copy.getContext).not.toBe(getContext);
    expect(await resultOf(run(() => copy.getContext().dagRun.runId))).toBe("manual-1");
  });
});

describe("undeclared reads", () => {
  it.each<[string, (context: TaskContext) => unknown, string[]]>([
    ["nothing", () => 1, []],
    ["what is in every key", ({ dag, task }) => [dag.dagId, task.taskId], []],
    [
      "holding on to what is always there",
      ({ params, dagRun, taskInstance }) => [params, dagRun, taskInstance].length,
      [],
    ],
    ["a param", ({ params }) => params["species"], ["params.species"]],
    ["a param that is not there", ({ params }) => params["nope"] ?? 1, ["params.nope"]],
    ["whether a param is there", ({ params }) => "nope" in params, ["params.nope"]],
    ["whether a param is its own", ({ params }) => Object.hasOwn(params, "nope"), ["params.nope"]],
    ["a param with a dot in its name", ({ params }) => params["a.b"], ['params["a.b"]']],
    ["the names of the params", ({ params }) => Object.keys(params), ["params"]],
    ["all params, as text", ({ params }) => JSON.stringify(params), ["params"]],
    ["all params, spread", ({ params }) => ({ ...params }), ["params"]],
    ["all params, returned", ({ params }) => params, ["params"]],
    [
      "all params, looped over",
      ({ params }) => {
        let names = "";
        for (const name in params) names += name;
        return names;
      },
      ["params"],
    ],
    ["all params, printed", ({ params }) => inspect(params), ["params"]],
    ["a nested param", ({ params }) => (params["model"] as JsonObject)["depth"], ["params.model"]],
    ["whether an object is there", ({ params }) => (params["model"] ? 1 : 0), ["params.model"]],
    [
      "conf",
      ({ dagRun }) => [dagRun.conf["region"], dagRun.conf["x"]].length,
      ["dagRun.conf.region", "dagRun.conf.x"],
    ],
    ["the run's id", ({ dagRun }) => dagRun.runId, ["dagRun.runId"]],
    ["the mapIndex", ({ taskInstance }) => taskInstance.mapIndex, ["taskInstance.mapIndex"]],
    ["the logical date", (context) => context.logicalDate, ["logicalDate"]],
    ["the run's logical date", ({ dagRun }) => dagRun.logicalDate, ["logicalDate"]],
    ["the interval", ({ dataInterval }) => dataInterval?.start, ["dataInterval"]],
  ])("note %s", async (_name, read, expected) => {
    expect(await readsOf(read)).toEqual(expected);
  });

  it.each<[string, string[], (context: TaskContext) => unknown]>([
    ["the path itself", ["params.species"], ({ params }) => params["species"]],
    ["a path that is not there", ["params.nope"], ({ params }) => params["nope"]],
    ["a whole object", ["params.model"], ({ params }) => (params["model"] as JsonObject)["depth"]],
    ["a path under it", ["params.model.depth"], ({ params }) => (params["model"] as JsonObject)["depth"]],
    ["all params", ["params"], ({ params }) => [JSON.stringify(params), params["a.b"]]],
    ["all of conf", ["dagRun.conf"], ({ dagRun }) => Object.entries(dagRun.conf)],
    [
      "the run's logical date",
      ["dagRun.logicalDate"],
      ({ logicalDate, dagRun }) => [logicalDate, dagRun.logicalDate],
    ],
    ["an end of the interval", ["dataInterval.end"], ({ dataInterval }) => dataInterval?.end],
  ])("do not note what is declared: %s", async (_name, declared, read) => {
    expect(await readsOf(read, declared)).toEqual([]);
  });

  it.each<[string, string[], (context: TaskContext) => unknown, string[]]>([
    ["another path", ["params.species"], ({ params }) => params["model"], ["params.model"]],
    ["a name that begins alike", ["params.spec"], ({ params }) => params["species"], ["params.species"]],
    ["a dotted name as a path", ["params.a.b"], ({ params }) => params["a.b"], ['params["a.b"]']],
    [
      "the other end of the interval",
      ["dataInterval.end"],
      ({ dataInterval }) => dataInterval?.start,
      ["dataInterval.start"],
    ],
    [
      "a sibling under an object",
      ["params.model.depth"],
      ({ params }) => (params["model"] as JsonObject)["list"],
      ["params.model.list"],
    ],
    [
      "an object whose declared part is not there",
      ["params.model.nope"],
      ({ params }) => (params["model"] ? 1 : 0),
      ["params.model"],
    ],
  ])("note what is not declared: %s", async (_name, declared, read, expected) => {
    expect(await readsOf(read, declared)).toEqual(expected);
  });

  it("take an absent interval for declared with either of its ends", async () => {
    const context = { ...CONTEXT, dataInterval: null };
    const declared = await run(intervalStart, { context, declaredContext: ["dataInterval.start"] });
    expect(declared.undeclaredReads).toEqual([]);
    const undeclared = await run(intervalStart, { context, declaredContext: [] });
    expect(undeclared.undeclaredReads).toEqual(["dataInterval"]);
  });

  it("are not noted for a task that is not cached", async () => {
    const outcome = await run(() => getContext().params["species"] ?? null);
    expect(outcome.undeclaredReads).toEqual([]);
  });
});

describe("XComs", () => {
  it("are brought back in canonical form, by key, the last push of each", async () => {
    const outcome = await run(async () => {
      const { xcom } = getContext();
      xcom.push("z", { b: 1, a: [] });
      xcom.push("a", 1);
      await getClient().setXCom({ key: "a", value: 2 });
      return [await xcom.pull({ key: "a" }), await getClient().getXCom({ key: "none" })];
    });
    expect(outcome.xcoms.map(({ key, bytes }) => [key, Buffer.from(bytes).toString()])).toEqual([
      ["return_value", "[2,null]"],
      ["a", "2"],
      ["z", '{"a":[],"b":1}'],
    ]);
    expect(outcome.undeclaredReads).toEqual([]);
  });

  it("refuse bad keys, bad values, and pushes after the end", async () => {
    const push = (key: string, value: unknown) => run(() => getContext().xcom.push(key, value));
    await expect(push("", 1)).rejects.toMatchObject({ code: "xcom_key_invalid" });
    await expect(push("return_value", 1)).rejects.toMatchObject({ code: "xcom_key_invalid" });
    await expect(push("k", [1n])).rejects.toThrow("bigint at $[0]");
    let late: TaskContext["xcom"] | undefined;
    await run(() => {
      late = getContext().xcom;
    });
    expect(() => late?.push("k", 1)).toThrow("await all work that the handler starts");
  });

  it("of other tasks come from the worker, and count as undeclared", async () => {
    await expect(run(pullTotal)).rejects.toThrow("take the task's result as an argument");
    const outcome = run(pullTotal, { findXCom: findTotal, declaredContext: [] });
    expect(await resultOf(outcome)).toEqual(["other", -1]);
    expect((await outcome).undeclaredReads).toEqual(["xcom(other.total)"]);
  });
});
