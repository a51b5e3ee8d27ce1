import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { listWarnings, loadConfig } from "../src/index.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "memodag-warnings-"))));
afterEach(() => rmSync(folder, { recursive: true }));

function pathsWarnedOf(text: string, env: Record<string, string> = {}): string[] {
  const bundle = '[[bundles]]\nname = "dags"\npath = "."\n';
  writeFileSync(
    join(folder, "memodag.toml"),
    text + bundle + (text.includes("multi_team") ? 'team = "a"\n' : ""),
  );
  return listWarnings(loadConfig({ env, cwd: folder })).map(({ path }) => path);
}

const POSTGRES = '[database]\nurl = "postgres://memodag@db/memodag"\n';

it("warns of teams that share a SQLite file, for runs or for the cache alone", () => {
  expect(pathsWarnedOf("[core]\nmulti_team = true\n")).toEqual(["core.multi_team"]);
  const cacheAlone = `[core]\nmulti_team = true\n${POSTGRES}[task_cache]\nurl = "sqlite:cache.db"\n`;
  expect(pathsWarnedOf(cacheAlone)).toEqual(["core.multi_team"]);
  expect(pathsWarnedOf(`[core]\nmulti_team = true\n${POSTGRES}`)).toEqual([]);
  expect(pathsWarnedOf("")).toEqual([]);
});

it("warns of a password that the file itself holds, however the url gives it", () => {
  expect(pathsWarnedOf('[database]\nurl = "postgres://u:secret@db/memodag"\n')).toEqual(["database.url"]);
  expect(pathsWarnedOf('[database]\nurl = "postgres://u@db/memodag?password=secret"\n')).toEqual([
    "database.url",
  ]);
  expect(pathsWarnedOf("", { MEMODAG__DATABASE__URL: "postgres://u:secret@db/memodag" })).toEqual([]);
});
