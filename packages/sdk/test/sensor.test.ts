// Sensors: how they are declared, what they return, and how they ask and wait.

import { MemodagError, readJson, silentLogger, type AttemptSensor, type SerializedTask } from "@memodag/core";
import { Dag, getContext, type SensorOptions, type TaskRef } from "@memodag/sdk";
import {
  listTaskIds,
  runSensor,
  serializeDag,
  type AttemptScope,
  type SensorTime,
} from "@memodag/sdk/runtime";
import { describe, expect, expectTypeOf, it } from "vitest";

function taskOf(dag: Dag): SerializedTask | undefined {
  const sourceHashes = new Map(listTaskIds(dag).map((taskId) => [taskId, "h"]));
  return serializeDag(dag, { artifactDigest: "", sourceHashes }).tasks.at(-1);
}

describe("dag.sensor", () => {
  it("declares a task with a handler, all options of a task and those of a sensor", () => {
    const dag = new Dag("d", { defaultArgs: { retries: 2 } });
    dag.sensor("file", ({ path }: { path: string }) => path !== "", {
      mode: "reschedule",
      pokeInterval: "5m",
      timeout: 3600,
      softFail: true,
      exponentialBackoff: true,
      maxWait: "1h",
      pool: "slow",
      cache: { excludeInputs: ["path"] },
    })({ path: "a" });
    expect(taskOf(dag)).toMatchObject({
      taskId: "file",
      args: [["path", { json: '"a"' }]],
      retries: 2,
      pool: "slow",
      cache: { excludeInputs: ["path"] },
      sourceHash: "h",
      sensor: {
        mode: "reschedule",
        pokeIntervalMs: 300_000,
        timeoutMs: 3_600_000,
        softFail: true,
        exponentialBackoff: true,
        maxWaitMs: 3_600_000,
      },
    });
  });

  it("pokes each minute for seven days unless told otherwise, is not cached, and is named by its handler", () => {
    const dag = new Dag("d");
    dag.sensor(function fileIsThere() {
      return true;
    })();
    const task = taskOf(dag);
    expect(task).toMatchObject({ taskId: "fileIsThere", cache: null });
    expect(task?.sensor).toEqual({
      mode: "poke",
      pokeIntervalMs: 60_000,
      timeoutMs: 604_800_000,
      softFail: false,
      exponentialBackoff: false,
      maxWaitMs: null,
    });
  });

  it("leaves other tasks as they were", () => {
    const dag = new Dag("d");
    dag.task("t", () => 1)();
    expect(Object.keys(taskOf(dag) ?? {})).not.toContain("sensor");
    expect(Object.keys(taskOf(dag) ?? {})).not.toContain("runStep");
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ mode: "wait" }, /mode is "wait": write "poke" or "reschedule"/],
    [{ pokeInterval: -1 }, /pokeInterval is -1: use more than zero seconds/],
    [{ timeout: "soon" }, /timeout is "soon", which is not a duration/],
    [{ softFail: 1 }, /softFail is 1: use true or false/],
    [{ pokeIntervall: 1 }, /unknown option pokeIntervall/],
  ])("refuses %j", (options, message) => {
    expect(() => new Dag("d").sensor("s", () => true, options as SensorOptions)).toThrow(message);
  });

  it("says what a sensor that is never called is called by", () => {
    const dag = new Dag("d");
    dag.sensor("s", () => true);
    expect(() => taskOf(dag)).toThrow(/call the factory that dag.sensor\(\) returned once/);
  });

  it("has the type of what it found", () => {
    const dag = new Dag("d");
    const rows = [1] as number[] | undefined;
    expectTypeOf(dag.sensor("a", () => Math.random() > 2)()).toEqualTypeOf<TaskRef<null>>();
    const found = dag.sensor("b", async () => (rows ? { done: true, value: rows } : { done: false }))();
    expectTypeOf(found).toEqualTypeOf<TaskRef<number[]>>();
    const other = dag.sensor("c", async ({ path }: { path: string }) =>
      rows ? { done: true, value: { path } } : false,
    );
    expectTypeOf(other({ path: "a" })).toEqualTypeOf<TaskRef<{ path: string }>>();
    // @ts-expect-error a poke answers whether something is there
    dag.sensor("d", () => 3);
    // @ts-expect-error a Date is not JSON
    dag.sensor("e", () => ({ done: true, value: new Date() }))();
  });
});

/** Time that passes while somebody sleeps. */
class FakeTime implements SensorTime {
  now = 0;
  readonly slept: number[] = [];

  monotonic(): number {
    return this.now;
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.slept.push(ms);
    this.now += ms;
  }
}

const SENSOR: AttemptSensor = {
  mode: "poke",
  pokeIntervalMs: 10,
  timeoutMs: 1_000,
  softFail: false,
  exponentialBackoff: false,
  maxWaitMs: null,
  waitedMs: 0,
};

const CONTEXT = {
  dag: { dagId: "d" },
  dagRun: { runId: "r", runType: "manual", logicalDate: null, conf: {} },
  task: { taskId: "s" },
  taskInstance: { mapIndex: -1, tryNumber: 1, maxTries: 1, attemptId: "a1" },
  params: {},
  logicalDate: null,
  dataInterval: null,
};

function scopeOf(signal: AbortSignal = new AbortController().signal): AttemptScope {
  return { context: CONTEXT, declaredContext: null, signal, log: silentLogger };
}

async function ask(answers: readonly unknown[], sensor: Partial<AttemptSensor> = {}, signal?: AbortSignal) {
  const time = new FakeTime();
  const dag = new Dag("d");
  let asked = 0;
  // A test answers what no typed handler could, too.
  const poke = (): boolean => answers[Math.min(asked++, answers.length - 1)] as boolean;
  dag.sensor("s", poke)();
  const run = runSensor(dag, "s", {}, scopeOf(signal), { sensor: { ...SENSOR, ...sensor }, time });
  const outcome = await run.catch((error: unknown) => error);
  return { outcome, slept: time.slept, asked };
}

describe("a sensor", () => {
  it("asks again after each interval until the answer is true", async () => {
    const { outcome, slept } = await ask([false, { done: false }, true]);
    expect(outcome).toMatchObject({ kind: "succeeded", xcoms: [{ key: "return_value" }] });
    expect(slept).toEqual([10, 10]);
  });

  it.each([
    [true, null],
    [{ done: true }, null],
    [{ done: true, value: { rows: 3 } }, { rows: 3 }],
  ])("that is answered %j returns %j", async (answer, value) => {
    const { outcome } = await ask([answer]);
    const { xcoms } = outcome as { xcoms: readonly { bytes: Uint8Array }[] };
    expect(readJson(xcoms[0]?.bytes ?? new Uint8Array())).toEqual(value);
  });

  it("asks a last time when its time is over, and no more", async () => {
    const { outcome, slept, asked } = await ask([false], { timeoutMs: 25 });
    expect(slept).toEqual([10, 10, 5]);
    expect(asked).toBe(4);
    expect(outcome).toMatchObject({
      code: "sensor_timeout",
      message: expect.stringMatching(/timed out after 25ms/),
    });
  });

  it("counts what earlier attempts of its try have waited", async () => {
    expect((await ask([false], { timeoutMs: 25, waitedMs: 20 })).slept).toEqual([5]);
    expect((await ask([false], { timeoutMs: 25, waitedMs: 30 })).slept).toEqual([]);
  });

  it("in mode reschedule asks once, and says when to ask again", async () => {
    const sensor = { mode: "reschedule", timeoutMs: 25 } as const;
    expect(await ask([false], sensor)).toEqual({
      outcome: { kind: "rescheduled", afterMs: 10 },
      slept: [],
      asked: 1,
    });
    expect((await ask([false], { ...sensor, waitedMs: 20 })).outcome).toMatchObject({ afterMs: 5 });
    expect((await ask([false], { ...sensor, waitedMs: 25 })).outcome).toMatchObject({
      code: "sensor_timeout",
    });
  });

  it("waits twice as long each time with a backoff, up to the longest wait", async () => {
    const backoff = { exponentialBackoff: true, maxWaitMs: 60, timeoutMs: 210 };
    expect((await ask([false], backoff)).slept).toEqual([10, 20, 40, 60, 60, 20]);
    const rescheduled = { ...backoff, mode: "reschedule", waitedMs: 31 } as const;
    expect((await ask([false], rescheduled)).outcome).toMatchObject({ afterMs: 40 });
  });

  it.each([[undefined], [0], ["yes"], [{ value: 3 }], [{ done: "yes" }]])(
    "refuses the answer %j",
    async (answer) => {
      const { outcome } = await ask([answer]);
      expect(outcome).toBeInstanceOf(MemodagError);
      expect(outcome).toMatchObject({ code: "sensor_answer_invalid" });
    },
  );

  it("ends when its attempt is to end", async () => {
    const { outcome, asked } = await ask([false], {}, AbortSignal.abort(new Error("stopped")));
    expect(outcome).toMatchObject({ message: "stopped" });
    expect(asked).toBe(0);
  });

  it("has the context of a task, and arguments of its own each time", async () => {
    const dag = new Dag("d");
    dag.sensor("s", ({ seen }: { seen: string[] }) => {
      getContext().xcom.push("pokes", seen.length);
      return seen.push("x") > 1;
    })({ seen: [] });
    const time = new FakeTime();
    const sensor = { ...SENSOR, timeoutMs: 15 };
    await expect(runSensor(dag, "s", { seen: [] }, scopeOf(), { sensor, time })).rejects.toMatchObject({
      code: "sensor_timeout",
    });
    expect(time.slept).toEqual([10, 5]);
  });
});
