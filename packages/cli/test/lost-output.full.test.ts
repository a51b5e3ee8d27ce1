// The end of what a command writes to is not the end of the command: pipes that are closed, disks that are full.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Project } from "./project.ts";

let project: Project;
const started: ChildProcess[] = [];

beforeEach(() => {
  project = new Project();
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
  project.remove();
});

type Output = "pipe" | "full";

/** Starts a command with these as its stdout and stderr. */
function start(args: readonly string[], stdout: Output, stderr: Output): ChildProcess {
  const full = openSync("/dev/full", "w");
  const of = (output: Output): "pipe" | number => (output === "pipe" ? "pipe" : full);
  const child = spawn(process.execPath, [project.bin, ...args], {
    cwd: project.folder,
    stdio: ["ignore", of(stdout), of(stderr)],
  });
  closeSync(full);
  started.push(child);
  return child;
}

async function lastState(): Promise<unknown> {
  const { stdout } = await project.spawn("runs", "list", "--json");
  return (JSON.parse(stdout) as { state: string }[])[0]?.state;
}

describe("a run whose output has no reader", () => {
  it.each([
    ["its progress", ["stderr"]],
    ["its outcome", ["stdout"]],
    ["either", ["stdout", "stderr"]],
  ] as const)("goes on to its end when no one reads %s", async (_name, closed) => {
    const child = start(["dags", "run", "shapes"], "pipe", "pipe");
    for (const name of ["stdout", "stderr"] as const) {
      if ((closed as readonly string[]).includes(name)) child[name]?.destroy();
      else child[name]?.resume();
    }
    const [code] = (await once(child, "exit")) as [number];
    expect(code).toBe(0);
    expect(await lastState()).toBe("success");
  });

  it("goes on to its end when both are on a full disk, and says so by its exit code", async () => {
    const [code] = (await once(start(["dags", "run", "shapes"], "full", "full"), "exit")) as [number];
    expect(code).toBe(2);
    expect(await lastState()).toBe("success");
  });
});

describe("a command that prints to a full disk", () => {
  it.each([
    ["a table", ["dags", "list"]],
    ["JSON", ["dags", "list", "--json"]],
    ["help", ["--help"]],
    ["its version", ["--version"]],
  ])("says so in a line, with 2: %s", async (_name, args) => {
    const child = start(args, "full", "pipe");
    const [said, [code]] = await Promise.all([text(child.stderr!), once(child, "exit")]);
    expect(said).toMatch(
      /^memodag: not all output could be written to stdout: .*ENOSPC.*: free space on it\n$/m,
    );
    expect(code).toBe(2);
  });

  it("tells an error all the same", async () => {
    const [code] = (await once(start(["dags", "show", "nothing"], "pipe", "full"), "exit")) as [number];
    expect(code).toBe(2);
  });
});

describe("a service whose log cannot be written", () => {
  it.each([
    ["a full disk", [], "full"],
    ["a full disk, as JSON", ["--json"], "full"],
    ["a pipe without a reader", [], "pipe"],
    ["a pipe without a reader, as JSON", ["--json"], "pipe"],
  ] as const)("goes on: %s", async (_name, options, stderr) => {
    await project.spawn("dags", "list");
    const scheduler = start(["scheduler", ...options], "pipe", stderr);
    scheduler.stderr?.destroy();
    const { code } = await project.spawn("dags", "trigger", "shapes", "--wait");
    expect(code).toBe(0);
    expect([scheduler.exitCode, scheduler.signalCode]).toEqual([null, null]);
    const ended = once(scheduler, "exit");
    scheduler.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });
});
