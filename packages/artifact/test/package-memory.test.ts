// A package is only remembered if a later change of it would be noticed.

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { PackageMemory } from "../src/package-memory.ts";

const HOUR_MS = 3_600_000;
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "memodag-packages-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it("does not take the time for reading a package as time since its change", () => {
  const folder = join(root, "node_modules", "left");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "index.js"), "export const left = 1;");
  let now = Date.now();
  const memory = new PackageMemory(join(root, "packages.json"), { now: () => now });
  const steps = memory.contentsOf(folder);
  // Its files are listed, and the first is about to be read.
  expect([steps.next().done, steps.next().done]).toEqual([false, false]);
  now += HOUR_MS;
  expect(steps.next()).toMatchObject({ done: true, value: { imports: [] } });
  memory.save();
  expect(existsSync(join(root, "packages.json"))).toBe(false);
});
