// Workers and schedulers that are killed with -9 at each step of an upload: nothing is lost, nothing is a wrong hit, and
// what is left in a store is found by rows, without listing it.

import { existsSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { createTestDatabase, type TestDatabase } from "@memodag/metastore/testing";
import { FaultyProxy, startSeaweed, type S3Server } from "@memodag/test-servers";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { COMMAND_TIMEOUT_MS, PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { isAlive, whenWritten } from "./signal-files.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

type Report = RunReport & { readonly bytesMoved: number };

const SIZE = 8 * 2 ** 20;

/** Its first try says who it is and where it is, and its other tries do what it should. */
const dagOf = (firstTry: string, last = ""): string => `import { existsSync, writeFileSync } from "node:fs";
import { Dag, getContext, type EntryRef } from "memodag";

export const dag = new Dag("uploads");
const forEver = () => new Promise<never>(() => setInterval(() => undefined, 1_000));
async function* blocks(count: number, then?: () => Promise<never>) {
  for (let index = 0; index < count; index += 1) yield new Uint8Array(${2 ** 20}).fill(index);
  await then?.();
}
const save = dag.task("save", async () => {
  const { jobCache } = getContext();
  if (!existsSync("../killed")) {
    writeFileSync("../save.pid", String(process.pid));
    ${firstTry}
  }
  return await jobCache.save("large", blocks(${SIZE / 2 ** 20}));
}, { cache: { trust: ["file_reads"] }, retries: 1, retryDelay: 0 });
const read = dag.task("read", async ({ large }: { large: EntryRef }) => (await getContext().jobCache.load(large)).length, { cache: true });
const saved = save();
read({ large: saved });
${last}
`;

async function run(workspace: Workspace, ...options: string[]): Promise<Report> {
  return await workspace.json<Report>("dags", "run", "uploads", ...options);
}

async function keysOf(workspace: Workspace, { runId }: Pick<RunReport, "runId">): Promise<string[]> {
  const found = await workspace.json<{ key: string }[]>("entries", "ls", "uploads", runId);
  return found.map(({ key }) => key);
}

/** Has everything in the database be as old as it takes to be collected, if nothing names it. */
async function passTime(database: TestDatabase): Promise<void> {
  await database.execute("update loose_blob set delete_after = 0; update blob set named_at = 0");
}

async function hasEnded(pid: number): Promise<void> {
  await expect.poll(() => isAlive(pid), { timeout: COMMAND_TIMEOUT_MS, interval: 10 }).toBe(false);
}

/** What this machine's temporary folder has of entries. */
const spooled = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith("memodag-entry-"));

describe("an upload to a bucket", () => {
  let server: S3Server;
  let proxy: FaultyProxy;
  let database: TestDatabase;
  let workspace: Workspace;

  beforeAll(async () => {
    server = await startSeaweed();
    proxy = await FaultyProxy.start(server.endpoint);
  }, 300_000);
  afterAll(async () => {
    await proxy.stop();
    await server.stop();
  });
  afterEach(async () => {
    proxy.heal();
    await workspace.remove();
    await database.drop();
  });

  async function open(prefix: string, firstTry: string): Promise<void> {
    database = await createTestDatabase("sqlite");
    workspace = new Workspace({
      databaseUrl: database.url,
      dags: { "uploads.ts": dagOf(firstTry) },
      config: `[job_cache]
store = "bucket"
[task_cache]
lookup_timeout = "5s"
[[stores]]
name = "bucket"
kind = "s3"
bucket = "${server.bucket}"
prefix = "killed/${prefix}"
endpoint = "${proxy.endpoint}"
credentials_file = "${server.credentialsFile}"
`,
    });
  }

  const requested = async (text: string): Promise<void> =>
    await expect
      .poll(() => proxy.requests.filter((each) => each.startsWith(text)).length, {
        timeout: COMMAND_TIMEOUT_MS,
        interval: 10,
      })
      .toBe(1);

  /** Names of the objects that a collection deletes. */
  async function collected(): Promise<string[]> {
    await passTime(database);
    proxy.heal();
    expect(await workspace.memodag(["cache", "gc"])).toMatchObject({ code: 0 });
    expect(proxy.requests.filter((each) => each.includes("list-type"))).toEqual([]);
    return proxy.requests.filter((each) => each.startsWith("DELETE "));
  }

  const SAVE = 'await jobCache.save("large", blocks(' + SIZE / 2 ** 20 + "));";

  it.each<[string, string, () => void, () => Promise<unknown>, number]>([
    [
      "before the grant",
      'await jobCache.save("large", blocks(2, async () => { writeFileSync("../spooling", "1"); return await forEver(); }));',
      () => undefined,
      () => whenWritten(workspace.path("spooling")),
      0,
    ],
    [
      "during the bytes",
      SAVE,
      () => proxy.fail({ method: "PUT", times: 1, fault: { kind: "stall" } }),
      () => requested("PUT "),
      1,
    ],
    [
      "after the bytes, before it could say so",
      SAVE,
      () => proxy.fail({ method: "PUT", times: 1, fault: { kind: "mute" } }),
      () => requested("carried out PUT "),
      1,
    ],
    [
      "after saving, before its task has ended",
      `${SAVE} await jobCache.save("other", blocks(3)); writeFileSync("../saved", "1"); await forEver();`,
      () => undefined,
      () => whenWritten(workspace.path("saved")),
      1,
    ],
  ])(
    "whose worker is killed %s is made again, and leaves nothing",
    async (name, firstTry, fail, reached, garbage) => {
      await open(name.replaceAll(/\W+/g, "-"), firstTry);
      const before = spooled();
      fail();
      const command = workspace.start("dags", "run", "uploads", "--json");
      const pid = Number(await whenWritten(workspace.path("save.pid")));
      await reached();
      workspace.write("killed", "1");
      process.kill(pid, "SIGKILL");
      expect(await command.ended()).toBe(0);
      const first = JSON.parse(command.stdout) as Report;
      expect(first.tasks).toMatchObject([
        { taskId: "save", state: "success", tryNumber: 2, cacheStatus: "populated" },
        { taskId: "read", state: "success", cacheStatus: "populated" },
      ]);
      expect(await keysOf(workspace, first)).toEqual(["large"]);
      expect(spooled()).toEqual(before);
      // Not before it is certain that no upload goes on.
      proxy.heal();
      await workspace.memodag(["cache", "gc"]);
      expect(proxy.requests).toEqual([]);
      expect(await collected()).toHaveLength(garbage);
      expect(await collected()).toEqual([]);
      const second = await run(workspace);
      expect(second).toMatchObject({
        state: "success",
        processesSpawned: 0,
        bytesMoved: 0,
        cache: { hit: 2 },
      });
      const got = await workspace.memodag([
        "entries",
        "get",
        "uploads",
        second.runId,
        "large",
        "--output",
        workspace.path("large"),
      ]);
      expect(got).toMatchObject({ code: 0 });
    },
  );

  it("whose scheduler is killed before it hears of the bytes is made again, and leaves nothing", async () => {
    await open("scheduler", SAVE);
    proxy.fail({ method: "PUT", times: 1, fault: { kind: "mute" } });
    const command = workspace.start("dags", "run", "uploads", "--json");
    const pid = Number(await whenWritten(workspace.path("save.pid")));
    await requested("carried out PUT ");
    await command.end("SIGKILL");
    await hasEnded(pid);
    workspace.write("killed", "1");
    const resumed = await run(workspace, "--resume");
    expect(resumed).toMatchObject({ state: "success", cache: { populated: 2 } });
    expect(await collected()).toHaveLength(1);
    expect(await run(workspace)).toMatchObject({ processesSpawned: 0, bytesMoved: 0, cache: { hit: 2 } });
  });
});

describe("a scheduler that is killed", () => {
  let workspace: Workspace;
  afterEach(async () => await workspace.remove());

  const FILESYSTEM = '[job_cache]\nstore = "filesystem"\n';

  function stored(): string[] {
    const files = readdirSync(workspace.path(".memodag/cache/bytes"), {
      recursive: true,
      withFileTypes: true,
    });
    return files.filter((file) => file.isFile()).map(({ name }) => name);
  }

  it("between an upload and the commit of its task has entries of the next attempt alone", async () => {
    const firstTry = `await jobCache.save("first", "saved by the first attempt alone");
    await jobCache.save("large", blocks(${SIZE / 2 ** 20}));
    writeFileSync("../saved", "1");
    await forEver();`;
    await using database = await createTestDatabase("sqlite");
    const dags = { "uploads.ts": dagOf(firstTry) };
    workspace = new Workspace({ dags, config: FILESYSTEM, databaseUrl: database.url });
    const command = workspace.start("dags", "run", "uploads", "--json");
    await whenWritten(workspace.path("saved"));
    const pid = Number(await whenWritten(workspace.path("save.pid")));
    await command.end("SIGKILL");
    await hasEnded(pid);
    expect(await keysOf(workspace, { runId: "latest" })).toEqual([]);
    expect(stored()).toHaveLength(2);
    workspace.write("killed", "1");
    const resumed = await run(workspace, "--resume");
    expect(resumed).toMatchObject({ state: "success", cache: { populated: 2 } });
    expect(await keysOf(workspace, resumed)).toEqual(["large"]);
    // The names that the first attempt gave go, and then the bytes that nothing names.
    for (const _ of [1, 2]) {
      await passTime(database);
      expect(await workspace.memodag(["cache", "gc"])).toMatchObject({ code: 0 });
    }
    expect(stored()).toHaveLength(1);
    expect(await run(workspace)).toMatchObject({ processesSpawned: 0, bytesMoved: 0, cache: { hit: 2 } });
  });

  it("between the commit and the record of a result keeps its entries, and remembers no result", async () => {
    await using database = await createTestDatabase("postgres");
    const dags = { "uploads.ts": dagOf("") };
    workspace = new Workspace({
      dags,
      config: `${FILESYSTEM}[task_cache]\nstore_timeout = "10m"\n`,
      databaseUrl: database.url,
    });
    await workspace.memodag(["db", "migrate"]);
    // The record of the first task waits in the database, after the commit of its success.
    await database.execute(`create function wait_long() returns trigger language plpgsql as $$
      begin perform pg_sleep(600); return new; end $$;
      create trigger wait_long before insert on cache_record for each row execute function wait_long()`);
    const command = workspace.start("dags", "run", "uploads", "--json");
    await expect
      .poll(
        async () => {
          const shown = await workspace.memodag(["runs", "show", "uploads", "latest", "--json"]);
          const report = (shown.code === 0 ? JSON.parse(shown.stdout) : { tasks: [] }) as RunReport;
          return report.tasks.find(({ taskId }) => taskId === "save")?.state;
        },
        { timeout: COMMAND_TIMEOUT_MS, interval: 100 },
      )
      .toBe("success");
    await command.end("SIGKILL");
    await database.execute(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid();
      drop trigger wait_long on cache_record`);
    expect(await keysOf(workspace, { runId: "latest" })).toEqual(["large"]);
    const resumed = await run(workspace, "--resume");
    expect(resumed.state).toBe("success");
    expect(await keysOf(workspace, resumed)).toEqual(["large"]);
    const { tasks } = await run(workspace);
    expect(tasks).toMatchObject([
      { taskId: "save", state: "success", cacheStatus: "populated", tryNumber: 1 },
      // A hit, unless it had ended when the scheduler was killed: then its result was not remembered either.
      { taskId: "read", state: "success", cacheStatus: expect.stringMatching(/^(?:hit|populated)$/) },
    ]);
    expect(await run(workspace)).toMatchObject({ processesSpawned: 0, bytesMoved: 0, cache: { hit: 2 } });
    expect(existsSync(workspace.path(".memodag/cache/bytes"))).toBe(true);
    rmSync(workspace.path(".memodag/cache"), { recursive: true });
  });
});
