// Processes that run many attempts of a task: what one attempt leaves or suffers does not reach another one.

import { existsSync } from "node:fs";
import type { Attempt } from "@memodag/core";
import { describe, expect, it } from "vitest";
import { ExecutorRoom, failed, returned, type RoomOptions } from "./executor-room.ts";

const REUSE = { reuse: true } as const;

/** Runs attempts of one task in turn, and returns what each returned. */
async function runInTurn(room: ExecutorRoom, body: string, count: number, overrides: Partial<Attempt> = {}) {
  const told: unknown[] = [];
  for (let index = 0; index < count; index += 1) {
    told.push(returned(await room.run(body, { ...REUSE, mapIndex: index, ...overrides })));
  }
  return told;
}

function pidsOf(told: readonly unknown[]): number {
  return new Set(told.map((each) => (each as { pid: number }).pid)).size;
}

const HELLO = `let count = 0;
  dag.task("it", async () => {
    console.log("attempt of", getContext().taskInstance.mapIndex);
    return { pid: process.pid, count: count += 1, run: getContext().dagRun.runId };
  })();`;

describe("a task that reuses its process", () => {
  it("runs its attempts in one, each with its own context and log", async () => {
    await using room = new ExecutorRoom();
    const attempts = [0, 1, 2].map((mapIndex) => room.attempt(HELLO, { ...REUSE, mapIndex, runId: "run" }));
    const told = await runInTurn(room, HELLO, 3, { runId: "run" });
    expect(pidsOf(told)).toBe(1);
    expect(told.map((each) => (each as { count: number }).count)).toEqual([1, 2, 3]);
    for (const attempt of attempts) {
      const log = room.log(attempt);
      expect(log.match(/attempt of/g)).toHaveLength(1);
      expect(log).toMatch(/attempt 1 of d\.it\[\d\].*\n.*attempt of[^]*succeeded in/);
    }
  });

  it("shares few processes among many attempts at once", async () => {
    await using room = new ExecutorRoom({ parallelism: 50 });
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, async (_, mapIndex) => await room.run(HELLO, { ...REUSE, mapIndex })),
    );
    expect(pidsOf(outcomes.map(returned))).toBeLessThan(10);
    // None is needed in place of processes that stay.
    expect(room.executor.warmProcesses).toBe(0);
  });

  it("starts more processes for attempts that take their time", async () => {
    await using room = new ExecutorRoom({ parallelism: 3 });
    const body = `dag.task("it", async () => { await new Promise((done) => setTimeout(done, 400)); return { pid: process.pid }; })();`;
    const outcomes = await Promise.all(
      Array.from({ length: 3 }, async (_, mapIndex) => await room.run(body, { ...REUSE, mapIndex })),
    );
    expect(pidsOf(outcomes.map(returned))).toBe(3);
  });

  it.each([
    ["another task", { taskId: "other" }],
    ["another team", { team: "other" }],
    ["another memory limit", { memoryBytes: 2 ** 28 }],
    ["no reuse", { reuse: undefined as never }],
    ["a cached attempt", { declaredEnv: [], declaredContext: [], trust: ["file_reads"] as const }],
  ])("has another process than %s", async (_name, overrides) => {
    await using room = new ExecutorRoom();
    const body = `for (const id of ["it", "other"]) dag.task(id, async () => ({ pid: process.pid }))({});`;
    const told = [...(await runInTurn(room, body, 2)), ...(await runInTurn(room, body, 1, overrides))];
    expect(pidsOf(told)).toBe(2);
  });

  it.each([
    ["a timer", "setTimeout(() => { throw new Error('late'); }, 30);"],
    ["an unreferenced timer", "setInterval(() => { throw new Error('late'); }, 1).unref();"],
    ["an immediate that repeats", "const again = () => setImmediate(again); again();"],
    ["a server", "(await import('node:net')).createServer().listen(0);"],
    ["an unreferenced server", "(await import('node:net')).createServer().listen(0).unref();"],
    [
      "a worker thread",
      "new (await import('node:worker_threads')).Worker('setInterval(() => {}, 1e6)', { eval: true }).unref();",
    ],
    [
      "a program",
      "(await import('node:child_process')).spawn('sleep', ['100'], { stdio: 'ignore' }).unref();",
    ],
    ["a rejection", "void Promise.resolve().then(() => { throw new Error('late'); });"],
    ["a later rejection", "void new Promise((_, reject) => setImmediate(reject, new Error('late')));"],
    ["an environment variable", "process.env.REUSED_TEST = 'left';"],
    ["another folder", "process.chdir('/');"],
    ["a listener", "process.on('exit', () => {});"],
    ["a watched file", "(await import('node:fs')).watch('/tmp').unref();"],
    [
      "a message port",
      "new (await import('node:worker_threads')).MessageChannel().port1.on('message', () => {}).unref();",
    ],
  ])("that leaves %s gets a new process for the next attempt", async (_name, leave) => {
    await using room = new ExecutorRoom();
    const body = `dag.task("it", async () => {
      const found = { pid: process.pid, cwd: process.cwd(), left: process.env.REUSED_TEST ?? null };
      ${leave}
      return found;
    })();`;
    const told = await runInTurn(room, body, 3);
    expect(pidsOf(told)).toBe(3);
    for (const each of told) expect(each).toMatchObject({ cwd: room.bundleDir, left: null });
  });

  it("keeps its process over awaited timers, files and sockets", async () => {
    await using room = new ExecutorRoom();
    const body = `import { readFile } from "node:fs/promises"; import { createServer, connect } from "node:net"; import { once } from "node:events";
      dag.task("it", async () => {
        await new Promise((done) => setTimeout(done, 20));
        await readFile("/etc/hosts");
        const server = createServer((socket) => socket.end()).listen(0);
        await once(server, "listening");
        const socket = connect(server.address().port); socket.resume();
        await once(socket, "close"); server.close(); await once(server, "close");
        return { pid: process.pid };
      })();`;
    expect(pidsOf(await runInTurn(room, body, 4))).toBeLessThan(4);
  });

  it("that fails ends its process, and the next attempt has a new one", async () => {
    await using room = new ExecutorRoom();
    const body = (fail: string) => `let count = 0;
      dag.task("it", async ({ how }) => {
        count += 1;
        if (how === "throw") throw new Error("no " + count);
        if (how === "exit") process.exit(3);
        if (how === "reject") { void Promise.reject(new Error("aside")); await new Promise((done) => setTimeout(done, 50)); }
        return { pid: process.pid, count };
      })({});${fail}`;
    const run = (how: string) =>
      room.run(body(""), { ...REUSE, args: [["how", { kind: "literal", json: JSON.stringify(how) }]] });
    const pids = [returned(await run("fine"))];
    expect(failed(await run("throw"))).toMatchObject({ code: "task_failed", message: "no 2" });
    pids.push(returned(await run("fine")));
    expect(failed(await run("exit")).code).toBe("task_exited");
    pids.push(returned(await run("fine")));
    expect(failed(await run("reject"))).toMatchObject({ code: "task_failed", message: "aside" });
    pids.push(returned(await run("fine")));
    expect(pidsOf(pids)).toBe(4);
    expect(pids).toEqual(pids.map(() => expect.objectContaining({ count: 1 })));
  });

  it("is killed when its time is up or it is cancelled, alone", async () => {
    await using room = new ExecutorRoom({ killGraceMs: 10 });
    const body = `dag.task("it", async ({ hang }) => { if (hang) for (;;); return { pid: process.pid }; })({});`;
    const hang: Partial<Attempt> = { ...REUSE, args: [["hang", { kind: "literal", json: "true" }]] };
    const told = await runInTurn(room, body, 1);
    expect(failed(await room.run(body, { ...hang, executionTimeoutMs: 300 })).code).toBe("task_timeout");
    told.push(...(await runInTurn(room, body, 1)));
    const { attempt, started, finished } = room.submit(body, hang);
    await started;
    await room.executor.cancel(attempt.attemptId, { code: "task_cancelled", message: "cancelled" });
    expect(failed(await finished).code).toBe("task_cancelled");
    told.push(...(await runInTurn(room, body, 1)));
    expect(pidsOf(told)).toBe(3);
  });

  it.each(["SIGKILL", "SIGSTOP"] as const)("whose idle process gets %s has a new one", async (signal) => {
    await using room = new ExecutorRoom();
    const [first] = (await runInTurn(room, HELLO, 2)) as { pid: number }[];
    process.kill(first?.pid ?? 0, signal);
    const told = await runInTurn(room, HELLO, 2);
    expect(pidsOf([first, ...told])).toBe(2);
  });

  it("asks its questions, and takes arguments, in each attempt anew", async () => {
    const options: RoomOptions = {
      queries: {
        findXCom: async () => undefined,
        findVariable: async ({ mapIndex }, name) => `${name} ${mapIndex}`,
      },
    };
    await using room = new ExecutorRoom(options);
    const body = `dag.task("it", async ({ rows }) => ({ pid: process.pid, rows, region: await getClient().getVariable("region") }))({});`;
    const told: unknown[] = [];
    for (const mapIndex of [0, 1, 2]) {
      const outcome = await room.run(body, {
        ...REUSE,
        mapIndex,
        args: [["rows", { kind: "result", taskId: "load", path: [] }]],
        results: [["load", room.input([mapIndex])]],
      });
      told.push(returned(outcome));
    }
    expect(told).toMatchObject([0, 1, 2].map((index) => ({ rows: [index], region: `region ${index}` })));
    expect(pidsOf(told)).toBe(1);
  });

  it("keeps its process over questions that it did not wait for", async () => {
    const room = new ExecutorRoom({
      killGraceMs: 60_000,
      queries: {
        findXCom: async () => undefined,
        async findVariable() {
          await new Promise((resolve) => setTimeout(resolve, 50));
          return "late";
        },
      },
    });
    await using _ = room;
    const body = `dag.task("it", async () => { void getClient().getVariable("region"); return { pid: process.pid }; })();`;
    expect(pidsOf(await runInTurn(room, body, 3))).toBe(1);
  });

  it("leaves no process behind", async () => {
    const room = new ExecutorRoom();
    const [first] = (await runInTurn(room, HELLO, 2)) as { pid: number }[];
    await room[Symbol.asyncDispose]();
    expect(existsSync(`/proc/${first?.pid}`)).toBe(false);
  });
});
