// What is checked of entries of job caches and collected from them, by commands on a project with real bytes in a folder.

import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createTestDatabase } from "@memodag/metastore/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport, TaskReport } from "./run-report.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const CONFIG = `[core]
task_cache_backend = "metadata-db"

[job_cache]
store = "filesystem"

[task_cache]
result_store = "filesystem"

[[caches]]
name = "models"
kind = "entries"
scope = "team"

[[caches]]
name = "small"
kind = "entries"
scope = "team"
max_size = "25B"
`;

const DAGS = `import { Dag, getCache, getContext } from "memodag";

export const files = new Dag("files");
files.task("save", async () => {
  await getContext().jobCache.save("one", "bytes of one");
  await getCache("models").save("two", "bytes of two");
  await getCache("models").save("three", "bytes of three");
  return 1;
}, { cache: true })();

export const many = new Dag("many");
many.task("save", async () => {
  for (const key of ["a", "b", "c", "d"]) await getCache("small").save(key, key.padEnd(10), { now: true });
})();
export const use = new Dag("use");
use.task("use", async () => await getCache("small").loadText("a"))();
`;

interface VerifyReport {
  readonly ok: boolean;
  readonly repaired: boolean;
  readonly entries: { readonly checked: number; readonly bad: readonly { readonly problem: string }[] };
}

const workspaces: Workspace[] = [];
afterEach(async () => {
  for (const workspace of workspaces.splice(0)) await workspace.remove();
});

/** The file of an entry by its content. */
function fileWith(folder: string, content: string): string {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));
  const found = names.find((path) => statSync(path).isFile() && readFileSync(path, "utf8") === content);
  if (found === undefined) throw new Error(`no file has ${content}`);
  return found;
}

describe.each(["sqlite", "postgres"] as const)("entries of job caches on %s", (dialect) => {
  it("are hashed by cache verify, and forgotten with the results that restore them", async () => {
    await using database = await createTestDatabase(dialect);
    const workspace = new Workspace({ config: CONFIG, dags: { "a.ts": DAGS }, databaseUrl: database.url });
    workspaces.push(workspace);
    await workspace.memodag(["db", "migrate"]);
    const run = async () => {
      const { tasks } = await workspace.json<RunReport>("dags", "run", "files");
      return tasks.map(({ cacheStatus }: TaskReport) => cacheStatus);
    };
    const verify = async (...options: string[]) => {
      const { stdout, code } = await workspace.memodag(["cache", "verify", "--json", ...options]);
      return { ...(JSON.parse(stdout) as VerifyReport), code };
    };
    expect(await run()).toEqual(["populated"]);
    expect(await verify()).toMatchObject({
      ok: true,
      code: 0,
      damaged: [],
      orphans: [],
      entries: { checked: 3, bad: [] },
    });

    const folder = workspace.path(".memodag/cache/bytes");
    writeFileSync(fileWith(folder, "bytes of one"), "bytes of 0ne");
    rmSync(fileWith(folder, "bytes of two"));
    const bad = [
      { problem: "damaged", entries: [{ cache: "", key: "one" }], records: 1, store: "filesystem" },
      { problem: "missing", entries: [{ cache: "models", key: "two" }], records: 1 },
    ];
    const found = await verify();
    expect(found).toMatchObject({ ok: false, repaired: false });
    expect(found.code).not.toBe(0);
    expect(found.entries.bad).toHaveLength(2);
    expect(found.entries.bad.toSorted((a, b) => (a.problem < b.problem ? -1 : 1))).toMatchObject(bad);
    const { stdout } = await workspace.memodag(["cache", "verify"]);
    expect(stdout).toMatch(/job cache entry with damaged bytes .* jobCache\(one\)/);
    expect(stdout).toMatch(/job cache entry without its bytes .* models\(two\)/);

    expect(await verify("--repair")).toMatchObject({ ok: true, repaired: true });
    expect(await verify()).toMatchObject({ ok: true, code: 0, entries: { checked: 1, bad: [] } });
    expect(await run()).toEqual(["populated"]);
    expect(await verify()).toMatchObject({ ok: true, entries: { checked: 3, bad: [] } });
    expect(await run()).toEqual(["hit"]);
  });

  it("leave a cache that exceeds its size, the least recently read first", async () => {
    await using database = await createTestDatabase(dialect);
    const workspace = new Workspace({ config: CONFIG, dags: { "a.ts": DAGS }, databaseUrl: database.url });
    workspaces.push(workspace);
    await workspace.memodag(["db", "migrate"]);
    const { runId } = await workspace.json<RunReport>("dags", "run", "many");
    // As if they had been saved an hour ago; reads within a minute are not told apart.
    await database.execute("update cache_entry set saved_at = saved_at - 3600000");
    await workspace.json<RunReport>("dags", "run", "use");
    const keys = async () =>
      (await workspace.json<{ key: string }[]>("entries", "ls", "many", runId)).map(({ key }) => key);
    const plan = await workspace.json<{ entries: { count: number } }>("cache", "gc", "--dry-run");
    expect(plan.entries.count).toBe(2);
    expect(await keys()).toHaveLength(4);
    await workspace.memodag(["cache", "gc"]);
    const left = await keys();
    expect(left).toHaveLength(2);
    expect(left).toContain("a");
  });
});
