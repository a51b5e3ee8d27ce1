// Tasks that make runs of other Dags or wait for them: how they are declared, and what is refused.

import type { SerializedTask } from "@memodag/core";
import {
  Dag,
  triggerDagRun,
  type TaskRef,
  type TriggerDagRunOptions,
  type TriggerTaskOptions,
  type WaitForDagRunOptions,
} from "@memodag/sdk";
import { getHandler, listHandlers, serializeDag } from "@memodag/sdk/runtime";
import { describe, expect, expectTypeOf, it } from "vitest";

function tasksOf(dag: Dag): Map<string, SerializedTask> {
  const sourceHashes = new Map(Array.from(listHandlers(dag).keys(), (taskId) => [taskId, "h"]));
  const { tasks } = serializeDag(dag, { artifactDigest: "", sourceHashes });
  return new Map(tasks.map((task) => [task.taskId, task]));
}

describe("triggerDagRun, passed to dag.task as in Airflow's SDK", () => {
  const conf = { by: "d" };

  it("declares what dag.triggerDagRun does, named first or by its option", () => {
    const dag = new Dag("d", { queue: "typescript" });
    const group = dag.taskGroup("g");
    dag.triggerDagRun("plain", { dagId: "other", conf, waitForCompletion: true, retries: 1 });
    const spec = { dagId: "other", conf, waitForCompletion: true, logicalDate: null, deferrable: true };
    const first = dag.task("first", triggerDagRun(spec), { retries: 1, queue: "q" })();
    expectTypeOf(first).toEqualTypeOf<TaskRef<string>>();
    const factory = group.task(triggerDagRun(spec), { taskId: "named", retries: 1 });
    expect(factory.taskId).toBe("g.named");
    factory().after(first);
    const tasks = tasksOf(dag);
    const plain = tasks.get("plain");
    for (const [taskId, upstream] of [
      ["first", []],
      ["g.named", ["first"]],
    ] as const) {
      const { taskId: _, sourceHash, upstream: drawn, ...rest } = tasks.get(taskId) ?? {};
      expect(plain).toMatchObject(rest);
      expect(drawn).toEqual(upstream);
      expect(sourceHash).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  it.each([
    [
      "an option of its task among its own",
      () => ({ dagId: "other", retries: 1 }),
      {},
      "triggerDagRun.retries",
    ],
    ["an option of its own among its task's", () => ({ dagId: "other" }), { conf }, "conf"],
    ["no Dag", () => ({}), {}, "dagId"],
    ["a note, which runs do not have", () => ({ dagId: "other", note: "hi" }), {}, "triggerDagRun.note"],
  ])("refuses %s", (_name, spec, options, problem) => {
    const dag = new Dag("d");
    const declare = () =>
      dag.task("t", triggerDagRun(spec() as TriggerDagRunOptions), options as TriggerTaskOptions);
    expect(declare).toThrow(problem);
  });

  it("refuses to have no id, and to be called twice or never", () => {
    const dag = new Dag("d");
    // @ts-expect-error it has no name
    expect(() => dag.task(triggerDagRun({ dagId: "other" }))).toThrow("not a task id");
    const factory = dag.task("t", triggerDagRun({ dagId: "other" }));
    expect(() => tasksOf(dag)).toThrow("never called");
    factory();
    expect(factory).toThrow("called twice");
  });
});

describe("dag.triggerDagRun", () => {
  it("places a task without code, whose arguments say what the run is given", () => {
    const dag = new Dag("d", { defaultArgs: { retries: 2, executionTimeout: "1h", pool: "gpu" } });
    const rows = dag.task("load", () => ({ count: 3 }))();
    const ref = dag.triggerDagRun("report", {
      dagId: "report",
      conf: { rows, depth: [3, rows.field("count")] },
      params: { species: "Adelie" },
      logicalDate: new Date(Date.UTC(2026, 10, 3)),
      waitForCompletion: true,
      retries: 1,
      retryExponentialBackoff: true,
      onFailure: () => undefined,
    });
    expectTypeOf(ref).toEqualTypeOf<TaskRef<string>>();
    const task = tasksOf(dag).get("report");
    expect(task).toMatchObject({
      args: [
        ["conf", { kind: "object" }],
        ["logicalDate", { kind: "literal", json: '"2026-11-03T00:00:00.000Z"' }],
        ["params", { kind: "literal", json: '{"species":"Adelie"}' }],
      ],
      upstream: ["load"],
      retries: 1,
      retryBackoffFactor: 2,
      callbacks: [expect.any(String)],
      executionTimeoutMs: 3_600_000,
      cache: null,
      sourceHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(task?.runStep).toEqual({
      kind: "trigger",
      dagId: "report",
      pokeIntervalMs: 60_000,
      allowedStates: ["success"],
      failedStates: ["failed"],
      waitForCompletion: true,
      resetDagRun: false,
      skipWhenAlreadyExists: false,
      failWhenDagIsPaused: false,
    });
    expect(() => getHandler(dag, "report")).toThrow(/has no handler: the scheduler carries it out/);
  });

  it("takes its id among its options, as Airflow has it, and edges like any task", () => {
    const dag = new Dag("d");
    const cleaned = dag.task("clean", () => null)();
    dag
      .triggerDagRun({
        taskId: "trigger_downstream",
        dagId: "typescript_example",
        conf: { triggered_by: "d" },
        deferrable: true,
        allowedStates: [],
        failedStates: [],
        pokeInterval: 30,
        runId: "r1",
        skipWhenAlreadyExists: true,
        failWhenDagIsPaused: true,
      })
      .after(cleaned);
    const task = tasksOf(dag).get("trigger_downstream");
    expect(task?.upstream).toEqual(["clean"]);
    expect(task?.runStep).toMatchObject({
      pokeIntervalMs: 30_000,
      allowedStates: ["success"],
      failedStates: [],
      skipWhenAlreadyExists: true,
      failWhenDagIsPaused: true,
    });
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{}, /task "t": dagId is undefined: use the id of the other Dag/],
    [{ dagId: "a b" }, /dagId is "a b": use the id of the other Dag; use only letters/],
    [{ dagId: "o", conf: [1] }, /conf is a list: use an object, or the ref of a task/],
    [{ dagId: "o", conf: { at: new Date(0) } }, /Date at conf.at: write toISOString\(\)/],
    [{ dagId: "o", logicalDate: "2026-02-30" }, /logicalDate is "2026-02-30": use an ISO 8601 date/],
    [{ dagId: "o", allowedStates: ["done"] }, /allowedStates names "done": use states of a run: queued,/],
    [{ dagId: "o", allowedStates: ["failed"] }, /failedStates contains "failed", and so does allowedStates/],
    [{ dagId: "o", pokeInterval: "often" }, /pokeInterval is "often"/],
    [{ dagId: "o", cache: true }, /unknown option cache/],
    [{ dagId: "o", waitForCompletion: "yes" }, /waitForCompletion is "yes": use true or false/],
  ])("refuses %j", (options, message) => {
    const dag = new Dag("d");
    expect(() => dag.triggerDagRun("t", options as unknown as TriggerDagRunOptions)).toThrow(message);
  });

  it("refuses an id that is none, and one that is taken", () => {
    const dag = new Dag("d");
    dag.triggerDagRun("t", { dagId: "o" });
    expect(() => dag.triggerDagRun("t", { dagId: "o" })).toThrow(/there are two tasks with this id/);
    // @ts-expect-error there is no id
    expect(() => dag.triggerDagRun({ dagId: "o" })).toThrow(/undefined is not a task id/);
    // @ts-expect-error there are no options
    expect(() => dag.triggerDagRun()).toThrow(/undefined is not a task id/);
    // @ts-expect-error there are no options
    expect(() => dag.triggerDagRun("u")).toThrow(/the options must be an object, got undefined/);
  });
});

describe("dag.waitForDagRun", () => {
  it("waits for the run of the same logical date, or of one before, or for the run that is named", () => {
    const dag = new Dag("d");
    const id = dag.task("id", () => "r1")();
    dag.waitForDagRun("same", { dagId: "o" });
    dag.waitForDagRun({ taskId: "before", dagId: "o", executionDelta: "1d", timeout: "2h", softFail: true });
    dag.waitForDagRun("named", { dagId: "o", runId: id, failedStates: [] });
    const tasks = tasksOf(dag);
    expect(tasks.get("same")).toMatchObject({ args: [], cache: null });
    expect(tasks.get("same")?.runStep).toEqual({
      kind: "wait",
      dagId: "o",
      pokeIntervalMs: 60_000,
      allowedStates: ["success"],
      failedStates: ["failed"],
      executionDeltaMs: 0,
      timeoutMs: 604_800_000,
      softFail: false,
    });
    expect(tasks.get("before")?.runStep).toMatchObject({
      executionDeltaMs: 86_400_000,
      timeoutMs: 7_200_000,
      softFail: true,
    });
    expect(tasks.get("named")).toMatchObject({
      args: [["runId", { kind: "result", taskId: "id" }]],
      upstream: ["id"],
    });
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ dagId: "o", runId: "r", logicalDate: "2026-01-01" }, /runId and logicalDate both select the run/],
    [
      { dagId: "o", logicalDate: "2026-01-01", executionDelta: 1 },
      /logicalDate and executionDelta both select/,
    ],
    [{ dagId: "o", executionDelta: -1 }, /executionDelta is -1: use zero or more seconds/],
    [{ dagId: "o", conf: {} }, /unknown option conf/],
  ])("refuses %j", (options, message) => {
    const dag = new Dag("d");
    expect(() => dag.waitForDagRun("t", options as unknown as WaitForDagRunOptions)).toThrow(message);
  });
});
