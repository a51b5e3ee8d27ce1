import {
  copyFileSync,
  readFileSync,
  existsSync,
  mkdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createTestDatabase } from "@memodag/metastore/testing";
import { afterEach, describe, expect, it } from "vitest";
import type { RunReport } from "@memodag/operations/runs";
import { Project } from "./project.ts";

const outsideBackend = fileURLToPath(
  new URL("../../../test/contract/fixtures/json-file-backend.mjs", import.meta.url),
);

let project: Project;
afterEach(() => project.remove());

const bundle = '[[bundles]]\nname = "dags"\npath = "dags"\n';

/** A project whose cache is what `core` and `taskCache`, lines of TOML, say. */
function projectWith(core: string, taskCache = ""): Project {
  return new Project(`[core]\n${core}\n[task_cache]\n${taskCache}\n${bundle}`);
}

async function runTwice(): Promise<[RunReport, RunReport]> {
  const first = await project.json<RunReport>("dags", "run", "shapes");
  return [first, await project.json<RunReport>("dags", "run", "shapes")];
}

const HITS = { state: "success", processesSpawned: 0, cache: { hit: 4 } };

describe("a backend named by module specifier", () => {
  it("serves runs, from a path beside the config file", async () => {
    project = projectWith('task_cache_backend = "./backend.mjs"', 'backend_options = "cache.json"');
    copyFileSync(outsideBackend, join(project.folder, "backend.mjs"));
    const [first, second] = await runTwice();
    expect(first.cache.populated).toBe(4);
    expect(second).toMatchObject(HITS);
    expect(await project.json("cache", "ls")).toHaveLength(4);
    expect(await project.json("cache", "purge", "--task", "sum", "--yes")).toEqual({ deleted: 1 });
  });

  it("keeps results alone, as an installed package that can only be imported", async () => {
    project = projectWith("", 'result_store = "@example/results"\nbackend_options = "cache.json"');
    const modules = join(project.folder, "node_modules");
    const memodag = realpathSync(join(modules, "memodag"));
    rmSync(modules);
    const folder = join(modules, "@example/results");
    mkdirSync(folder, { recursive: true });
    symlinkSync(memodag, join(modules, "memodag"));
    copyFileSync(outsideBackend, join(folder, "index.mjs"));
    const exports = { exports: { import: "./index.mjs" } };
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "@example/results", ...exports }));
    expect(await runTwice()).toMatchObject([{ cache: { populated: 4 } }, HITS]);
  });

  it.each([
    [
      "is not there",
      null,
      /core\.task_cache_backend = "\.\/backend\.mjs": the module \.\/backend\.mjs cannot be loaded .*"metadata-db"/,
    ],
    ["opens nothing", "export const open = 1;", /exports no function openCacheBackend: export one/],
    [
      "lacks stores",
      "export const openCacheBackend = () => ({ records: { find() {} }, close() {} });",
      /has no records\.put\(\), records\.touch\(\), .*results: see CacheBackend/,
    ],
  ])("that %s is refused, with the mend", async (_name, text, message) => {
    project = projectWith('task_cache_backend = "./backend.mjs"');
    if (text !== null) writeFileSync(join(project.folder, "backend.mjs"), text);
    const { code, stderr } = await project.run("dags", "run", "shapes", "--json");
    expect(code).toBe(2);
    const { error } = JSON.parse(stderr) as { error: { code: string; message: string } };
    expect(error).toEqual({ code: "config_invalid", message: expect.stringMatching(message) });
  });

  it("has the options that its schema makes of a table, and every fault of them is told", async () => {
    const outside = readFileSync(outsideBackend, "utf8").replace("export async function", "async function");
    const schema = `
export const optionsSchema = { "~standard": { version: 1, vendor: "test", validate: (value) => {
  const issues = ["path", "limit"].flatMap((name) =>
    typeof value[name] === "string" ? [] : [{ message: "is not a string", path: [name] }]);
  return issues.length > 0 ? { issues } : { value: value.path };
} } };
export { openCacheBackend };`;
    const table = (options: string): string => `[task_cache.backend_options]\n${options}`;
    project = projectWith('task_cache_backend = "./backend.mjs"', table('path = "cache.json"\nlimit = "1"'));
    writeFileSync(join(project.folder, "backend.mjs"), outside + schema);
    expect(await project.json("config", "check")).toMatchObject({ ok: true });
    expect(await runTwice()).toMatchObject([{ cache: { populated: 4 } }, HITS]);
    expect(JSON.stringify(await project.json("config", "show"))).toContain("a table of path, limit");

    const other = projectWith('task_cache_backend = "./backend.mjs"', table('token = "hunter2"'));
    try {
      writeFileSync(join(other.folder, "backend.mjs"), outside + schema);
      for (const command of [
        ["config", "check"],
        ["cache", "ls"],
      ]) {
        const { code, stderr } = await other.run(...command);
        expect(code).toBe(2);
        expect(stderr).toMatch(/task_cache\.backend_options\.path: is not a string/);
        expect(stderr).toMatch(/task_cache\.backend_options\.limit: is not a string/);
        expect(stderr).not.toContain("hunter2");
      }
    } finally {
      other.remove();
    }
  });

  it("without a catalog serves runs, and says what it cannot list", async () => {
    const outside = readFileSync(outsideBackend, "utf8").replace("openCacheBackend", "openWhole");
    const narrow = `
export async function openCacheBackend(given) {
  const { records: { find, put, countHits }, results, close } = await openWhole(given);
  return { records: { find, put, touch: countHits }, results, close };
}`;
    project = projectWith('task_cache_backend = "./backend.mjs"', 'backend_options = "cache.json"');
    writeFileSync(join(project.folder, "backend.mjs"), outside + narrow);
    expect(await runTwice()).toMatchObject([{ cache: { populated: 4 } }, HITS]);
    for (const command of [
      ["cache", "ls"],
      ["cache", "purge", "--all", "--yes"],
    ]) {
      const { code, stderr } = await project.run(...command);
      expect(code).toBe(2);
      expect(stderr).toMatch(
        /^memodag: The cache backend of core\.task_cache_backend = ".*" keeps no catalog: .*\n$/,
      );
    }
  });

  it("that cannot be opened yet holds no run up", async () => {
    project = projectWith('task_cache_backend = "./backend.mjs"', "breaker_threshold = 100");
    const away = 'export const openCacheBackend = () => { throw new Error("no route to it"); };';
    writeFileSync(join(project.folder, "backend.mjs"), away);
    const report = await project.json<RunReport>("dags", "run", "shapes");
    expect(report).toMatchObject({ state: "success", processesSpawned: 4, cache: { put_failure: 4 } });
    expect(report.tasks[0]?.cacheReason).toBe("no route to it");
  });
});

/** A server that takes connections and never says a word. */
async function muteServer(): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe("a cache database of its own", () => {
  it("is made and migrated on SQLite", async () => {
    project = projectWith("", 'url = "sqlite:cache.db"');
    expect(await runTwice()).toMatchObject([{ cache: { populated: 4 } }, HITS]);
    expect(existsSync(join(project.folder, "cache.db"))).toBe(true);
  });

  it("is done without while it is not migrated, and used once it is", async () => {
    await using database = await createTestDatabase("postgres");
    project = projectWith(
      "",
      `url = ${JSON.stringify(database.url)}\nlookup_timeout = "30s"\nbreaker_threshold = 100`,
    );
    const [before] = await runTwice();
    expect(before).toMatchObject({ state: "success", cache: { hit: 0 } });
    expect(before.tasks[0]?.cacheReason).toMatch(/^\[task_cache\] url: .*memodag db migrate/);
    const { applied } = await project.json<{ applied: string[] }>("db", "migrate");
    expect(applied.length).toBeGreaterThan(0);
    expect(await runTwice()).toMatchObject([{ cache: { populated: 4 } }, HITS]);
  });

  it("that is absent fails what asks about the cache, and no run", async () => {
    project = projectWith("", 'url = "postgres://memodag:hunter2@127.0.0.1:1/cache"');
    const [first] = await runTwice();
    expect(first).toMatchObject({ state: "success", processesSpawned: 4, cache: { put_failure: 4 } });
    const asked = await project.run("cache", "ls");
    expect(asked.code).toBe(2);
    expect(asked.stderr).toMatch(/^memodag: \[task_cache\] url: cannot open the database .+\n$/);
    expect(asked.stderr + JSON.stringify(first)).not.toContain("hunter2");
  });

  it("that never answers costs a run one deadline until it is left alone", async () => {
    await using server = await muteServer();
    const url = `url = "postgres://memodag@127.0.0.1:${server.port}/cache"`;
    project = projectWith("", `${url}\nlookup_timeout = "300ms"\nbreaker_threshold = 1`);
    const report = await project.json<RunReport>("dags", "run", "shapes");
    // After the one lookup that was late, nobody asked it again, to look up or to store.
    const leftAlone = { state: "success", cacheStatus: "put_failure" };
    expect(report.tasks).toEqual(
      report.tasks.map((task) => ({
        ...task,
        ...leftAlone,
        cacheReason: expect.stringMatching(/left alone/),
      })),
    );
  });

  it("that is away is told by cache stats of the scheduler that leaves it alone, until it comes", async () => {
    await using database = await createTestDatabase("postgres");
    const rest = 'breaker_threshold = 1\nbreaker_rest = "1s"';
    project = projectWith("", `url = ${JSON.stringify(database.url)}\n${rest}`);
    const scheduler = project.start("scheduler");
    try {
      let heard = "";
      const startedAt = performance.now();
      const hearing = (async () => {
        for await (const chunk of scheduler.stderr ?? []) heard += String(chunk);
      })();
      await project.json("dags", "trigger", "shapes", "--wait");
      const asked = await project.run("cache", "stats");
      expect(asked.code).toBe(2);
      expect(asked.stderr).toMatch(
        /^Scheduler \S+ leaves the cache alone \((half_)?open since \S+Z\): \[task_cache\] url: .*memodag db migrate/,
      );
      await project.json("db", "migrate");
      // The same process, which nobody has started again, tries it and takes it; no run waits for that.
      await expect
        .poll(
          async () => {
            const report = await project.json<RunReport>("dags", "trigger", "shapes", "--wait");
            expect(report.state).toBe("success");
            return await project.json("cache", "ls");
          },
          { timeout: 45_000 },
        )
        .toHaveLength(4);
      const next = await project.json<RunReport>("dags", "trigger", "shapes", "--wait");
      expect(next).toMatchObject({ state: "success", cache: { hit: 4 } });
      expect(await project.json("cache", "stats")).toMatchObject({ breakers: [] });
      scheduler.kill();
      await hearing;
      // Told once for each rest, which takes a second, and not for each task.
      const rests = 1 + (performance.now() - startedAt) / 1_000;
      expect(heard.match(/left alone for a while/g)?.length).toBeLessThanOrEqual(rests);
    } finally {
      scheduler.kill("SIGKILL");
    }
  });
});
