// The answers of `memodag complete`, which shells ask; test/e2e/shell-completion.full.test.ts asks the shells.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunReport } from "@memodag/operations/runs";
import { sha256 } from "@memodag/core";
import { Project } from "./project.ts";

let project: Project;
let run: RunReport;

beforeAll(async () => {
  project = new Project();
  run = await project.json<RunReport>("dags", "run", "shapes");
});
afterAll(() => project.remove());

async function offered(...words: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await project.spawn("complete", "--", ...words);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.split("\n").slice(0, -1);
}

describe("memodag complete", () => {
  it.each<[words: string[], expected: string[]]>([
    [["da"], ["dags", "dag-processor"]],
    [["dags", "gr"], ["graph"]],
    [["--json", "dags", "gr"], ["graph"]],
    [["--team", "dags", "dags", "gr"], ["graph"]],
    [
      ["dags", "show", ""],
      ["failing", "shapes"],
    ],
    [["dags", "show", "sh"], ["shapes"]],
    [["dags", "show", "shapes", ""], []],
    [["dags", "show", "--te"], ["--team"]],
    [["dags", "graph", "--format", "s"], ["svg"]],
    [["dags", "graph", "--format=d"], ["--format=dot"]],
    [
      ["tasks", "logs", "shapes", "latest", ""],
      ["draw", "sum"],
    ],
    [
      ["tasks", "set-state", "shapes", "latest", "sum", "s"],
      ["success", "skipped"],
    ],
    [
      ["cache", "purge", "--dag", "shapes", "--task", ""],
      ["draw", "sum"],
    ],
    [
      ["completion", ""],
      ["bash", "zsh", "fish"],
    ],
    [["nothing", "of", "the", "kind"], []],
    [["dags", "show", "--config", "nowhere.toml", ""], []],
    [["compl"], ["completion"]],
  ])("%j", async (words, expected) => {
    expect((await offered(...words)).toSorted()).toEqual(expected.toSorted());
  });

  it("offers runs, the newest first", async () => {
    const again = await project.json<RunReport>("dags", "run", "shapes");
    expect(await offered("runs", "show", "shapes", "")).toEqual(["latest", again.runId, run.runId]);
    expect(await offered("cache", "ls", "--dag", "shapes", "--run", run.runId.slice(0, 20))).toContain(
      run.runId,
    );
  });

  it("neither makes nor changes a database, and is silent where there is none", async () => {
    const path = join(project.folder, ".memodag", "metadata.db");
    const before = sha256(readFileSync(path));
    await offered("dags", "show", "");
    expect(sha256(readFileSync(path))).toBe(before);
    const folder = mkdtempSync(join(tmpdir(), "memodag-empty-"));
    try {
      const config = join(folder, "memodag.toml");
      writeFileSync(config, "");
      expect(await offered("--config", config, "dags", "show", "")).toEqual([]);
      expect(readdirSync(folder)).toEqual(["memodag.toml"]);
      // A database that is none, one of another program, and one that no one answers for.
      mkdirSync(join(folder, ".memodag"));
      writeFileSync(join(folder, ".memodag", "metadata.db"), "no database\n".repeat(1000));
      expect(await offered("--config", config, "dags", "show", "")).toEqual([]);
      writeFileSync(config, '[database]\nurl = "postgres://127.0.0.1:9/none"\n');
      expect(await offered("--config", config, "dags", "show", "")).toEqual([]);
      writeFileSync(config, "this is [not TOML");
      expect(await offered("--config", config, "dags", "show", "")).toEqual([]);
      expect(existsSync(join(folder, ".memodag", "metadata.db-wal"))).toBe(false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
