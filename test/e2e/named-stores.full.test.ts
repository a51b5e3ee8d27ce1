// Records and results in stores that tasks name, on real services: every pair, their faults, and what commands say.

import { FaultyProxy, RedisServer, startGoogleStorage, startSeaweed } from "@memodag/test-servers";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const KEY_STORES = ["", "disk", "fast", "bucket"];
const RESULT_STORES = ["", "disk", "fast", "bucket", "google"];
const PAIRS = KEY_STORES.flatMap((key) => RESULT_STORES.map((result) => [key, result] as const));

/** `k_disk_r_bucket` keeps its records in `disk` and its results in `bucket`. */
const idOf = ([key, result]: readonly [string, string]): string => `k_${key}_r_${result}`;

const dagText = `import { Dag } from "memodag";

export const dag = new Dag("pairs");

for (const [keyStorage, resultStorage] of ${JSON.stringify(PAIRS)}) {
  const id = \`k_\${keyStorage}_r_\${resultStorage}\`;
  dag.task(id, ({ id }: { id: string }) => ({ of: id }), {
    cache: { ...(keyStorage && { keyStorage }), ...(resultStorage && { resultStorage }) },
  })({ id });
}
`;

let s3: Awaited<ReturnType<typeof startSeaweed>>;
let google: Awaited<ReturnType<typeof startGoogleStorage>>;
let redis: RedisServer;
let proxy: FaultyProxy;
let workspace: Workspace;

beforeAll(async () => {
  [s3, google, redis] = await Promise.all([startSeaweed(), startGoogleStorage(), RedisServer.start()]);
  proxy = await FaultyProxy.start(s3.endpoint);
}, 300_000);
afterAll(async () => {
  await proxy.stop();
  await Promise.all([s3.stop(), google.stop(), redis.stop()]);
});
afterEach(async () => {
  proxy.heal();
  await workspace.remove();
});

function configOf(prefix: string): string {
  return `[task_cache]
lookup_timeout = "10s"
[[stores]]
name = "disk"
kind = "filesystem"
path = "kept"
[[stores]]
name = "fast"
kind = "redis"
url = "${redis.url}"
prefix = "${prefix}"
[[stores]]
name = "bucket"
kind = "s3"
bucket = "${s3.bucket}"
prefix = "${prefix}"
endpoint = "${proxy.endpoint}"
credentials_file = "${s3.credentialsFile}"
[[stores]]
name = "google"
kind = "gcs"
bucket = "${google.bucket}"
prefix = "${prefix}"
endpoint = "${google.endpoint}"
`;
}

async function open(prefix: string): Promise<RunReport> {
  workspace = new Workspace({ dags: { "pairs.ts": dagText }, config: configOf(prefix) });
  const first = await run();
  expect(first.tasks.flatMap(({ taskId, error }) => (error ? [{ taskId, error }] : []))).toEqual([]);
  expect(first).toMatchObject({ state: "success", cache: { populated: PAIRS.length, hit: 0 } });
  return first;
}

async function run(): Promise<RunReport> {
  return await workspace.json<RunReport>("dags", "run", "pairs");
}

const HITS = { state: "success", processesSpawned: 0, cache: { hit: PAIRS.length } };

/** The tasks that ran, and why. */
function ranOf({ tasks }: RunReport): Record<string, string | null> {
  const ran = tasks.filter(({ cacheStatus }) => cacheStatus !== "hit");
  return Object.fromEntries(ran.map(({ taskId, cacheStatus }) => [taskId, cacheStatus]));
}

function expected(
  isRun: (key: string, result: string) => boolean,
  status: string | ((key: string) => string),
): Record<string, string> {
  const pairs = PAIRS.filter(([key, result]) => isRun(key, result));
  return Object.fromEntries(
    pairs.map((pair) => [idOf(pair), typeof status === "string" ? status : status(pair[0])]),
  );
}

describe("records and results in stores that tasks name", () => {
  it("are hits for every pair of stores, and commands tell where they are", async () => {
    await open("named/hits");
    expect(await run()).toMatchObject(HITS);
    const listed = await workspace.memodag(["cache", "ls", "--json"]);
    const stores = (JSON.parse(listed.stdout) as { store?: string }[]).map(({ store }) => store ?? "");
    expect(Map.groupBy(stores, (store) => store).size).toBe(2);
    expect(stores.filter((store) => store === "disk")).toHaveLength(RESULT_STORES.length);
    for (const name of ["fast", "bucket"])
      expect(listed.stderr).toContain(`Store ${name} is left out: it keeps no catalog`);
    const shown = await workspace.memodag(["cache", "stats"]);
    expect(shown.stdout).toMatch(/STORE +ENTRIES +SIZE\nthe deployment's +5 .*\ndisk +5 /);
    const explained = await workspace.memodag(["cache", "explain", "pairs", "latest", "k_fast_r_bucket"]);
    expect(explained.stdout).toMatch(
      /was a hit: .* ago.* The task keeps records in "fast" and results in "bucket"\./,
    );
    const [{ key }] = (await workspace.json("cache", "ls", "--task", "k_disk_r_google")) as [{ key: string }];
    expect(await workspace.json("cache", "show", key)).toMatchObject({
      store: "disk",
      values: { return_value: { of: "k_disk_r_google" } },
    });
    expect(await workspace.json("cache", "verify")).toMatchObject({ ok: true, badRecords: [] });
    // What was missed does not look done.
    const purged = await workspace.memodag(["cache", "purge", "--dag", "pairs", "--yes", "--json"]);
    expect(purged.code).toBe(1);
    expect(JSON.parse(purged.stdout)).toMatchObject({
      deleted: 2 * RESULT_STORES.length,
      missed: [{ store: "fast" }, { store: "bucket" }],
    });
    const isPurged = (keyStorage: string) => keyStorage === "" || keyStorage === "disk";
    expect(ranOf(await run())).toEqual(expected(isPurged, "populated"));
  });

  it("are a miss after a flush of Redis, and are found again", async () => {
    await open("named/flush");
    await redis.command("FLUSHALL");
    const isRedis = (key: string, result: string) => key === "fast" || result === "fast";
    expect(ranOf(await run())).toEqual(expected(isRedis, "populated"));
    expect(await run()).toMatchObject(HITS);
  });

  it.each([
    ["refuses the credentials", { kind: "status", status: 403, code: "InvalidAccessKeyId" }],
    ["is away", { kind: "reset" }],
  ] as const)("cost a run of their tasks while the bucket %s, and nothing else", async (what, fault) => {
    await open(`named/${what.replaceAll(" ", "-")}`);
    proxy.fail({ fault });
    const isBucket = (key: string, result: string) => key === "bucket" || result === "bucket";
    const away = await run();
    expect(away.state).toBe("success");
    const ran = ranOf(away);
    expect(Object.keys(ran).toSorted()).toEqual(Object.keys(expected(isBucket, "")).toSorted());
    for (const status of Object.values(ran)) expect(["lookup_failure", "put_failure"]).toContain(status);
    proxy.heal();
    expect(await run()).toMatchObject(HITS);
  });

  it.each([
    ["deleted", { kind: "status", status: 404, code: "NoSuchKey" }],
    ["truncated", { kind: "truncate", bytes: 1 }],
  ] as const)("are made again when an object was %s by others", async (what, fault) => {
    await open(`named/${what}`);
    proxy.fail({ method: "GET", path: /\/bytes\//, times: 1, fault });
    const damaged = await run();
    expect(damaged.state).toBe("success");
    expect(damaged.processesSpawned).toBeGreaterThan(0);
    proxy.heal();
    await run();
    expect(await run()).toMatchObject(HITS);
  });

  it("of a store that the config has lost run, and say so", async () => {
    await open("named/lost");
    const config = configOf("named/lost").replace(/\[\[stores\]\]\nname = "disk"\n.*\n.*\n/, "");
    workspace.write(
      "memodag.toml",
      `${config}\n[database]\nurl = "${workspace.databaseUrl}"\n[[bundles]]\nname = "dags"\npath = "dags"\n`,
    );
    const lost = await run();
    expect(ranOf(lost)).toEqual(
      expected((key, result) => key === "disk" || result === "disk", "lookup_failure"),
    );
    expect(lost.tasks.find(({ taskId }) => taskId === "k_disk_r_")?.cacheReason).toContain(
      'there is no store "disk" for tasks of this team',
    );
    const checked = await workspace.memodag(["dags", "check"]);
    expect(checked.code).toBe(1);
    expect(checked.stdout + checked.stderr).toContain('cache.resultStorage: there is no store "disk"');
  });
});
