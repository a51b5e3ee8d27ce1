// The example with files of 64 MiB between TypeScript and Python: what is moved, what is not, and how files come back.

import { createHash } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { RunReport } from "./run-report.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const EXAMPLES = join(import.meta.dirname, "../../examples/dags");
const LANDSCAPE_BYTES = 64 * 2 ** 20;
const CACHED = ["survey", "cut", "draw", "measure", "bind", "is_wanted"];

type Report = RunReport & { readonly bytesMoved: number };

let workspace: Workspace;
let first: Report;

beforeAll(async () => {
  const config = '[job_cache]\nstore = "filesystem"\nmax_entry_size = "1GiB"\n';
  workspace = new Workspace({ config, commandTimeoutMs: 120_000 });
  for (const name of ["terrain.ts", "lib", "scripts"])
    cpSync(join(EXAMPLES, name), workspace.path(`dags/${name}`), { recursive: true });
  first = await run();
});
afterAll(async () => await workspace.remove());

async function run(...options: string[]): Promise<Report> {
  return await workspace.json<Report>("dags", "run", "terrain", ...options);
}

function ran({ tasks }: Report): string[] {
  return tasks
    .filter(({ state, cacheStatus }) => state === "success" && cacheStatus !== "hit")
    .map(({ taskId }) => taskId);
}

async function digestsOf({ runId }: Report): Promise<Record<string, string>> {
  const entries = await workspace.json<{ key: string; digest: string }[]>("entries", "ls", "terrain", runId);
  return Object.fromEntries(entries.map(({ key, digest }) => [key, digest]));
}

function picturesIn(folder: string): Record<string, string> {
  const names = readdirSync(workspace.path(`${folder}/images`)).sort();
  const digest = (name: string) =>
    createHash("sha256")
      .update(readFileSync(workspace.path(`${folder}/images/${name}`)))
      .digest("hex");
  return Object.fromEntries(names.map((name) => [name, digest(name)]));
}

async function getAtlas({ runId }: Report, folder: string): Promise<void> {
  const got = await workspace.memodag(["entries", "get", "terrain", runId, "atlas", "--output", folder]);
  expect(got).toMatchObject({ code: 0, stderr: "" });
}

describe("terrain, files between TypeScript and Python", () => {
  it("makes them, and counts what it moves", async () => {
    expect(first).toMatchObject({ state: "success", processesSpawned: 6, cache: { populated: 6 } });
    // Saved by `survey`; read and cut by `cut`; the tiles read by `draw` and by `measure`.
    expect(first.bytesMoved).toBeGreaterThan(5 * LANDSCAPE_BYTES);
    expect(first.bytesMoved).toBeLessThan(5.1 * LANDSCAPE_BYTES);
    await getAtlas(first, "atlas");
    expect(Object.keys(picturesIn("atlas"))).toHaveLength(16);
  });

  it("is remembered: no process, and not a byte", async () => {
    const second = await run();
    expect(second).toMatchObject({ state: "success", processesSpawned: 0, bytesMoved: 0, cache: { hit: 6 } });
    expect(await digestsOf(second)).toEqual(await digestsOf(first));
  });

  it("has a folder that was deleted back, from the run of hits as well", async () => {
    const before = picturesIn("atlas");
    rmSync(workspace.path("atlas"), { recursive: true });
    await getAtlas(await run(), "atlas");
    expect(picturesIn("atlas")).toEqual(before);
  });

  it("writes a folder where it is asked to, by one process, and again when it is gone", async () => {
    const folder = workspace.path("published");
    for (const _ of [1, 2]) {
      const published = await run("--param", `folder=${folder}`);
      expect(ran(published)).toContain("publish");
      expect(published.bytesMoved).toBeLessThan(2 ** 20);
      expect(picturesIn("published")).toEqual(picturesIn("atlas"));
      rmSync(folder, { recursive: true });
    }
  });

  it("draws and binds again when a module of a script changes, and nothing else", async () => {
    workspace.write(
      "dags/scripts/png.py",
      readFileSync(workspace.path("dags/scripts/png.py"), "utf8").replace(
        "compress(rows, 6)",
        "compress(rows, 9)",
      ),
    );
    expect(ran(await run())).toEqual(["draw", "bind"]);
  });

  it("is made again, and the same, when the store has lost it", async () => {
    const before = await digestsOf(await run());
    rmSync(workspace.path(".memodag/cache/bytes"), { recursive: true });
    const again = await run();
    expect(again.state).toBe("success");
    expect(await digestsOf(again)).toEqual(before);
    expect(existsSync(workspace.path(".memodag/cache/bytes"))).toBe(true);
    await getAtlas(again, "again");
    expect(await run()).toMatchObject({ processesSpawned: 0, bytesMoved: 0 });
  });

  it("is made again when that is asked for", async () => {
    const before = await digestsOf(await run());
    const refreshed = await run("--refresh-cache");
    expect(ran(refreshed)).toEqual(CACHED);
    expect(await digestsOf(refreshed)).toEqual(before);
  });
});
