// A bucket that is away, refuses or loses objects; who is killed beside it; and two teams in one bucket and on one Redis.

import { createTestDatabase, type TestDatabase } from "@memodag/metastore/testing";
import {
  credentialsText,
  FaultyProxy,
  RedisServer,
  startSeaweed,
  type S3Server,
} from "@memodag/test-servers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { COMMAND_TIMEOUT_MS, PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

type Report = RunReport & { readonly bytesMoved: number };

const dagText = `import { Dag, getContext, type EntryRef } from "memodag";

export const dag = new Dag("files");

const make = dag.task("make", async () => {
  const { jobCache } = getContext();
  return await jobCache.save("large", new Uint8Array(2 ** 20).fill(7));
}, { cache: true, retries: 0 });
const size = dag.task("size", async ({ large }: { large: EntryRef }) => (await getContext().jobCache.load(large)).length, { cache: true });
size({ large: make() });
`;

let server: S3Server;
let redis: RedisServer;
let proxy: FaultyProxy;
let database: TestDatabase;
let workspace: Workspace;

beforeAll(async () => {
  [server, redis] = await Promise.all([startSeaweed(), RedisServer.start()]);
  proxy = await FaultyProxy.start(server.endpoint);
}, 300_000);
afterAll(async () => {
  await proxy.stop();
  await Promise.all([server.stop(), redis.stop()]);
});
beforeEach(async () => {
  database = await createTestDatabase("sqlite");
});
afterEach(async () => {
  proxy.heal();
  await workspace.remove();
  await database.drop();
});

interface Opening {
  readonly prefix: string;
  readonly config?: string;
  readonly credentialsFile?: string;
}

function open({ prefix, config = "", credentialsFile = server.credentialsFile }: Opening): void {
  workspace = new Workspace({
    databaseUrl: database.url,
    dags: { "files.ts": dagText },
    config: `${config}
[job_cache]
store = "bucket"
[task_cache]
result_store = "bucket"
lookup_timeout = "10s"
[[stores]]
name = "bucket"
kind = "s3"
bucket = "${server.bucket}"
prefix = "faults/${prefix}"
endpoint = "${proxy.endpoint}"
credentials_file = "${credentialsFile}"
`,
  });
}

const run = async (...options: string[]): Promise<Report> =>
  await workspace.json<Report>("dags", "run", "files", ...options);

/** Has everything in the database be as old as it takes to be collected, if nothing names it. */
const passTime = async (): Promise<void> =>
  await database.execute(
    "update written_result set written_at = 0; update loose_blob set delete_after = 0; update blob set named_at = 0",
  );

const counted = (text: string): number => proxy.requests.filter((each) => each.includes(text)).length;

async function collect(): Promise<void> {
  await passTime();
  proxy.heal();
  const collected = await workspace.memodag(["cache", "gc"]);
  expect(collected).toMatchObject({ code: 0 });
  expect(counted("list-type")).toBe(0);
}

describe("results in a bucket", () => {
  it("go when no record and no run names them, and the bucket is not listed for it", async () => {
    open({ prefix: "collected" });
    expect(await run()).toMatchObject({ state: "success", cache: { populated: 2 } });
    await collect();
    expect(counted("DELETE ")).toBe(0);
    expect(await workspace.memodag(["cache", "purge", "--all", "--yes"])).toMatchObject({ code: 0 });
    await collect();
    // The run still shows them.
    expect(counted("DELETE ")).toBe(0);
    await workspace.memodag(["runs", "delete", "files", "latest"]);
    // What names bytes goes with the first collection, and the bytes with the next one at the latest.
    let deleted = 0;
    for (const _ of [1, 2, 3]) {
      await collect();
      deleted += counted("DELETE ") + counted("?delete");
    }
    expect(deleted).toBeGreaterThan(0);
    const verified = await workspace.memodag(["cache", "verify", "--json"]);
    expect(JSON.parse(verified.stdout)).toMatchObject({ checked: { results: 0 }, orphans: [] });
  });

  it("of a scheduler that was killed while it wrote one are known, and go", async () => {
    open({ prefix: "killed" });
    proxy.fail({ method: "PUT", times: 1, fault: { kind: "mute" } });
    workspace.write(
      "dags/files.ts",
      'import { Dag } from "memodag";\nexport const dag = new Dag("files");\ndag.task("make", () => ({ of: "make" }), { cache: true })({});\n',
    );
    const command = workspace.start("dags", "run", "files", "--json");
    await expect
      .poll(() => counted("carried out PUT "), { timeout: COMMAND_TIMEOUT_MS, interval: 10 })
      .toBe(1);
    await command.end("SIGKILL");
    await collect();
    expect(counted("DELETE ")).toBe(1);
    expect(await run("--resume")).toMatchObject({ state: "success" });
  });

  it("that cannot be deleted while the bucket is away are purged, and go when it is back", async () => {
    open({ prefix: "purged" });
    await run();
    await workspace.memodag(["runs", "delete", "files", "latest"]);
    await passTime();
    proxy.fail({ fault: { kind: "status", status: 503, code: "SlowDown" } });
    const purged = await workspace.memodag(["cache", "purge", "--all", "--yes"]);
    expect(purged.stderr).not.toMatch(/\n +at /);
    proxy.heal();
    expect(await workspace.json("cache", "ls")).toEqual([]);
    await database.execute("update written_result set condemned_at = 0 where condemned_at is not null");
    await collect();
    expect(counted("DELETE ") + counted("?delete")).toBeGreaterThan(0);
  });
});

describe("entries in a bucket", () => {
  it("fail their task when the credentials are refused, with what to do and without a secret", async () => {
    open({ prefix: "refused", credentialsFile: "credentials" });
    workspace.write("credentials", credentialsText(server.accessKeyId, "the-wrong-secret"));
    const { state, tasks } = await run();
    expect(state).toBe("failed");
    const error = tasks.find(({ taskId }) => taskId === "make")?.error;
    expect(error).toMatchObject({ code: "cache_store_failed" });
    expect(error?.message).toContain("credentials");
    expect(JSON.stringify(tasks)).not.toContain("the-wrong-secret");
  });

  it("deleted by others are a miss, and are made again", async () => {
    open({ prefix: "deleted" });
    await run();
    proxy.fail({
      method: "HEAD",
      path: /\/bytes\//,
      times: 1,
      fault: { kind: "status", status: 404, code: "NoSuchKey" },
    });
    const second = await run();
    expect(second).toMatchObject({ state: "success" });
    const make = second.tasks.find(({ taskId }) => taskId === "make");
    expect(make).toMatchObject({ cacheStatus: "populated", cacheReason: "result_missing" });
    proxy.heal();
    expect(await run()).toMatchObject({ state: "success", processesSpawned: 0, cache: { hit: 2 } });
  });
});

describe("two teams in one bucket and on one Redis", () => {
  it("have nothing of each other, and one's purge leaves the other's", async () => {
    const bundle = (team: string) => `[[bundles]]\nname = "${team}"\npath = "dags"\nteam = "${team}"\n`;
    workspace = new Workspace({
      databaseUrl: database.url,
      dags: {
        "files.ts": `import { Dag, getContext, getValueCache, type EntryRef } from "memodag";
export const dag = new Dag("files");
const make = dag.task("make", () => getContext().jobCache.save("large", new Uint8Array(2 ** 20).fill(7)), { cache: true });
dag.task("size", async ({ large }: { large: EntryRef }) => (await getContext().jobCache.load(large)).length, { cache: { keyStorage: "fast" } })({ large: make() });
dag.task("rate", () => getValueCache("rates").getOrCreate("EUR", () => process.pid), { cache: false })({});
`,
      },
    });
    workspace.write(
      "memodag.toml",
      `[core]
multi_team = true
[database]
url = "${database.url}"
[job_cache]
store = "bucket"
[task_cache]
result_store = "bucket"
lookup_timeout = "10s"
[[stores]]
name = "bucket"
kind = "s3"
bucket = "${server.bucket}"
prefix = "faults/teams"
endpoint = "${proxy.endpoint}"
credentials_file = "${server.credentialsFile}"
[[stores]]
name = "fast"
kind = "redis"
url = "${redis.url}"
prefix = "teams"
[[caches]]
name = "rates"
kind = "values"
url = "${redis.url}"
${bundle("ants")}${bundle("bees")}`,
    );
    const runAs = (team: string) => workspace.json<Report>("dags", "run", "files", "--team", team);
    const rateOf = async (team: string, { runId }: Report) =>
      JSON.stringify(await workspace.json("tasks", "xcom", "files", runId, "rate", "--team", team));
    const ants = await runAs("ants");
    expect(ants).toMatchObject({ state: "success", cache: { populated: 2, hit: 0 } });
    const bees = await runAs("bees");
    expect(bees).toMatchObject({ state: "success", cache: { populated: 2, hit: 0 } });
    expect(await rateOf("bees", bees)).not.toBe(await rateOf("ants", ants));
    const again = await runAs("ants");
    expect(again).toMatchObject({ state: "success", cache: { hit: 2 } });
    expect(await rateOf("ants", again)).toBe(await rateOf("ants", ants));
    // Another team's run, by its id.
    const stolen = await workspace.memodag([
      "entries",
      "ls",
      "files",
      ants.runId,
      "--team",
      "bees",
      "--json",
    ]);
    expect(stolen.stdout.includes('"large"') && ants.runId !== bees.runId).toBe(false);
    await workspace.memodag(["cache", "purge", "--all", "--yes", "--team", "bees"]);
    await passTime();
    await workspace.memodag(["cache", "gc"]);
    expect(await runAs("ants")).toMatchObject({ state: "success", cache: { hit: 2 } });
    const purged = await runAs("bees");
    expect(purged.tasks.find(({ taskId }) => taskId === "make")?.cacheStatus).toBe("populated");
  });
});
