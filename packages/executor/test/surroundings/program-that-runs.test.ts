// The program that is in a command's key is the one that the system starts.

import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { systemClock, type SerializedTask } from "@memodag/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LocalSurroundings } from "../../src/index.ts";
import { commandEnvironment } from "../../src/worker/command-environment.ts";
import { runProgram } from "../../src/worker/run-program.ts";
import { workerEnvironment } from "../../src/worker-environment.ts";

const ORDINARY = ["PATH"];

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "memodag-program-")));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program that writes down which one it is. */
function writeTool(path: string, mode = 0o755): void {
  const absolute = join(folder, path);
  mkdirSync(dirname(absolute), { recursive: true });
  writeFileSync(absolute, `#!/bin/sh\necho ${path} > ${join(folder, "ran")}\n`);
  chmodSync(absolute, mode);
}

test.each<[string, string, string, Readonly<Record<string, string>>]>([
  ["the first of two folders", "tool", "$/a:$/b", {}],
  ["a folder that is not there", "tool", "$/none:$/b", {}],
  ["a file that may not be run", "tool", "$/plain:$/b", {}],
  ["a folder of that name", "tool", "$/folders:$/b", {}],
  ["the folder that the command runs in", "tool", ".:$/a", {}],
  ["an empty entry, which means the same", "tool", ":$/a", {}],
  ["an empty entry at the end", "tool", "$/none:", {}],
  ["a relative entry", "tool", "bin:$/a", {}],
  ["a relative entry that leads up", "tool", "../b:$/a", {}],
  ["a link", "tool", "$/links:$/a", {}],
  ["the author's PATH", "tool", "$/a", { PATH: "bin" }],
  ["a path of its own", "./bin/tool", "$/a", {}],
  ["a path from outside", "../b/tool", "$/a", {}],
])("of which PATH names %s is looked up as the system does it", async (_what, program, path, own) => {
  for (const place of ["a/tool", "b/tool", "work/tool", "work/bin/tool", "links/target"]) writeTool(place);
  writeTool("plain/tool", 0o644);
  mkdirSync(join(folder, "folders/tool"), { recursive: true });
  symlinkSync("target", join(folder, "links/tool"));
  const env = { PATH: path.replaceAll("$", folder), MEMODAG_X: "1" };
  const surroundings = new LocalSurroundings({
    level: "exact",
    env,
    ordinaryEnv: ORDINARY,
    clock: systemClock,
    packageMemoryPath: join(folder, "packages.json"),
    bundlePath: () => folder,
  });
  const command = { argv: [program], cwd: "work", env: Object.entries(own), sources: [], files: [] };
  const task = { command, cache: { env: [] } } as unknown as SerializedTask;
  const found = await surroundings.of({ bundle: "dags", path: "dag.ts" }, task);

  // As the worker does it, in the environment that its own process has.
  const seen = commandEnvironment(
    workerEnvironment(env, [], ORDINARY),
    { env: command.env, visibleEnv: [] },
    ORDINARY,
    { inputs: "", result: "" },
    "",
  );
  const { signal } = new AbortController();
  const { code } = await runProgram({ argv: [program], cwd: join(folder, "work"), env: seen, signal });
  expect(code).toBe(0);
  const ran = join(folder, readFileSync(join(folder, "ran"), "utf8").trim());
  const parts = found.kind === "known" ? found.runtime : {};
  expect(parts["program tool"]?.split(" ")[0]).toBe(ran);
});
