// A command loads the files of the program that it needs. One import in the wrong place would bring the scheduler into all.

import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
const BIN = join(REPOSITORY, "packages/memodag/bin/memodag.js");
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "memodag-loaded-"));
  mkdirSync(join(folder, "cache"), { mode: 0o700 });
  mkdirSync(join(folder, "dags"));
  writeFileSync(join(folder, "memodag.toml"), '[[bundles]]\nname = "dags"\npath = "dags"\n');
  writeFileSync(
    join(folder, "dags/one.mjs"),
    'import { Dag } from "memodag";\nexport const dag = new Dag("one");\n',
  );
  symlinkSync(join(REPOSITORY, "node_modules"), join(folder, "node_modules"));
  run("dags", "list");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: string[]): void {
  const env = { PATH: process.env["PATH"], HOME: folder, XDG_CACHE_HOME: join(folder, "cache") };
  execFileSync(process.execPath, [BIN, ...args], { cwd: folder, env, stdio: "pipe" });
}

/** The files of which code was kept, without those of one database. */
function loadedBy(...args: string[]): string[] {
  const kept = join(folder, "cache/memodag/commands");
  rmSync(kept, { recursive: true, force: true });
  run(...args);
  const bytes = readFileSync(join(kept, readdirSync(kept)[0] ?? ""));
  const head = JSON.parse(bytes.toString("latin1", 4, 4 + bytes.readUInt32LE())) as {
    readonly files: readonly { readonly name: string; readonly length: number }[];
  };
  return head.files.map(({ name }) => name).sort();
}

describe("the files that are loaded", () => {
  const NOT_FOR_LISTS = ["runs.cjs", "process-dag-file.cjs", "chokidar.cjs", "json-logger.cjs", "doctor.cjs"];

  it("by the help are those of the command line alone", () => {
    expect(loadedBy("--help")).toEqual(["base.cjs", "main.cjs"]);
  });

  it.each([
    ["cache stats", [...NOT_FOR_LISTS, "dags.cjs"]],
    ["dags list", NOT_FOR_LISTS],
    ["runs list", NOT_FOR_LISTS.slice(1)],
  ])("by %s are few", (command, absent) => {
    const loaded = loadedBy(...command.split(" "));
    expect(loaded).toContain("stores.cjs");
    expect(loaded.filter((name) => absent.includes(name))).toEqual([]);
    expect(loaded.length).toBeLessThan(12);
  });
});
