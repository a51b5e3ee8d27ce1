// What running tasks ask for: XComs of their run, and the admin's variables.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  MemodagError,
  type Attempt,
  type AttemptQueries,
  type AttemptSensor,
  type XComAddress,
} from "@memodag/core";
import { describe, expect, it } from "vitest";
import { ExecutorRoom, failed, returned } from "./executor-room.ts";

/** What was asked of it, by which attempt. */
interface Asked {
  readonly attempt: Attempt;
  readonly address: XComAddress;
}

function queriesOver(xcoms: Readonly<Record<string, string>>, asked: Asked[] = []): AttemptQueries {
  return {
    async findXCom(attempt, address) {
      asked.push({ attempt, address });
      const text = xcoms[`${address.taskId}[${address.mapIndex}].${address.key}`];
      return text === undefined ? undefined : Buffer.from(text);
    },
    findVariable: async (_attempt, name) => (name === "region" ? "eu" : undefined),
  };
}

/** Keeps this process from reading what a worker sends, until that has ended or has had a second to do so. */
function blockUntilEnded(pid: number): void {
  const hasEnded = (): boolean => / [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (let turn = 0; turn < 100 && !hasEnded(); turn += 1) Atomics.wait(cell, 0, 0, 10);
}

describe("a task that pulls", () => {
  it("gets what others of its run pushed, and null for what is not there", async () => {
    const asked: Asked[] = [];
    const queries = queriesOver({ "load[-1].rows": "[1,2]", "fit[3].return_value": '{"loss":0}' }, asked);
    await using room = new ExecutorRoom({ queries });
    const { attempt, finished } = room.submit(`dag.task("it", async () => {
      const { xcom } = getContext();
      return await Promise.all([
        xcom.pull({ taskId: "load", key: "rows" }),
        xcom.pull({ taskId: "fit", key: "return_value", mapIndex: 3 }),
        getClient().getXCom({ taskId: "load", key: "none" }),
      ]);
    })();`);
    expect(returned(await finished)).toEqual([[1, 2], { loss: 0 }, null]);
    // Whose run it is, is not for the worker to say.
    for (const { attempt: asker } of asked) expect(asker).toBe(attempt);
  });

  it("may pull 10 MB, and long after it began", async () => {
    const queries = queriesOver({ "load[-1].big": JSON.stringify("x".repeat(10_000_000)) });
    await using room = new ExecutorRoom({ queries });
    const outcome = await room.run(`dag.task("it", async () => {
      const { xcom } = getContext();
      let length = 0;
      for (let turn = 0; turn < 3; turn += 1) length += (await xcom.pull({ taskId: "load", key: "big" })).length;
      return length;
    })();`);
    expect(returned(outcome)).toBe(30_000_000);
  });

  it("keeps its result out of the cache", async () => {
    await using room = new ExecutorRoom({ queries: queriesOver({ "load[-1].rows": "1" }) });
    const pulls = `dag.task("it", async () => await getContext().xcom.pull({ taskId: "load", key: "rows" }))();`;
    const cached = { declaredContext: [], declaredEnv: [] };
    expect(await room.run(pulls, cached)).toMatchObject({
      uncacheable: { code: "undeclared_input", detail: { names: ["xcom(load.rows)"] } },
    });
    const reads = `dag.task("it", async () => await getClient().getVariable("region"))();`;
    expect(await room.run(reads, cached)).toMatchObject({
      uncacheable: { code: "undeclared_input", detail: { names: ["var.region"] } },
    });
  });

  it("may return before it has its answer, which then comes when its process would have ended", async () => {
    const room = new ExecutorRoom({
      queries: {
        async findXCom() {
          writeFileSync(join(room.root, "asked"), "");
          blockUntilEnded((await started).pid);
          return Buffer.from("1");
        },
        findVariable: async () => undefined,
      },
    });
    await using _ = room;
    const { started, finished } = room.submit(`
      import { existsSync } from "node:fs";
      dag.task("it", async () => {
        void getContext().xcom.pull({ taskId: "load", key: "rows" }).catch(() => undefined);
        while (!existsSync(${JSON.stringify(join(room.root, "asked"))})) await new Promise((next) => setTimeout(next, 1));
        return "done";
      })();`);
    expect(returned(await finished)).toBe("done");
  });

  it("fails in words when nobody can answer, and may be tried again", async () => {
    const queries: AttemptQueries = {
      findXCom: () => Promise.reject(new Error("the database is away")),
      findVariable: () => Promise.reject(new Error("the database is away")),
    };
    await using room = new ExecutorRoom({ queries });
    const outcome = await room.run(
      `dag.task("it", async () => await getContext().xcom.pull({ taskId: "load", key: "rows" }))();`,
    );
    expect(failed(outcome)).toEqual({
      code: "question_unanswered",
      message: 'XCom "rows" of task "load" could not be read: the database is away',
    });
    expect(outcome).toMatchObject({ retryable: true });
  });
});

describe("a task that waits for an answer", () => {
  it("asks again soon when the database is away", async () => {
    const askHuman = () => Promise.reject(new MemodagError("database_failed", "the database is away"));
    await using room = new ExecutorRoom({ queries: { ...queriesOver({}), askHuman } });
    const timeoutMs = 60_000;
    const sensor = { mode: "reschedule", pokeIntervalMs: timeoutMs, timeoutMs, waitedMs: 0 } as AttemptSensor;
    const outcome = await room.run(`dag.task("it", approval({ subject: "Go?" }))();`, { hitl: true, sensor });
    expect(outcome).toMatchObject({ kind: "rescheduled", afterMs: 5_000 });
  });
});

describe("a task that reads a variable", () => {
  it("gets its value, or null, or an error that names the fix", async () => {
    await using room = new ExecutorRoom({ queries: queriesOver({}) });
    const outcome = await room.run(`dag.task("it", async () => {
      const client = getClient();
      const error = await client.getVariableOrThrow("model.dir").catch((thrown) => thrown);
      return [await client.getVariable("region"), await client.getVariable("none"), error.code, error.message];
    })();`);
    expect(returned(outcome)).toEqual([
      "eu",
      null,
      "variable_not_found",
      expect.stringContaining('add [[variables]] with name = "model.dir"'),
    ]);
  });
});

it.each([
  ["asks for nothing known", { kind: "secret" }],
  ["asks with an address that is none", { kind: "xcom", taskId: "load", key: "rows", mapIndex: "0" }],
])("a worker that %s is not listened to any more", async (_name, question) => {
  await using room = new ExecutorRoom({ queries: queriesOver({}) });
  const outcome = await room.run(`
    import { writeSync } from "node:fs";
    dag.task("it", async () => {
      const json = Buffer.from(JSON.stringify([{ kind: "question", id: 1, question: ${JSON.stringify(question)} }, []]));
      const lengths = Buffer.alloc(8);
      lengths.writeUInt32BE(json.length + 4);
      lengths.writeUInt32BE(json.length, 4);
      writeSync(3, Buffer.concat([lengths, json]));
      await new Promise(() => setInterval(() => {}, 1e6));
    })();`);
  expect(failed(outcome)).toMatchObject({
    code: "worker_failed",
    message: expect.stringContaining("it sent a message outside of the protocol"),
  });
});
