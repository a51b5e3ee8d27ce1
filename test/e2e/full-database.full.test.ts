// A database without room: each service and command says so and goes on when there is room again.

import { existsSync, rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

/** Results are larger than what is free in pages that SQLite has already. */
const dagOf = (id: string, round: number): string => `import { existsSync } from "node:fs";
import { Dag } from "memodag";

export const dag = new Dag("${id}");
const rows = dag.task("rows", () => "${round}".repeat(400_000), { cache: true })({});
dag.task("length", ({ rows }) => rows.length, { cache: true })({ rows });
const note = "${"x".repeat(200_000)}";
dag.task("note", () => note.length, { retries: 0 })({});
`;

const PRELOAD = new URL("full-database.ts", import.meta.url);

let workspace: Workspace;

beforeEach(async () => {
  workspace = new Workspace({
    config: '[scheduler]\npoll_interval = "100ms"\n\n[dag_processor]\nrescan_interval = "1s"\n',
    dags: { "one.ts": dagOf("one", 1) },
    env: { NODE_OPTIONS: `--import=${PRELOAD.href}`, FULL_DISK_SIGN: "" },
  });
  await workspace.memodag(["db", "migrate"]);
  await workspace.memodag(["dags", "list"]);
});
afterEach(() => workspace.remove());

const env = () => ({ FULL_DISK_SIGN: workspace.path("full") });
const fill = () => workspace.write("full", "");
const makeRoom = () => rmSync(workspace.path("full"));

const NO_ROOM = /database or disk is full/;

async function trigger(dagId: string): Promise<RunReport> {
  return await workspace.json<RunReport>("dags", "trigger", dagId, "--wait");
}

describe("a database without room", () => {
  it("a scheduler and a Dag processor say so, and go on when there is room", async () => {
    const processor = workspace.startWith(env(), "dag-processor");
    const scheduler = workspace.startWith(env(), "scheduler");
    await Promise.all([processor.says("watching Dag files"), scheduler.says("scheduler started")]);
    fill();
    const run = trigger("one");
    await scheduler.says("database or disk is full");
    workspace.write("dags/two.ts", dagOf("two", 2));
    await processor.says("Dag files are not read for now");
    expect(processor.stderr).toMatch(/database or disk is full\): make room on its disk/);

    makeRoom();
    expect(await run).toMatchObject({ state: "success" });
    await processor.says("the bundle's Dag files are read again");
    await processor.says("dagIds=two");
    expect(await trigger("two")).toMatchObject({ state: "success" });
    // Told once, though it is tried again every second.
    expect(processor.stderr.match(/Dag files are not read for now/g)).toHaveLength(1);
    expect(await scheduler.end("SIGTERM")).toBe(0);
    expect(await processor.end("SIGTERM")).toBe(0);
    expect(scheduler.stderr + processor.stderr).not.toMatch(/bug in memodag|\n\s+at /);
  });

  it("dev says so, and goes on when there is room", async () => {
    const dev = workspace.startWith(env(), "dev");
    await dev.says("watching Dag files");
    fill();
    workspace.write("dags/two.ts", dagOf("two", 2));
    await dev.says("Dag files are not read for now");
    const run = trigger("one");
    await dev.says("database or disk is full", 2);
    makeRoom();
    expect(await run).toMatchObject({ state: "success" });
    await dev.says("the bundle's Dag files are read again");
    expect(await trigger("two")).toMatchObject({ state: "success" });
    expect(dev.stderr).not.toMatch(/ended and is started again|bug in memodag|\n\s+at /);
    expect(await dev.end("SIGTERM")).toBe(0);
  });

  it("dags run waits for room in its midst", async () => {
    workspace.write(
      "dags/held.ts",
      `import { writeFileSync } from "node:fs";\n${dagOf("held", 3).replace(
        '() => "3".repeat(400_000)',
        '() => { writeFileSync("../full", ""); return "3".repeat(400_000); }',
      )}`,
    );
    const command = workspace.startWith(env(), "dags", "run", "held");
    await command.says("database or disk is full");
    expect(existsSync(workspace.path("full"))).toBe(true);
    makeRoom();
    expect(await command.ended()).toBe(0);
    expect(command.stdout).toMatch(/held manual__\S+: success/);
  });

  it.each([["scheduler"], ["dev"], ["doctor"], ["db", "migrate"]])(
    "%s says so at its start",
    async (...args) => {
      fill();
      const full = new Workspace({ env: { NODE_OPTIONS: `--import=${PRELOAD.href}`, ...env() } });
      try {
        const { code, stdout, stderr } = await full.memodag(args);
        expect(code).toBe(args[0] === "doctor" ? 1 : 2);
        expect(stdout + stderr).toMatch(NO_ROOM);
        expect(stdout + stderr).toMatch(/room|free space/);
        expect(stdout + stderr).not.toMatch(/bug in memodag|\n\s+at /);
      } finally {
        await full.remove();
      }
    },
  );
});
