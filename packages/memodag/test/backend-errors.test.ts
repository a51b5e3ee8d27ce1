// The program and the package that users import are two bundles: errors of one are known to the other.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const repository = fileURLToPath(new URL("../../..", import.meta.url));
const memodag = join(repository, "packages/memodag/bin/memodag.js");

const BACKEND = `import { MemodagError } from "memodag";
export function openCacheBackend() {
  throw new MemodagError("config_invalid", "The bucket has no name: set bucket in [task_cache] backend_options");
}
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "memodag-backend-"));
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "backend.js"), BACKEND);
  writeFileSync(join(folder, "memodag.toml"), '[core]\ntask_cache_backend = "./backend.js"\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

test("an error that a backend throws is told in its words, and is no bug of memodag", () => {
  const { status, stderr } = spawnSync(process.execPath, [memodag, "cache", "stats"], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(stderr).toBe("memodag: The bucket has no name: set bucket in [task_cache] backend_options\n");
  expect(status).toBe(2);
});
