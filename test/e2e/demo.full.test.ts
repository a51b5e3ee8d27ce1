// `npm run demo`, in a copy of the examples, so that it leaves what somebody else's demo left.

import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished, vi } from "vitest";
import { PATIENT } from "./patience.ts";

vi.setConfig(PATIENT);

const REPOSITORY = join(import.meta.dirname, "../..");

it("runs all, nothing and a little, then shows a hit, a miss that names the param, and the stats", async () => {
  const folder = mkdtempSync(join(tmpdir(), "memodag-demo-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const shared of ["packages", "node_modules"]) {
    symlinkSync(join(REPOSITORY, shared), join(folder, shared));
  }
  cpSync(join(REPOSITORY, "examples"), join(folder, "examples"), { recursive: true });
  // It ends with another code than 0, which rejects, when a run did not do what it says.
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["examples/demo.ts"], {
    cwd: folder,
  });
  expect(stderr).toBe("");
  const sums = [...stdout.matchAll(/(\d+) from the cache; (\d+) process(?:es)? spawned/g)];
  expect(sums.map(([, hits, processes]) => [hits, processes])).toEqual([
    ["0", "23"],
    ["23", "0"],
    ["19", "4"],
  ]);
  const end = stdout.slice(stdout.indexOf("Why was the report"));
  expect(end).toMatch(/cache explain .* report\n\n +report was a hit: its result is that of run/);
  expect(end).toMatch(/cache explain .* settings\n\n +settings missed: context value params\.trees changed/);
  expect(end).toMatch(/context +params\.trees +100 +50\n/);
  expect(end).toMatch(/cache stats\n\n +DAG .*HITS .*SAVED/);
  expect(end).toMatch(/\n +all +27 /);
  expect(stdout.split("\n").filter((line) => line.length > 100)).toEqual([]);
  expect(existsSync(join(folder, ".memodag/demo/penguins.svg"))).toBe(true);
});
