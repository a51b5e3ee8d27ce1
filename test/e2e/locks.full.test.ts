// Locks of keys between real processes: one of eight runs, a holder is killed, and commands show who waits.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createTestDatabase } from "@memodag/metastore/testing";
import type { LockReport } from "@memodag/operations/cache";
import { RedisServer } from "@memodag/test-servers";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { COMMAND_TIMEOUT_MS, PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const PROCESSES = 8;

const LEASE_MS = 5_000;

/** Those that wait ask twice a second; starting the attempt takes the rest, on a machine that is busy. */
const MARGIN_MS = 500 + 3_000;

/** Two tasks of two Dags with one key, which go on until the test says so. */
function dagText(name: string, lock: string): string {
  return `import { appendFileSync, existsSync } from "node:fs";
import { Dag } from "memodag";
import { slow } from "./lib/slow.ts";

export const dag = new Dag("${name}");
dag.task("${name}-slow", slow, {
  cache: { isolation: "serializable", share: "slow", trust: ["file_reads"], lock: ${lock} },
})({});
`;
}

const SLOW = `import { appendFileSync, existsSync } from "node:fs";
export const slow = async (): Promise<string> => {
  appendFileSync("../ran.log", "ran\\n");
  while (!existsSync("../go")) await new Promise((resolve) => setTimeout(resolve, 20));
  return "done";
};
`;

const MODULE = `import { FilesystemLeaseStore } from "@memodag/result-cache";
export const openLeaseStore = ({ options, clock }) => new FilesystemLeaseStore(options, clock);
`;

let redis: RedisServer;
let workspace: Workspace;
beforeAll(async () => {
  redis = await RedisServer.start();
}, 300_000);
afterAll(() => redis.stop());
afterEach(() => workspace.remove());

const STORES: readonly [name: string, toml: string, isOnPostgres?: true][] = [
  ["metadata-db", ""],
  ["metadata-db", "", true],
  ["filesystem", ""],
  ["fast", 'kind = "redis"\nurl = "REDIS"'],
  ["own", 'kind = "./locks.mjs"\noptions = "locks"'],
];

async function open(
  lock: string,
  toml: string,
  isOnPostgres = false,
  lease = "30s",
): Promise<() => Promise<void>> {
  const database = isOnPostgres ? await createTestDatabase("postgres") : undefined;
  const store = toml === "" ? "" : `[[stores]]\nname = "${lock}"\n${toml.replace("REDIS", redis.url)}\n`;
  workspace = new Workspace({
    dags: {
      "one.ts": dagText("one", "{}"),
      "two.ts": dagText("two", `{ store: "${lock}" }`),
      "lib/slow.ts": SLOW,
    },
    config: `[task_cache]\nlock_store = "${lock}"\nlookup_timeout = "10s"\n[scheduler]\nlease = "${lease}"\n${store}`,
    ...(database && { databaseUrl: database.url }),
  });
  workspace.write("locks.mjs", MODULE);
  if (database) await workspace.memodag(["db", "migrate"]);
  return async () => await database?.drop();
}

const locks = (): Promise<LockReport[]> => workspace.json<LockReport[]>("cache", "locks");

/** Resolves once so many instances wait for a lock, with that lock. */
async function whenWaiting(count: number): Promise<LockReport> {
  return await vi.waitUntil(async () => (await locks()).find(({ waiting }) => waiting === count), {
    timeout: COMMAND_TIMEOUT_MS,
    interval: 200,
  });
}

const attempts = (): number => readFileSync(workspace.path("ran.log"), "utf8").trim().split("\n").length;

describe.each(STORES)("locks in %s %s", (lock, toml, isOnPostgres) => {
  it("let one of eight processes run, and give its result to the others", async () => {
    const drop = await open(lock, toml, isOnPostgres);
    const runs = Array.from({ length: PROCESSES }, (_, index) =>
      workspace.json<RunReport>("dags", "run", index % 2 === 0 ? "one" : "two"),
    );
    const { store, holder, key } = await whenWaiting(PROCESSES - 1);
    expect({ store, key: key.length }).toEqual({ store: lock, key: 64 });
    expect(holder).toMatch(/^(?:one|two)-slow of run /);
    writeFileSync(workspace.path("go"), "");
    const reports = await Promise.all(runs);
    expect(reports.map(({ state }) => state)).toEqual(reports.map(() => "success"));
    expect(reports.reduce((sum, { processesSpawned }) => sum + processesSpawned, 0)).toBe(1);
    expect(reports.filter(({ cache }) => cache["hit"] === 1)).toHaveLength(PROCESSES - 1);
    expect(attempts()).toBe(1);
    expect(await locks()).toEqual([]);
    await drop();
  });

  it("are free within the lease after their holder was killed", async () => {
    const drop = await open(lock, toml, isOnPostgres, `${LEASE_MS}ms`);
    const holder = workspace.start("dags", "run", "one");
    await vi.waitUntil(() => existsSync(workspace.path("ran.log")), { timeout: COMMAND_TIMEOUT_MS });
    const next = workspace.json<RunReport>("dags", "run", "two");
    await whenWaiting(1);
    const killedAt = performance.now();
    await holder.end("SIGKILL");
    // It goes on while the first is not told to end: that one is gone.
    await vi.waitUntil(() => attempts() === 2, { timeout: COMMAND_TIMEOUT_MS, interval: 20 });
    const freeAfterMs = Math.round(performance.now() - killedAt);
    console.log(`${lock}${isOnPostgres ? " on postgres" : ""}: the next began after ${freeAfterMs} ms`);
    expect(freeAfterMs).toBeLessThan(LEASE_MS + MARGIN_MS);
    writeFileSync(workspace.path("go"), "");
    expect(await next).toMatchObject({ state: "success", processesSpawned: 1, cache: { populated: 1 } });
    await drop();
  });
});

it("in memory let one of eight runs of a scheduler run", async () => {
  await open("memory", "");
  const scheduler = workspace.start("scheduler");
  await scheduler.says("scheduler started");
  const runs = Array.from({ length: PROCESSES }, (_, index) =>
    workspace.json<RunReport>("dags", "trigger", index % 2 === 0 ? "one" : "two", "--wait"),
  );
  const lastRuns = () => workspace.json<{ state: string }[]>("runs", "list");
  await vi.waitUntil(
    async () => (await lastRuns()).filter(({ state }) => state === "running").length === PROCESSES,
    { timeout: COMMAND_TIMEOUT_MS, interval: 200 },
  );
  writeFileSync(workspace.path("go"), "");
  const reports = await Promise.all(runs);
  expect(reports.filter(({ cache }) => cache["hit"] === 1)).toHaveLength(PROCESSES - 1);
  expect(attempts()).toBe(1);
  expect(await scheduler.end("SIGTERM")).toBe(0);
});

it("are released by a command, which is written down", async () => {
  await open("metadata-db", "");
  const holder = workspace.start("dags", "run", "one");
  await vi.waitUntil(() => existsSync(workspace.path("ran.log")), { timeout: COMMAND_TIMEOUT_MS });
  const next = workspace.json<RunReport>("dags", "run", "two");
  const { key } = await whenWaiting(1);
  const table = await workspace.memodag(["cache", "locks"]);
  expect(table.stdout).toMatch(
    /KEY +STORE +HOLDER +EXPIRES +WAITING\n[0-9a-f]{12}\S* +metadata-db +one-slow of run /,
  );
  const { stdout } = await workspace.memodag(["cache", "locks", "--release", key.slice(0, 12)]);
  expect(stdout).toContain(`Released the lock of ${key} in metadata-db, which one-slow of run`);
  await vi.waitUntil(() => attempts() === 2, { timeout: COMMAND_TIMEOUT_MS, interval: 20 });
  writeFileSync(workspace.path("go"), "");
  expect((await next).state).toBe("success");
  expect(await holder.ended()).toBe(0);
  expect(await workspace.json("audit", "ls", "--action", "cache.release")).toMatchObject([
    {
      action: "cache.release",
      filter: { key, stores: ["metadata-db"] },
      outcome: { kind: "done", affected: 1 },
    },
  ]);
  const again = await workspace.memodag(["cache", "locks", "--release", key]);
  expect(again).toMatchObject({ code: 0, stdout: `No lock is held of a key that begins with ${key}.\n` });
});

it("name a store that is away, and say in dags show and dags check what they are", async () => {
  await open("fast", 'kind = "redis"\nurl = "redis://127.0.0.1:1"');
  const { stdout, stderr } = await workspace.memodag(["cache", "locks"]);
  expect(stdout).toBe("No key is locked.\n");
  expect(stderr).toContain(
    "Store fast is left out: it cannot be asked (Redis at 127.0.0.1:1 failed to list locks",
  );
  expect(await workspace.memodag(["cache", "locks", "--release", "0"])).toMatchObject({
    code: 1,
    stdout: "No lock is held of a key that begins with 0.\n",
    stderr: expect.stringContaining("Store fast is left out") as string,
  });
  writeFileSync(workspace.path("go"), "");
  expect(await workspace.json<RunReport>("dags", "run", "two")).toMatchObject({ state: "success" });
  const shown = await workspace.memodag(["dags", "show", "two"]);
  expect(shown.stdout + shown.stderr).toContain(
    'isolation of two-slow is serializable: one instance per key runs, by a lock in "fast"',
  );
  workspace.write("dags/bad.ts", dagText("bad", '{ store: "nowhere" }'));
  workspace.write("dags/worse.ts", dagText("worse", '{ store: "bucket" }'));
  workspace.write(
    "memodag.toml",
    `${readFileSync(workspace.path("memodag.toml"), "utf8")}\n[[stores]]\nname = "bucket"\nkind = "s3"\nbucket = "b"\n`,
  );
  const checked = await workspace.memodag(["dags", "check"]);
  expect(checked.code).toBe(1);
  const said = checked.stdout + checked.stderr;
  expect(said).toContain('cache.lock.store: there is no store "nowhere" for tasks of this team');
  expect(said).toContain(
    'cache.lock.store: the store "bucket" cannot hold locks: name another one, or use "fast"',
  );
});
