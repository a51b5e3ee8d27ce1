// The API as a part of `memodag dev`: its link, its port, and its end.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { readdirSync, readFileSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { RunReport } from "./run-report.ts";
import { PATIENT } from "./patience.ts";
import type { RunningCommand } from "./running-command.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const QUICK = `import { Dag } from "memodag";
export const dag = new Dag("quick");
dag.task("one", () => 1)({});
`;

let workspace: Workspace;

afterEach(async () => {
  await workspace.remove();
});

function makeWorkspace(config: string): Workspace {
  return new Workspace({ config, dags: { "quick.ts": QUICK } });
}

/** The address and the code of the last link that a command has said. */
async function linkOf(command: RunningCommand, times = 1): Promise<{ base: string; code: string }> {
  await command.says("#in=", times);
  return readLink(command.stderr);
}

function readLink(text: string): { base: string; code: string } {
  const [, base = "", code = ""] = [...text.matchAll(/(https?:\/\/[^/\s"]+)\/#in=([\w.-]+)/g)].at(-1) ?? [];
  return { base, code };
}

async function signIn({ base, code }: { base: string; code: string }): Promise<number> {
  const { status } = await fetch(`${base}/api/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code }),
  });
  return status;
}

/** The ids of processes that run a command of memodag for the workspace. */
function processesOf(command: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(command) &&
          readFileSync(`/proc/${pid}/environ`, "utf8").includes(`PWD=${workspace.folder}`)
        );
      } catch {
        // It has ended.
        return false;
      }
    })
    .map(Number);
}

describe("memodag dev", () => {
  it("says a link that signs in once, takes the next port if its own is taken, and starts an API that died again", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await vi.waitUntil(() => taken.listening, { timeout: 20_000 });
    const { port } = taken.address() as { port: number };
    workspace = makeWorkspace(`[api]\nport = ${port}\n`);
    try {
      const dev = workspace.startWith({ PWD: workspace.folder }, "dev");
      const link = await linkOf(dev);
      expect(dev.stderr).toMatch(new RegExp(`the next free one is used port=${port}`));
      expect(new URL(link.base).port).not.toBe(String(port));
      expect([await signIn(link), await signIn(link)]).toEqual([200, 401]);
      const { stdout } = await workspace.memodag(["ui"]);
      expect(readLink(stdout).base).toBe(link.base);
      expect(await signIn(readLink(stdout))).toBe(200);

      const [pid = 0, ...others] = processesOf("api-server");
      expect(others).toEqual([]);
      process.kill(pid, "SIGKILL");
      await dev.says("the API ended and is started again");
      const report = await workspace.json<RunReport>("dags", "trigger", "quick", "--wait");
      expect(report.state).toBe("success");
      expect(await signIn(await linkOf(dev, 2))).toBe(200);
      expect(await dev.end("SIGTERM")).toBe(0);
      expect(processesOf("api-server")).toEqual([]);
      const { stderr } = await workspace.memodag(["ui"]);
      expect(stderr).toContain("No API of this project runs on this machine: start `memodag dev`");
    } finally {
      taken.close();
    }
  });

  it.each([
    ["--no-ui", ["dev", "--no-ui"], ""],
    ["[api] enabled = false", ["dev"], "[api]\nenabled = false\n"],
  ])("has no API with %s", async (_, command, config) => {
    workspace = makeWorkspace(config);
    const dev = workspace.startWith({ PWD: workspace.folder }, ...command);
    await dev.says("watching Dag files");
    await dev.says("dev started");
    expect(processesOf("api-server")).toEqual([]);
    expect(await dev.end("SIGTERM")).toBe(0);
    expect(dev.stderr).not.toContain("the API listens");
  });
});

it("a service ends with its parent, also if that ended while the service started", async () => {
  workspace = makeWorkspace("[api]\nport = 0\n");
  await workspace.memodag(["db", "migrate"]);
  const child = spawn(process.execPath, [workspace.bin, "api-server"], {
    cwd: workspace.folder,
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  child.disconnect();
  await once(child, "exit");
  expect(child.exitCode).toBe(0);
});

it("memodag api-server says how to go on if its port is taken", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await vi.waitUntil(() => taken.listening, { timeout: 20_000 });
  const { port } = taken.address() as { port: number };
  workspace = makeWorkspace(`[api]\nport = ${port}\n`);
  try {
    await workspace.memodag(["db", "migrate"]);
    const { code, stderr } = await workspace.memodag(["api-server"]);
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(
        /The API cannot listen on 127\.0\.0\.1:\d+ .*change \[api\] port, or end what uses it/,
      ),
    ]);
  } finally {
    taken.close();
  }
});
