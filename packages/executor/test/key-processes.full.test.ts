// Key functions in real processes: what they answer, how they fail, and which processes there are.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestInput } from "@memodag/artifact";
import {
  canonicalBytes,
  sha256,
  systemClock,
  type Artifact,
  type DagInputs,
  type Digest,
  type JsonValue,
  type KeyAnswer,
  type KeyAnswers,
  type KeyOrder,
} from "@memodag/core";
import { expect, it, vi } from "vitest";
import { KeyProcesses } from "../src/index.ts";
import { dagModule } from "./executor-room.ts";

vi.setConfig({ testTimeout: 60_000 });

/** Above what the start of a process takes on a busy machine. */
const PATIENT_MS = 30_000;

interface Asked {
  readonly dagId?: string;
  readonly inputs?: DagInputs;
  readonly timeoutMs?: number;
  /** The value of the task `up`, which the argument `up` is. */
  readonly up?: JsonValue;
}

/** A folder with processes for the key functions of modules. */
class Room {
  readonly root: string = realpathSync(mkdtempSync(join(tmpdir(), "memodag-keys-")));
  readonly processes: KeyProcesses;
  readonly #artifacts = new Map<Digest, Artifact>();
  readonly #values = new Map<Digest, Uint8Array>();

  constructor(options: { readonly maxProcesses?: number; readonly idleMs?: number } = {}) {
    mkdirSync(join(this.root, "dags"));
    this.processes = new KeyProcesses({
      maxProcesses: options.maxProcesses ?? 4,
      ...(options.idleMs !== undefined && { idleMs: options.idleMs }),
      artifactsDir: join(this.root, "artifacts"),
      artifacts: {
        getArtifact: async (digest) =>
          this.#artifacts.get(digest) ?? Promise.reject(new Error("no artifact")),
      },
      values: { read: async () => this.#values },
      ordinaryEnv: ["PATH"],
      nodeOptions: [],
      clock: systemClock,
      bundlePath: () => join(this.root, "dags"),
    });
  }

  /** Asks the key function of the task `it` about each value of its argument `n`. */
  async ask(key: string, values: readonly JsonValue[], asked: Asked = {}): Promise<KeyAnswers> {
    return await this.processes.ask(this.order(key, values, asked), asked.timeoutMs ?? PATIENT_MS);
  }

  order(key: string, values: readonly JsonValue[], { dagId = "d", inputs, up = null }: Asked): KeyOrder {
    const code = Buffer.from(
      dagModule(`import { appendFileSync, readFileSync, writeSync } from "node:fs";
        dag.task("it", ({ n, up }) => n, { cache: { key: ${key} } })({ n: 1, up: null });`),
    );
    const artifact = { digest: sha256(code), code };
    this.#artifacts.set(artifact.digest, artifact);
    const bytes = canonicalBytes(up);
    const ref = { digest: sha256(bytes), sizeBytes: bytes.length, store: null };
    this.#values.set(ref.digest, bytes);
    return {
      team: "default",
      dagId,
      file: { bundle: "b", path: "d.ts" },
      artifactDigest: artifact.digest,
      inputs,
      results: [["up", { kind: "single", ref }]],
      questions: values.map((n, mapIndex) => ({
        taskId: "it",
        args: [
          ["n", { kind: "literal", json: JSON.stringify(n) }],
          ["up", { kind: "result", taskId: "up", path: [] }],
        ],
        context: {
          dagRun: { runId: "r", runType: "manual", logicalDate: null, conf: {} },
          params: { region: "eu" },
          logicalDate: null,
          dataInterval: null,
          taskInstance: { mapIndex },
        },
      })),
    };
  }

  /** The lines of a file that key functions wrote. */
  lines(name: string): string[] {
    const path = join(this.root, "dags", name);
    return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.processes.close();
    rmSync(this.root, { recursive: true, force: true });
  }
}

const key = (value: JsonValue): KeyAnswer => ({ kind: "key", json: JSON.stringify(value) });
const failed = (what: string): unknown => ({ kind: "failed", what: expect.stringContaining(what) });

it("answers many questions in one warm process, with values for arguments and a context", async () => {
  await using room = new Room();
  const fn =
    "({ n, up }, { params, taskInstance }) => [n, up.rows.length, params.region, taskInstance.mapIndex]";
  const values = Array.from({ length: 2_000 }, (_, n) => n);
  const first = await room.ask(fn, values, { up: { rows: [1, 2, 3] } });
  expect(first.answers).toEqual(values.map((n) => key([n, 3, "eu", n])));
  expect(first.processesStarted).toBe(1);
  const second = await room.ask(fn, [7], { up: { rows: [] } });
  expect(second).toMatchObject({ answers: [key([7, 0, "eu", 0])], processesStarted: 0 });
});

it("calls asynchronous functions side by side", async () => {
  await using room = new Room();
  const fn = "async ({ n }) => { await new Promise((done) => setTimeout(done, 200)); return n; }";
  const before = performance.now();
  const values = Array.from({ length: 64 }, (_, n) => n);
  expect((await room.ask(fn, values)).answers).toEqual(values.map(key));
  expect(performance.now() - before).toBeLessThan(64 * 200);
});

it.each<[name: string, fn: string, answer: unknown]>([
  ["throws", '() => { throw new Error("no etag"); }', failed("no etag")],
  ["throws what is no error", "() => { throw null; }", failed("")],
  ["rejects", '() => Promise.reject(new Error("away"))', failed("away")],
  ["returns null", "() => null", { kind: "none" }],
  ["returns a function", "() => () => 1", failed("its answer is not JSON")],
  ["returns a bigint", "() => 1n", failed("its answer is not JSON")],
  ["changes its arguments", "({ up }) => { up.push(1); return 1; }", failed("not extensible")],
  ["prints, to both outputs", '() => { console.log("x"); console.error("y"); return 1; }', key(1)],
  ["asks for the context of a task", "() => getContext().params", failed("")],
  [
    "is told nothing of the database",
    '() => Object.keys(process.env).filter((n) => n.startsWith("PG"))',
    key([]),
  ],
])("a function that %s", async (_name, fn, answer) => {
  vi.stubEnv("PGPASSWORD", "secret");
  await using room = new Room();
  const { answers } = await room.ask(fn, [1, 2], { up: [] });
  expect(answers).toEqual([answer, answer]);
  vi.unstubAllEnvs();
});

it.each<[name: string, end: string, what: string]>([
  ["is killed", 'process.kill(process.pid, "SIGKILL")', "ended by SIGKILL"],
  ["exits", "process.exit(3)", "exited with code 3"],
  ["leaves a rejection unhandled", 'void Promise.reject(new Error("stray"))', "exited with code 1"],
  ["writes to the channel of memodag", 'writeSync(3, "hello, this is no frame")', "its process ended"],
])("a process that %s is started anew once, and then its questions fail", async (_name, end, what) => {
  await using room = new Room();
  const always = `async ({ n }) => { appendFileSync("starts", process.pid + "\\n"); ${end}; await new Promise(() => setTimeout(() => {}, 60_000)); }`;
  const { answers, processesStarted } = await room.ask(always, [1, 2]);
  expect(answers).toEqual([failed(what), failed(what)]);
  expect(processesStarted).toBe(2);
  expect(new Set(room.lines("starts")).size).toBe(2);
});

it("asks again what a process did not answer before it was killed, and keeps what it did", async () => {
  await using room = new Room();
  const once = `async ({ n }) => {
    appendFileSync("asked", n + "\\n");
    if (n === 1 && readFileSync("asked", "utf8").split("\\n").filter((line) => line === "1").length === 1) process.kill(process.pid, "SIGKILL");
    return n;
  }`;
  const { answers, processesStarted } = await room.ask(once, [0, 1, 2]);
  expect(answers).toEqual([key(0), key(1), key(2)]);
  expect(processesStarted).toBe(2);
});

it("does not wait for a function that hangs: it is late, and so is what waits behind it", async () => {
  await using room = new Room();
  const hangs = '({ n }) => { appendFileSync("pids", process.pid + "\\n"); if (n < 0) for (;;); return n; }';
  await room.ask(hangs, [1]);
  const [late, behind] = await Promise.all([
    room.ask(hangs, [-1], { timeoutMs: 1_500 }),
    room.ask(hangs, [2], { timeoutMs: 1_500 }),
  ]);
  expect(late.answers).toEqual([{ kind: "late" }]);
  expect(behind.answers).toEqual([{ kind: "late" }]);
  const [pid] = room.lines("pids");
  await vi.waitFor(() => expect(existsSync(`/proc/${pid}`)).toBe(false), 20_000);
  // The next question gets a new process.
  expect(await room.ask(hangs, [3])).toMatchObject({ answers: [key(3)], processesStarted: 1 });
});

it("leaves a function alone that is late again and again", async () => {
  await using room = new Room();
  const hangs = "() => new Promise(() => setTimeout(() => {}, 60_000))";
  for (let time = 0; time < 3; time += 1) {
    const { processesStarted } = await room.ask(hangs, [1], { timeoutMs: 50 });
    expect(processesStarted).toBe(1);
  }
  expect(await room.ask(hangs, [1])).toMatchObject({ answers: [{ kind: "late" }], processesStarted: 0 });
  expect((await room.ask("() => 1", [1])).answers).toEqual([key(1)]);
});

it("ends a process that is not asked, and that of another artifact where there is no room", async () => {
  await using room = new Room({ maxProcesses: 1, idleMs: 100 });
  const pid = "() => process.pid";
  const other = "() => [process.pid]";
  const pids = await Promise.all([room.ask(pid, [1]), room.ask(other, [1]), room.ask(pid, [2])]);
  const started = pids.reduce((sum, { processesStarted }) => sum + processesStarted, 0);
  expect(started).toBeGreaterThanOrEqual(2);
  for (const { answers } of pids) {
    const [answer] = answers;
    const ended = Number(answer?.kind === "key" ? answer.json.replace(/\D/g, "") : NaN);
    await vi.waitFor(() => expect(existsSync(`/proc/${ended}`)).toBe(false), 10_000);
  }
});

it("does not answer with code that has read something else than the Dag file did", async () => {
  await using room = new Room();
  const file = join(room.root, "dags", "rules.json");
  writeFileSync(file, "1");
  const inputs: DagInputs = { files: [["rules.json", digestInput(file)]], env: [] };
  expect((await room.ask("() => 1", [1], { inputs })).answers).toEqual([key(1)]);
  writeFileSync(file, "2");
  const read = { ...inputs, files: [["rules.json", digestInput(file)]] } satisfies DagInputs;
  // Another process, although the code is the same.
  expect(await room.ask("() => 1", [1], { inputs: read })).toMatchObject({
    answers: [key(1)],
    processesStarted: 1,
  });
  const unread = { files: [["rules.json", sha256("3")]], env: [] } satisfies DagInputs;
  expect((await room.ask("() => 1", [1], { inputs: unread })).answers).toEqual([failed("file rules.json")]);
});

it("fails for a Dag that the file does not have, and when it is closed", async () => {
  const room = new Room();
  expect((await room.ask("() => 1", [1], { dagId: "other" })).answers).toEqual([failed("no key function")]);
  await room.processes.close();
  expect((await room.ask("() => 2", [1])).answers).toEqual([failed("stopping")]);
  await room[Symbol.asyncDispose]();
});
