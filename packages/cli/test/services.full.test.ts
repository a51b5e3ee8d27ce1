import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { RunReport } from "@memodag/operations/runs";
import { Project } from "./project.ts";

let project: Project;
const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
  project.remove();
});

/** Starts a command and resolves when its stderr has a line with `words`; rejects when it ends before. */
async function startUntil(words: string, ...args: string[]): Promise<ChildProcess> {
  const child = project.start(...args);
  started.push(child);
  let text = "";
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes(words)) resolve();
    });
    child.once("exit", (code) => reject(new Error(`ended with ${code}: ${text}`)));
  });
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
  return child.exitCode;
}

const slowDag = `import { existsSync } from "node:fs";
import { Dag, getContext } from "memodag";

export const dag = new Dag("slow");
const quick = dag.task("quick", () => 1, { cache: true });
const slow = dag.task("slow", async ({ n }: { n: number }) => {
  while (!existsSync("../go")) {
    getContext().signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return n;
}, { cache: { trust: ["file_reads"] } });
slow({ n: quick({}) });
`;

describe("dev", () => {
  it("reads Dag files as they change, runs what is triggered, and drains when told to stop", async () => {
    project = new Project();
    const dev = await startUntil("watching Dag files", "dev");
    const report = await project.json<RunReport>("dags", "trigger", "shapes", "--wait");
    expect(report).toMatchObject({ state: "success", processesSpawned: 4 });
    // Whichever of the two schedulers takes the run, it ends.
    expect(await project.json<RunReport>("dags", "run", "shapes")).toMatchObject({ cache: { hit: 4 } });
    const changed = new Promise<void>((resolve) => {
      dev.stderr?.on("data", (chunk: Buffer) => {
        if (chunk.toString().includes("dagIds=added")) resolve();
      });
    });
    writeFileSync(
      join(project.folder, "dags/added.ts"),
      'import { Dag } from "memodag";\nexport const dag = new Dag("added");\ndag.task("a", () => 1)({});\n',
    );
    await changed;
    expect(await end(dev, "SIGTERM")).toBe(0);
  });
});

describe("dags run", () => {
  it("that was killed is brought to its end by the next with --resume, each result stored once", async () => {
    project = new Project();
    writeFileSync(join(project.folder, "dags/slow.ts"), slowDag);
    const killed = await startUntil("quick: success", "dags", "run", "slow");
    await end(killed, "SIGKILL");
    writeFileSync(join(project.folder, "go"), "");
    const { code, stderr } = await project.run("dags", "run", "slow", "--resume");
    expect(code).toBe(0);
    expect(stderr).toContain("interrupted run taken over");
    const runs = await project.json<{ runId: string; state: string }[]>("runs", "list", "slow");
    expect(runs.map(({ state }) => state)).toEqual(["success"]);
    // The other one may have been killed between its success and its entry.
    expect(await project.json("cache", "ls", "--dag", "slow", "--task", "slow")).toHaveLength(1);
  });

  it("that is interrupted cancels its run, with 130", async () => {
    project = new Project(
      'core.parallelism = 2\n[scheduler]\nshutdown_grace = "0ms"\n[[bundles]]\nname = "dags"\npath = "dags"\n',
    );
    writeFileSync(join(project.folder, "dags/slow.ts"), slowDag);
    const run = await startUntil("quick: success", "dags", "run", "slow");
    expect(await end(run, "SIGINT")).toBe(130);
    const [listed] = await project.json<{ state: string }[]>("runs", "list", "slow");
    expect(listed?.state).toBe("failed");
  });
});
