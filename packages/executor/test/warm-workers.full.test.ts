// Processes that are started ahead: an attempt in one cannot tell, and is not harmed by what happened to it before.

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { systemClock, type Attempt } from "@memodag/core";
import { ManualClock } from "@memodag/core/testing";
import { describe, expect, it } from "vitest";
import { AttemptCgroups } from "../src/attempt-cgroup.ts";
import { OrphanGuard } from "../src/orphan-guard.ts";
import { listDescendants } from "../src/process-mark.ts";
import type { RunOrder } from "../src/protocol.ts";
import { isStopped } from "../src/pulse.ts";
import { WarmWorkers, type WorkerShape } from "../src/warm-workers.ts";
import { dagModule, ExecutorRoom, failed, returned } from "./executor-room.ts";

const PARENT = fileURLToPath(new URL("fixtures/warm-parent.mjs", import.meta.url));

/** How long its process has lived when a task runs, beside everything that a process can tell of itself. */
const TELLING = `
  import { readdirSync, readlinkSync, fstatSync } from "node:fs";
  import { getHeapStatistics } from "node:v8";
  const atTop = [process.cwd(), Object.keys(process.env).sort().join()];
  dag.task("it", async () => {
    console.log("to stdout"); console.error("to stderr");
    const { MEMODAG_ATTEMPTS: _, ...env } = process.env;
    return {
      uptimeMs: process.uptime() * 1_000,
      pid: process.pid,
      told: {
        atTop, env, cwd: process.cwd(), argv: process.argv, execArgv: process.execArgv, umask: process.umask(),
        globals: Reflect.ownKeys(globalThis).map(String).sort(),
        listeners: process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
        descriptors: [0, 1, 2].map((fd) => readlinkSync("/proc/self/fd/" + fd)),
        channel: fstatSync(3).isSocket(),
        output: [process.stdout, process.stderr].map((stream) => [stream.constructor.name, stream.fd, stream.isTTY ?? null]),
        resources: process.getActiveResourcesInfo().sort(),
        heap: getHeapStatistics().heap_size_limit,
        group: process.platform === "linux" ? readdirSync("/proc/self/task").includes(String(process.pid)) : null,
      },
    };
  })();`;

interface Told {
  readonly uptimeMs: number;
  readonly pid: number;
  readonly told: Record<string, unknown>;
}

/** Runs attempts in turn: the third has a process that was started when the second one ran. */
async function runInTurn(room: ExecutorRoom, body: string, overrides: Partial<Attempt>[]): Promise<Told[]> {
  const told: Told[] = [];
  for (const each of overrides) told.push(returned(await room.run(body, each)) as Told);
  return told;
}

/** The processes below this one that wait for an attempt or run one. */
function workers(parent: number = process.pid): number[] {
  return listDescendants(parent).filter((pid) => commandOf(pid).includes("worker-bundle/main.js"));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

function isAlive(pid: number): boolean {
  return commandOf(pid) !== "";
}

/** Runs two attempts, and returns the process that then waits. */
async function waitingWorker(room: ExecutorRoom): Promise<number> {
  await runInTurn(room, TELLING, [{}, {}]);
  await expect.poll(() => workers().length).toBe(1);
  return workers()[0] ?? 0;
}

describe("an attempt in a process that was started ahead", () => {
  it.each([
    ["uncached", { declaredEnv: null }],
    ["cached", { declaredEnv: ["WARM_TEST_REGION"], declaredContext: [], trust: ["file_reads"] as const }],
  ])("finds what it finds in one of its own: %s", async (_kind, overrides) => {
    process.env["WARM_TEST_REGION"] = "eu";
    await using room = new ExecutorRoom({ parallelism: 1 });
    const logged = { ...overrides, runId: "run", taskId: "it" };
    const [cold, , warm] = await runInTurn(room, TELLING, [logged, logged, logged]);
    delete process.env["WARM_TEST_REGION"];
    expect(warm?.told).toEqual(cold?.told);
    expect(warm?.uptimeMs).toBeGreaterThan(cold?.uptimeMs ?? 0);
  });

  it("writes to its own log, with its stack when it fails", async () => {
    await using room = new ExecutorRoom();
    await runInTurn(room, TELLING, [{}, {}]);
    const body = `dag.task("it", async () => { console.log("before"); throw new Error("here " + (process.uptime() > 0)); })();`;
    const { attempt, started, finished } = room.submit(body);
    expect(failed(await finished).message).toBe("here true");
    const log = room.log(attempt);
    expect(log).toContain(`process ${(await started).pid}`);
    expect(log.indexOf("before")).toBeLessThan(log.indexOf("Error: here"));
    expect(log).toMatch(/ at .*d\.ts|\.mjs:/);
  });

  it("is killed with all it started when its time is up", async () => {
    await using room = new ExecutorRoom({ killGraceMs: 10 });
    await runInTurn(room, TELLING, [{}, {}]);
    const body = `import { spawn } from "node:child_process"; import { writeFileSync } from "node:fs";
      dag.task("it", async () => {
        const child = spawn("sleep", ["1000"], { detached: true, stdio: "ignore" });
        writeFileSync(${JSON.stringify(join(room.root, "pid"))}, String(child.pid));
        for (;;);
      })();`;
    expect(failed(await room.run(body, { executionTimeoutMs: 1_500 })).code).toBe("task_timeout");
    await expect.poll(() => isAlive(Number(readFileSync(join(room.root, "pid"), "utf8")))).toBe(false);
  });

  it("does not get a process with another environment, memory limit or folder", async () => {
    await using room = new ExecutorRoom();
    const shape = { declaredEnv: [], declaredContext: [], trust: ["file_reads"] as const };
    await runInTurn(room, TELLING, [shape, shape]);
    const pid = workers()[0];
    process.env["WARM_TEST_REGION"] = "us";
    const others = await runInTurn(room, TELLING, [
      { ...shape, declaredEnv: ["WARM_TEST_REGION"] },
      { ...shape, memoryBytes: 2 ** 28 },
    ]);
    delete process.env["WARM_TEST_REGION"];
    expect(others.map((each) => each.pid)).not.toContain(pid);
    expect(others[0]?.told).toMatchObject({ env: { WARM_TEST_REGION: "us" } });
    expect(others[1]?.told["heap"]).toBeLessThan(2 ** 29);
    const [same] = await runInTurn(room, TELLING, [shape]);
    expect(same?.pid).toBe(pid);
  });

  it("runs in the folder that its bundle has now", async () => {
    const place = new ExecutorRoom();
    await using room = new ExecutorRoom({ bundleDir: join(place.root, "current") });
    const { symlinkSync, rmSync } = await import("node:fs");
    for (const name of ["one", "two"]) mkdirSync(join(place.root, name));
    symlinkSync("one", join(place.root, "current"));
    await runInTurn(room, TELLING, [{}, {}]);
    rmSync(join(place.root, "current"));
    symlinkSync("two", join(place.root, "current"));
    const [told] = await runInTurn(room, TELLING, [{}]);
    expect(told?.told).toMatchObject({ cwd: join(place.root, "two") });
    await place[Symbol.asyncDispose]();
  });
});

describe("a process that waits", () => {
  it("is not started for a single attempt, or where none are to be", async () => {
    await using one = new ExecutorRoom();
    await runInTurn(one, TELLING, [{}]);
    await using none = new ExecutorRoom({ warmWorkers: 0 });
    await runInTurn(none, TELLING, [{}, {}, {}]);
    expect(workers()).toEqual([]);
  });

  it.each(["SIGKILL", "SIGSTOP", "SIGTERM"] as const)("and gets %s harms no attempt", async (signal) => {
    await using room = new ExecutorRoom();
    const pid = await waitingWorker(room);
    process.kill(pid, signal);
    const [told, again] = await runInTurn(room, TELLING, [{}, {}]);
    expect([told?.pid, again?.pid]).not.toContain(pid);
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  it("ends with its executor", async () => {
    const room = new ExecutorRoom();
    const pid = await waitingWorker(room);
    await room[Symbol.asyncDispose]();
    expect(isAlive(pid)).toBe(false);
  });

  it.each([false, true])("ends when its executor's process is killed, stopped: %s", async (areStopped) => {
    await using room = new ExecutorRoom();
    const source = join(room.root, "three.mjs");
    writeFileSync(source, dagModule(`dag.task("it", async () => 1)();`));
    const parent = spawn(process.execPath, [PARENT, source, room.root], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(createInterface(parent.stdout), "line");
    await expect.poll(() => workers(parent.pid).length).toBe(2);
    const waiting = workers(parent.pid);
    if (areStopped) for (const pid of waiting) process.kill(pid, "SIGSTOP");
    parent.kill("SIGKILL");
    await expect.poll(() => waiting.filter(isAlive), { timeout: 30_000 }).toEqual([]);
  });
});

/** Processes that are asked for directly. */
class Pool implements AsyncDisposable {
  readonly clock = new ManualClock();
  /** All processes with it are killed when its guard ends. */
  readonly #mark = `${randomUUID()}.`;
  readonly #guard = new OrphanGuard({ mark: this.#mark, folder: "" });
  readonly warm: WarmWorkers;
  readonly shape: WorkerShape;

  constructor(limit: number, env: Record<string, string> = {}) {
    this.shape = {
      cwd: "/",
      env: { PATH: process.env["PATH"] ?? "", ...env },
      nodeOptions: [],
      limits: { frameBytes: 1e6, jsonBytes: 1e6, blobBytes: 1e6 },
    };
    this.warm = new WarmWorkers({
      limit: () => limit,
      mark: this.#mark,
      clock: this.clock,
      guard: this.#guard,
      cgroups: new AttemptCgroups(null),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.warm.close();
    this.#guard.close();
  }
}

describe("the pool", () => {
  it("has as many as attempts came before, and no more than the limit", async () => {
    await using pool = new Pool(2);
    const taken = [];
    for (let count = 0; count < 4; count += 1) taken.push(await pool.warm.take(pool.shape));
    expect(taken.map((worker) => worker !== undefined)).toEqual([false, false, true, true]);
    await expect.poll(() => workers().length).toBe(4);
    await pool.warm.take({ ...pool.shape, cwd: "/tmp" });
    expect(workers().length).toBe(4);
    for (const worker of taken) worker?.kill();
  });

  it("gives way to a shape that is asked for now", async () => {
    await using pool = new Pool(1);
    const other = { ...pool.shape, cwd: "/tmp" };
    for (const shape of [pool.shape, pool.shape, other, other]) await pool.warm.take(shape);
    const takesOther = async (): Promise<boolean> => {
      const worker = await pool.warm.take(other);
      worker?.kill();
      return worker !== undefined;
    };
    await expect.poll(takesOther, { timeout: 30_000 }).toBe(true);
    expect(await pool.warm.take(pool.shape)).toBeUndefined();
  });

  it("ends processes that no attempt has needed for a minute, and replaces old ones", async () => {
    await using pool = new Pool(1);
    for (let count = 0; count < 2; count += 1) await pool.warm.take(pool.shape);
    const [pid] = workers();
    pool.clock.advance(61_000);
    await expect.poll(() => isAlive(pid ?? 0)).toBe(false);
    for (let count = 0; count < 2; count += 1) await pool.warm.take(pool.shape);
    const worker = await pool.warm.take(pool.shape);
    expect(worker).toBeDefined();
    expect(worker?.process.pid).not.toBe(pid);
    worker?.kill();
  });

  it("starts none whose options load code before the attempt is there", async () => {
    await using pool = new Pool(4, { NODE_OPTIONS: "--max-old-space-size=64 --import=./x.mjs" });
    for (let count = 0; count < 3; count += 1) expect(await pool.warm.take(pool.shape)).toBeUndefined();
    expect(workers()).toEqual([]);
  });

  it("does not start one after the other where they end at once", async () => {
    await using pool = new Pool(4, { NODE_OPTIONS: "--max-no-such-option=1" });
    for (let count = 0; count < 3; count += 1) expect(await pool.warm.take(pool.shape)).toBeUndefined();
    await expect.poll(() => workers().length).toBe(0);
    expect(await pool.warm.take(pool.shape)).toBeUndefined();
    expect(workers()).toEqual([]);
  });

  it.each(["SIGKILL", "SIGSTOP"] as const)(
    "tells that nothing has run in a process that gets %s with its attempt",
    async (signal) => {
      await using pool = new Pool(1);
      for (let count = 0; count < 2; count += 1) await pool.warm.take(pool.shape);
      const worker = await pool.warm.take(pool.shape);
      if (!worker) throw new Error("there is no process");
      const { pid } = worker.process;
      process.kill(pid, "SIGSTOP");
      await expect.poll(() => isStopped(pid)).toBe(true);
      const listener = {
        onFrame: () => expect.fail("it ran"),
        onBroken: () => undefined,
        onClose: () => undefined,
      };
      const order = {
        kind: "run",
        takeOver: { logPath: "/dev/null", cwd: "/" },
        results: new Map(),
        attempt: {},
      };
      const begun = worker.begin(order as unknown as RunOrder, listener);
      if (signal === "SIGKILL") process.kill(pid, "SIGKILL");
      // It is found stopped at the next look.
      else pool.clock.advance(200);
      expect(await begun).toBe(false);
      expect(isAlive(pid)).toBe(false);
    },
  );
});

it("a process that waits is taken for no attempt that has ended its time", async () => {
  await using room = new ExecutorRoom({ clock: systemClock });
  const pid = await waitingWorker(room);
  const { attempt, finished } = room.submit(TELLING);
  await room.executor.cancel(attempt.attemptId, { code: "task_cancelled", message: "cancelled" });
  expect(failed(await finished).code).toBe("task_cancelled");
  expect(pid).toBeGreaterThan(0);
});
