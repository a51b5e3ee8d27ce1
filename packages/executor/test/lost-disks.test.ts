// Disks that attempts write to: a log that cannot be written costs its lines, another folder costs time.

import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Logger } from "@memodag/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { logFilePath } from "../src/index.ts";
import { ExecutorRoom, failed, returned } from "./executor-room.ts";

/** Each writes to the log in a way of its own, more than once, and returns 1. */
const WRITERS: readonly (readonly [string, string])[] = [
  ["console.log", `console.log("a"); console.log("b"); console.error("c");`],
  ["the context's log", `getContext().log.info("a"); getContext().log.warn("b", { n: 1 });`],
  ["process.stdout", `process.stdout.write("a\\n"); process.stderr.write("b\\n");`],
  [
    "what it awaits of its stdout",
    `await new Promise((done) => process.stdout.write("a\\n", done)); process.stdout.end("b\\n");`,
  ],
  ["a child", `(await import("node:child_process")).spawnSync("echo", ["a"], { stdio: "inherit" });`],
];

/** Puts `/dev/full`, which takes nothing, in the place of an attempt's log. */
function fillLog(room: ExecutorRoom, attempt: Parameters<typeof logFilePath>[1]): void {
  const path = logFilePath(room.logsDir, attempt);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync("/dev/full", path);
}

function keepLog(): { readonly log: Logger; readonly said: string[] } {
  const said: string[] = [];
  const note = (message: string): number => said.push(message);
  return { said, log: { debug: note, info: note, warn: note, error: note } };
}

describe("a full log disk", () => {
  it.each(WRITERS)("costs the lines of %s, and neither the attempt nor its result", async (_name, body) => {
    const { log, said } = keepLog();
    await using room = new ExecutorRoom({ log });
    const source = `dag.task("it", async () => { ${body} return 1; })();`;
    const overrides = { runId: "r" };
    fillLog(room, room.attempt(source, overrides));
    expect(returned(await room.run(source, overrides))).toBe(1);
    expect(said).toEqual([expect.stringContaining("log lines of tasks are lost")]);
  });

  it("leaves the error of a handler that throws as it is", async () => {
    await using room = new ExecutorRoom();
    const source = `dag.task("it", async () => { throw new Error("its own"); })();`;
    fillLog(room, room.attempt(source, { runId: "r" }));
    expect(failed(await room.run(source, { runId: "r" }))).toEqual({
      code: "task_failed",
      message: "its own",
    });
  });

  it("is told of once while it lasts, and when it is over", async () => {
    const { log, said } = keepLog();
    await using room = new ExecutorRoom({ log });
    const source = `dag.task("it", async () => 1)();`;
    for (const runId of ["a", "b"]) {
      fillLog(room, room.attempt(source, { runId }));
      await room.run(source, { runId });
    }
    expect(said).toHaveLength(1);
    await room.run(source, { runId: "c" });
    await room.run(source, { runId: "d" });
    expect(said.slice(1)).toEqual(["logs of tasks are written again"]);
  });
});

it("a log whose folder cannot be made is none, and the attempt goes on", async () => {
  const { log, said } = keepLog();
  const folder = mkdtempSync(join(tmpdir(), "memodag-logs-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "file"), "");
  await using room = new ExecutorRoom({ log, logsDir: join(folder, "file", "logs") });
  expect(returned(await room.run(`dag.task("it", async () => { console.log("a"); return 1; })();`))).toBe(1);
  expect(said).toHaveLength(1);
  expect(room.executor.capacity("default")).toBe(4);
});

describe("a disk that an attempt needs", () => {
  const COMMAND = {
    command: { argv: ["true"], cwd: ".", env: [], visibleEnv: null, sources: [], files: [] },
  } as const;

  it.each([
    ["artifacts", {}],
    ["exchange", COMMAND],
  ])("is waited for before the attempt starts: %s", async (name, overrides) => {
    const { log, said } = keepLog();
    await using room = new ExecutorRoom({ log });
    const blocked = join(room.root, name);
    writeFileSync(blocked, "a file in the way of a folder");
    const { finished } = room.submit(`dag.task("it", async () => 1)();`, overrides);
    await expect
      .poll(() => said, { timeout: 30_000 })
      .toEqual(["attempts wait for a disk or a store before they start"]);
    rmSync(blocked);
    expect((await finished).kind).toBe("succeeded");
    expect(said[1]).toBe("the disk or store is there again: attempts start");
  });

  it("is not waited for when the attempt is ended", async () => {
    const { log, said } = keepLog();
    await using room = new ExecutorRoom({ log });
    writeFileSync(join(room.root, "artifacts"), "");
    const { attempt, finished } = room.submit(`dag.task("it", async () => 1)();`);
    await expect.poll(() => said.length, { timeout: 30_000 }).toBe(1);
    room.executor.cancel(attempt.attemptId, { code: "run_cancelled", message: "cancelled" });
    const error = failed(await finished);
    expect(error.code).toBe("disk_failed");
    expect(error.message).toContain(join(room.root, "artifacts"));
  });
});

it("what is written is this user's alone, and a command's files are gone with it", async () => {
  await using room = new ExecutorRoom();
  const listing =
    "const fs = require('fs'); const path = require('path');" +
    "const dir = path.dirname(process.env.MEMODAG_INPUTS);" +
    "const mode = (p) => (fs.statSync(p).mode & 0o777).toString(8);" +
    "fs.writeFileSync(process.env.MEMODAG_RESULT, JSON.stringify([mode(dir), mode(process.env.MEMODAG_INPUTS)]));";
  const command = {
    argv: [process.execPath, "-e", listing],
    cwd: ".",
    env: [],
    visibleEnv: null,
    sources: [],
    files: [],
  };
  const { attempt, finished } = room.submit(`dag.task("it", async () => 1)();`, { command } as never);
  expect(returned(await finished)).toEqual(["700", "600"]);
  expect(readdirSync(room.exchangeDir)).toEqual([]);
  const log = logFilePath(room.logsDir, attempt);
  expect([statSync(log).mode & 0o777, statSync(dirname(log)).mode & 0o777]).toEqual([0o600, 0o700]);
});
