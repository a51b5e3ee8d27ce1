// Processes that run many attempts of a cached task. The code of such a task was shown to leave nothing behind when its
// Dag file was read. What is left all the same, or read, is noticed here, and never reaches another attempt's result.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Attempt, AttemptOutcome } from "@memodag/core";
import { describe, expect, it } from "vitest";
import { ExecutorRoom, returned } from "./executor-room.ts";

const CACHED = { reuse: true, declaredEnv: [], declaredContext: [] } as const satisfies Partial<Attempt>;

async function runInTurn(room: ExecutorRoom, body: string, count: number, overrides: Partial<Attempt> = {}) {
  const outcomes: AttemptOutcome[] = [];
  for (let index = 0; index < count; index += 1)
    outcomes.push(await room.run(body, { ...CACHED, mapIndex: index, ...overrides }));
  return outcomes;
}

const pidsOf = (outcomes: readonly AttemptOutcome[]): number =>
  new Set(outcomes.map((outcome) => (returned(outcome) as { pid: number }).pid)).size;

const reasonsOf = (outcomes: readonly AttemptOutcome[]): unknown[] =>
  outcomes.map((outcome) => (outcome.kind === "succeeded" ? outcome.uncacheable : outcome));

const task = (body: string, setup = ""): string =>
  `${setup} dag.task("it", async ({ n = 0 }) => { const found = { pid: process.pid }; ${body} return found; })({});`;

describe("a cached task that reuses its process", () => {
  it("runs its attempts in one, with what each of them is given, and all are storable", async () => {
    await using room = new ExecutorRoom();
    const body = `dag.task("it", async ({ n }) => ({ pid: process.pid, n, text: JSON.stringify({ n }) }))({});`;
    const outcomes: AttemptOutcome[] = [];
    for (const n of [1, 2, 3]) {
      outcomes.push(
        await room.run(body, {
          ...CACHED,
          mapIndex: n,
          args: [["n", { kind: "literal", json: String(n) }]],
        }),
      );
    }
    expect(outcomes.map(returned)).toMatchObject([1, 2, 3].map((n) => ({ n, text: `{"n":${n}}` })));
    expect(pidsOf(outcomes)).toBe(1);
    expect(reasonsOf(outcomes)).toEqual([null, null, null]);
  });

  it.each<[string, Partial<Attempt>]>([
    ["declares other variables", { declaredEnv: ["HOME"] }],
    ["declares files", { declaredFiles: ["data/*"] }],
    ["vouches for what it reads", { trust: ["file_reads"] }],
    ["has other packages", { sourceHash: "other" }],
    ["is not cached", { declaredEnv: null, declaredContext: null }],
  ])("has another process than an attempt that %s", async (_name, overrides) => {
    await using room = new ExecutorRoom();
    const outcomes = [
      ...(await runInTurn(room, task(""), 2)),
      ...(await runInTurn(room, task(""), 1, overrides)),
    ];
    expect(pidsOf(outcomes)).toBe(2);
  });

  it.each([
    ["the environment", "process.env.LEFT = '1';"],
    ["the working directory", "process.chdir('/');"],
    ["the listeners of the process", "process.on('exit', () => {});"],
    ["the umask", "process.umask(0o077);"],
    ["the exit code", "process.exitCode = 0;"],
    ["the properties of globalThis", "globalThis.left = 1;"],
    ["Math.random", "Math.random = () => 0.5;"],
    ["the properties of Array.prototype", "Array.prototype.last = () => 1;"],
    ["String.prototype.trim", "String.prototype.trim = () => '';"],
    ["the properties of Object.prototype", "Object.prototype.left = 1;"],
    ["Error.stackTraceLimit", "Error.stackTraceLimit = 3;"],
    ["console.log", "console.log = () => {};"],
    ["process.uptime", "process.uptime = () => 1;"],
  ])("that changes %s stores nothing, says so, and gets no other attempt", async (what, change) => {
    await using room = new ExecutorRoom();
    const outcomes = await runInTurn(room, task(change), 2);
    expect(pidsOf(outcomes)).toBe(2);
    expect(reasonsOf(outcomes)).toEqual([0, 1].map(() => ({ code: "state_left", detail: { what } })));
  });

  it("whose file changes an object of the language as it is loaded is stored, in a process for each attempt", async () => {
    await using room = new ExecutorRoom();
    const setup = "let seed = 1; Math.random = () => (seed = (seed * 48271) % 2147483647);";
    const outcomes = await runInTurn(room, task("found.random = Math.random();", setup), 3);
    expect(pidsOf(outcomes)).toBe(3);
    expect(reasonsOf(outcomes)).toEqual([null, null, null]);
    expect(new Set(outcomes.map((outcome) => (returned(outcome) as { random: number }).random)).size).toBe(1);
  });

  it.each([
    ["a timer", "setInterval(() => {}, 1e6).unref();"],
    ["a server", "(await import('node:net')).createServer().listen(0).unref();"],
    ["a rejection", "void new Promise((_, reject) => setImmediate(reject, new Error('late')));"],
  ])("that leaves %s gets a new process for the next attempt", async (_name, leave) => {
    await using room = new ExecutorRoom();
    expect(pidsOf(await runInTurn(room, task(leave), 3))).toBe(3);
  });

  it("that reads an undeclared file or variable is not stored, and neither is the next attempt that does", async () => {
    await using room = new ExecutorRoom();
    mkdirSync(join(room.bundleDir, "data"));
    writeFileSync(join(room.bundleDir, "data/rows.csv"), "1");
    const body = task(
      "if (n !== 1) return found; fs.readFileSync('data/rows.csv'); found.home = process.env.MARKET ?? 'none';",
      "import fs from 'node:fs';",
    );
    const outcomes: AttemptOutcome[] = [];
    for (const n of [0, 1, 1, 0, 1])
      outcomes.push(await room.run(body, { ...CACHED, args: [["n", { kind: "literal", json: String(n) }]] }));
    const undeclared = { code: "undeclared_input", detail: { names: ["env.MARKET", "file:data/rows.csv"] } };
    expect(reasonsOf(outcomes)).toEqual([null, undeclared, undeclared, null, undeclared]);
  });

  it("that reads a file which an earlier attempt wrote is not stored", async () => {
    await using room = new ExecutorRoom();
    const body = task(
      "if (n === 0) fs.writeFileSync('/tmp/' + file, 'x'); else { found.text = fs.readFileSync('/tmp/' + file, 'utf8'); fs.rmSync('/tmp/' + file); }",
      `import fs from 'node:fs'; const file = "reused-cached-" + ${process.pid} + ".txt";`,
    );
    const outcomes: AttemptOutcome[] = [];
    for (const n of [0, 1])
      outcomes.push(await room.run(body, { ...CACHED, args: [["n", { kind: "literal", json: String(n) }]] }));
    expect(pidsOf(outcomes)).toBe(1);
    expect(reasonsOf(outcomes)).toMatchObject([null, { code: "undeclared_input" }]);
  });

  it("sees what a change of its declared files makes of the same process", async () => {
    await using room = new ExecutorRoom();
    const path = join(room.bundleDir, "rate.txt");
    const body = task("found.rate = fs.readFileSync('rate.txt', 'utf8');", "import fs from 'node:fs';");
    const rates: unknown[] = [];
    for (const rate of ["1", "2"]) {
      writeFileSync(path, rate);
      const [outcome] = await runInTurn(room, body, 1, { declaredFiles: ["rate.txt"] });
      rates.push((returned(outcome as AttemptOutcome) as { rate: string }).rate);
      expect(reasonsOf([outcome as AttemptOutcome])).toEqual([null]);
    }
    expect(rates).toEqual(["1", "2"]);
  });
});
