// Colours of states, and tables whose mapped tasks share a line.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Project } from "./project.ts";

const RED = "\u001b[31mfailed\u001b[39m";
const GREEN = "\u001b[32msuccess\u001b[39m";
const ESCAPE = "\u001b";

/** Twelve instances, six of which fail with the name of a state in their errors. */
const WIDE = `import { Dag } from "memodag";
export const dag = new Dag("wide");
const each = dag.task("each", ({ n }: { n: number }) => {
  if (n % 5 < 2) throw new Error("\\u001b[31msuccess, failed\\u001b[0m " + n);
  return n;
}, { cache: true });
const last = dag.task("last", ({ all }: { all: number[] }) => all.length);
last({ all: each.partial({}).expand({ n: Array.from({ length: 12 }, (_, n) => n) }) });
`;

let project: Project;

beforeAll(async () => {
  project = new Project();
  writeFileSync(join(project.folder, "dags/wide.ts"), WIDE);
  await project.spawn("dags", "run", "wide");
});
afterAll(() => project.remove());

const SHOW = ["runs", "show", "wide", "latest"];

async function onTerminal(env: Readonly<Record<string, string>>, ...args: string[]): Promise<string> {
  const command = [process.execPath, project.bin, ...args].map((word) => `'${word}'`).join(" ");
  // Node takes the terminal of a CI system, which it knows by its environment, for one without colours.
  const { FORCE_COLOR: _, NO_COLOR: __, CI: ___, ...inherited } = process.env;
  const terminal = spawn("script", ["-qec", command, "/dev/null"], {
    cwd: project.folder,
    env: { ...inherited, TERM: "xterm-256color", ...env },
  });
  const [said] = await Promise.all([text(terminal.stdout), once(terminal, "close")]);
  return said.replaceAll("\r\n", "\n");
}

describe("colours", () => {
  it("are those of states on a terminal, in columns as wide as without", async () => {
    const said = await onTerminal({}, ...SHOW);
    expect(said).toContain(RED);
    expect(said).toContain(GREEN);
    const plain = await project.spawn(...SHOW);
    expect(stripVTControlCharacters(said)).toBe(plain.stdout);
    // What a task wrote moves nothing and has no colour.
    expect(said).toContain(String.raw`\x1b[31msuccess, failed\x1b[0m`);
  });

  it("are not there with NO_COLOR, in a pipe, or in JSON", async () => {
    expect(await onTerminal({ NO_COLOR: "1" }, ...SHOW)).not.toContain(ESCAPE);
    expect((await project.spawn(...SHOW)).stdout).not.toContain(ESCAPE);
    expect((await project.spawnWith({ FORCE_COLOR: "1" }, ...SHOW, "--json")).stdout).not.toContain(ESCAPE);
  });

  it("are there in a pipe with FORCE_COLOR", async () => {
    expect((await project.spawnWith({ FORCE_COLOR: "1" }, ...SHOW)).stdout).toContain(RED);
    const run = await project.spawnWith({ FORCE_COLOR: "1" }, "dags", "run", "wide");
    // oxlint-disable-next-line no-control-regex -- colours are what is tested
    expect(run.stderr).toMatch(/^each\[\d+\]: \u001b\[3\dm(failed|hit)\u001b\[39m/m);
  });
});

describe("the table of a run", () => {
  it("has a line for each task, and some of its errors", async () => {
    const { stdout } = await project.run(...SHOW);
    expect(stdout).toMatch(/^each \(12\) +6 failed, 6 success|^each \(12\) +6 success, 6 failed/m);
    expect(stdout).toMatch(/^last +upstream_failed/m);
    expect(stdout.match(/^each\[\d+\]: task_failed: /gm)).toHaveLength(3);
    expect(stdout).toContain("… and 3 more of each: --failed lists them.");
  });

  it("lists the instances that failed, or all", async () => {
    const failed = await project.run(...SHOW, "--failed");
    expect(failed.stdout.match(/^each\[\d+\] +failed/gm)).toHaveLength(6);
    expect(failed.stdout.match(/^each\[\d+\]: task_failed: /gm)).toHaveLength(6);
    expect(failed.stdout).not.toMatch(/^each\[\d+\] +success/m);
    const all = await project.run(...SHOW, "--all");
    expect(all.stdout.match(/^each\[\d+\] +(success|failed) /gm)).toHaveLength(12);
  });

  it("says so where none failed, and leaves JSON alone", async () => {
    await project.run("dags", "run", "shapes");
    const { stdout } = await project.run("runs", "show", "shapes", "latest", "--failed");
    expect(stdout).toMatch(/^No task failed\.\nshapes /);
    const json = await project.json<object>("runs", "show", "shapes", "latest");
    expect(await project.json("runs", "show", "shapes", "latest", "--failed")).toEqual(json);
  });
});
