// The commands of workers: a token, an API and a worker as real processes, over TLS; and a worker that has no secrets.

import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Attempt } from "@memodag/core";
import { openMetastore, type Metastore } from "@memodag/metastore";
import { createTestDatabase, type TestDatabase } from "@memodag/metastore/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunningCommand } from "../e2e/running-command.ts";
import { Workspace } from "../e2e/workspace.ts";
import { decodeFrame } from "./decode-frame.ts";

const FIXTURES = join(import.meta.dirname, "fixtures");

const QUEUE_PASSWORD = "password-of-the-queue";
/** The task is to find this one: a search that finds nothing shows nothing. */
const CONTROL = "no-secret-at-all";

/** Looks for texts in all that a task can see of its own process and of the worker's. */
const DAG = `import { Dag } from "memodag";
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";

export const asked = new Dag("asked");
asked.task("it", () => {
  const reversed = JSON.parse(readFileSync("../wanted.json", "utf8"));
  const wanted = reversed.map((text) => [...text].reverse().join(""));
  const tryRead = (path, read) => { try { return read(path); } catch { return ""; } };
  const text = (path) => tryRead(path, (one) => (statSync(one).isFile() ? readFileSync(one, "latin1") : ""));
  const files = (folder) =>
    tryRead(folder, (one) => readdirSync(one, { recursive: true }).map((name) => one + "/" + name)) || [];
  const processes = ["self", process.ppid];
  const places = [
    ...processes.flatMap((pid) => ["environ", "cmdline"].map((name) => "/proc/" + pid + "/" + name)),
    ...processes.flatMap((pid) => files("/proc/" + pid + "/fd")),
    ...files(process.cwd()),
    ...files("../worker-state"),
  ];
  const found = places.flatMap((place) => {
    const all = text(place) + tryRead(place, (one) => readlinkSync(one));
    return wanted.filter((one) => all.includes(one)).map((one) => one + " in " + place);
  });
  const inEnv = wanted.filter((one) => JSON.stringify([process.env, process.argv, process.execArgv]).includes(one));
  return {
    variables: Object.keys(process.env).filter((name) => name.startsWith("MEMODAG")),
    found: [...found, ...inEnv.map((one) => one + " in process.env")],
    looked: places.length,
  };
}, { queue: "gpu" })({});
`;

let database: TestDatabase;
let workspace: Workspace;
let metastore: Metastore;
let api: RunningCommand;
let url: string;
let token: string;

beforeAll(async () => {
  database = await createTestDatabase("postgres");
  workspace = new Workspace({
    databaseUrl: database.url,
    config: `[worker_api]
listen = "127.0.0.1:0"
tls_cert_file = "${FIXTURES}/server.pem"
tls_key_file = "${FIXTURES}/server.key"
`,
    dags: { "asked.ts": DAG },
  });
  await workspace.memodag(["db", "migrate"]);
  const made = await workspace.memodag(["workers", "token", "--name", "gpus", "--queue", "gpu"]);
  token = made.stdout.trim();
  workspace.write("token", `${token}\n`);
  metastore = await openMetastore(database.url);
  api = workspace.start("worker-api", "--json");
  await api.says("the worker API listens");
  url = /"url":"(?<url>[^"]+)"/.exec(api.stderr)?.groups?.["url"] ?? "";
});
afterAll(async () => {
  await workspace.remove();
  await metastore.close();
  await database[Symbol.asyncDispose]();
});

/** Writes the config of a worker, and returns the arguments that name it. */
function workerConfig(changes: Readonly<Record<string, string>> = {}, more = ""): string[] {
  const worker: Record<string, string> = {
    api: url,
    token_file: "token",
    ca_file: `${FIXTURES}/server.pem`,
    queues: "gpu",
    ...changes,
  };
  const lines = Object.entries(worker).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  const name = `worker-${randomUUID()}.toml`;
  workspace.write(
    name,
    `[core]
executor = "${FIXTURES}/folder-queue.mjs"
state_dir = "worker-state"
[executor]
options = "${workspace.path("queue")}"
[worker]
${lines.join("\n")}
[[bundles]]
name = "dags"
path = "dags"
${more}`,
  );
  return ["--config", workspace.path(name)];
}

test("a token is printed once, and stored as a digest", async () => {
  const [, id = "", secret = ""] = /^mdw_([0-9a-f]{16})_(\S{43})$/.exec(token) ?? [];
  const tokens = await workspace.memodag(["workers", "tokens", "--json"]);
  expect(JSON.parse(tokens.stdout)).toMatchObject([
    { id, name: "gpus", queues: ["gpu"], teams: null, revokedAt: null },
  ]);
  expect(tokens.stdout).not.toContain(secret);
  const audit = await workspace.memodag(["audit", "ls", "--action", "workers.token", "--json"]);
  expect(JSON.parse(audit.stdout)).toMatchObject([
    { filter: { id, name: "gpus" }, outcome: { kind: "done" } },
  ]);
  expect(audit.stdout).not.toContain(secret);
});

test("a worker refuses a config or an environment with a database, or with stores", async () => {
  const check = async (args: readonly string[], env = {}): Promise<string> => {
    const { code, stderr } = await workspace.memodag(["worker", "--check", ...args], env);
    return `${code} ${stderr}`;
  };
  const store = '[[stores]]\nname = "s"\nkind = "filesystem"\npath = "x"\n';
  expect(await check(workerConfig({}, `[database]\nurl = "postgres://a:b@c/d"\n`))).toMatch(
    /^2 .*\[database\] url is set for a worker, .*a worker needs none\. Remove it/s,
  );
  expect(await check(workerConfig(), { MEMODAG__DATABASE__URL: "postgres://a:hidden@c/d" })).toMatch(
    /^2 .*MEMODAG__DATABASE__URL is set for a worker/s,
  );
  expect(await check(workerConfig({}, store))).toMatch(/^2 .*\[\[stores\]\] is set for a worker/s);
  expect(await check(["--config", workspace.path("memodag.toml")])).toMatch(/^2 .*\[database\] url is set/s);
});

test("--check says what is wrong, and that nothing is", async () => {
  const check = async (args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await workspace.memodag(["worker", "--check", "--name", "w", ...args]);
    return `${code} ${stdout}${stderr}`;
  };
  expect(await check(workerConfig())).toMatch(
    /^0 The worker w can run tasks of gpu: .*\nBundles, packages, runtime and declared files are the same here\./,
  );
  expect(await check(workerConfig({ api: "http://127.0.0.1:1" }))).toMatch(
    /^2 .*does not answer .*ECONNREFUSED/,
  );
  expect(await check([...workerConfig(), "--queue", "ram"])).toMatch(/is not for the queue ram, but for gpu/);
  workspace.write("other-token", `mdw_${"0".repeat(16)}_${"A".repeat(43)}`);
  expect(await check(workerConfig({ token_file: "other-token" }))).toMatch(
    /token is missing, unknown, expired or revoked/,
  );
  const moved = workerConfig();
  writeFileSync(
    moved[1] ?? "",
    readFileSync(moved[1] ?? "", "utf8").replace('path = "dags"', 'path = "gone"'),
  );
  expect(await check(moved)).toMatch(/gone/);
});

test("a worker runs an attempt; neither its process nor its files have a secret of the deployment", async () => {
  const { password } = new URL(database.url);
  const hidden = [token, QUEUE_PASSWORD, database.url, ...(password === "" ? [] : [password])];
  workspace.write(
    "wanted.json",
    JSON.stringify([CONTROL, ...hidden].map((text) => [...text].toReversed().join(""))),
  );
  const env = {
    CONTROL,
    MEMODAG__WORKER__TOKEN: token,
    MEMODAG__EXECUTOR__URL: `redis://user:${QUEUE_PASSWORD}@127.0.0.1:1`,
  };
  const worker = workspace.startWith(
    env,
    "worker",
    "--name",
    "w1",
    "--concurrency",
    "2",
    ...workerConfig({ token_file: "" }),
  );
  await worker.says("the worker is registered");
  const [shown] = JSON.parse((await workspace.memodag(["workers", "ls", "--json"])).stdout) as Record<
    string,
    unknown
  >[];
  expect(shown).toMatchObject({ name: "w1", queues: ["gpu"], concurrency: 2, running: 0, state: "active" });
  expect(Object.keys(shown ?? {})).toEqual(
    expect.arrayContaining(["id", "name", "queues", "concurrency", "running", "version", "beatAt", "state"]),
  );

  const attempt = await newAttempt();
  const queues = await workspace.memodag(["queues", "--json"]);
  expect(JSON.parse(queues.stdout)).toMatchObject([
    { queue: "gpu", waiting: 1, started: 0, workers: 1, places: 2 },
  ]);
  workspace.write(`queue/${attempt.attemptId}`, "");
  const outcome = await outcomeOf(attempt);
  if (outcome.kind !== "succeeded") throw new Error(JSON.stringify(outcome));
  const { variables, found, looked } = JSON.parse(Buffer.from(outcome.xcoms[0]?.bytes ?? "").toString()) as {
    readonly variables: readonly string[];
    readonly found: readonly string[];
    readonly looked: number;
  };
  expect(variables).toEqual(["MEMODAG_ATTEMPTS"]);
  expect(looked).toBeGreaterThan(10);
  expect(found.filter((place) => !place.startsWith(CONTROL))).toEqual([]);
  expect(found.map((place) => place.replace(/\d+/, "PID"))).toEqual([
    `${CONTROL} in /proc/self/environ`,
    `${CONTROL} in /proc/PID/environ`,
    `${CONTROL} in process.env`,
  ]);

  const { pid } = shown as { pid: number };
  const places = [
    `/proc/${pid}/environ`,
    `/proc/${pid}/cmdline`,
    ...filesBelow(workspace.path("worker-state")),
  ];
  expect(places.length).toBeGreaterThan(2);
  expect(
    places.filter((path) => hidden.some((secret) => readFileSync(path, "latin1").includes(secret))),
  ).toEqual([]);

  const { stdout: doctor } = await workspace.memodag(["doctor", "--probe"], {
    MEMODAG__CORE__EXECUTOR: `${FIXTURES}/folder-queue.mjs`,
    MEMODAG__EXECUTOR__OPTIONS: workspace.path("queue"),
    MEMODAG__WORKER_API__LISTEN: new URL(url).host,
  });
  expect(doctor).toMatch(/^ok {4}queue +.*folder-queue\.mjs can be loaded$/m);
  expect(doctor).toMatch(/^ok {4}api +https:.*\/v1\/health answers$/m);
  expect(doctor).toMatch(/^ok {4}workers +1 are active$/m);
  expect(doctor).toMatch(/^ok {4}probe +queue gpu: w1 answered in \d+ms$/m);
  expect(doctor).not.toMatch(/not been heard of|expires in|not memodag/);
  // Of the probe nothing is left.
  expect(filesBelow(workspace.path("queue"))).toEqual([]);
  expect(await metastore.remoteAttempts.countByQueue()).toEqual([]);
  expect((await workspace.memodag(["workers", "drain", "w1"])).code).toBe(0);
  expect(await worker.ended()).toBe(0);
  expect(JSON.parse((await workspace.memodag(["workers", "ls", "--json"])).stdout)).toEqual([]);
  expect((await workspace.memodag(["workers", "drain", "w1"])).stderr).toMatch(/There is no worker "w1"/);
});

test("the API and a worker end at SIGTERM, and a worker whose token is revoked ends with an error", async () => {
  const stopped = workspace.start("worker", ...workerConfig());
  await stopped.says("the worker is registered");
  expect(await stopped.end("SIGTERM")).toBe(0);
  const refused = workspace.start("worker", ...workerConfig());
  await refused.says("the worker is registered");
  const [, id = ""] = token.split("_");
  expect((await workspace.memodag(["workers", "revoke", id])).stdout).toBe(`Revoked ${id}.\n`);
  expect((await workspace.memodag(["workers", "revoke", id])).stderr).toMatch(/There is no valid token/);
  expect(await refused.ended()).toBeGreaterThan(0);
  expect(refused.stderr).toMatch(/token is missing, unknown, expired or revoked/);
  expect(await api.end("SIGTERM")).toBe(0);
});

/** An attempt of a run that was triggered, which waits for a worker. */
async function newAttempt(): Promise<Attempt> {
  const processor = workspace.start("dag-processor");
  await processor.says("watching Dag files");
  await processor.end("SIGTERM");
  const { runId } = await workspace.json<{ runId: string }>("dags", "trigger", "asked");
  const [version] = await metastore.dags.findDagVersions("asked");
  const run = await metastore.runs.findRun("default", "asked", runId);
  if (!version || !run) throw new Error("the run was not made");
  const attemptId = randomUUID();
  await database.execute(
    `insert into task_instance (dag_run_id, task_id, map_index, state, try_number, max_tries, attempt_id, loss_count)
     values (${run.id}, 'it', 7, 'queued', 1, 1, '${attemptId}', 0)`,
  );
  const attempt: Attempt = {
    attemptId,
    queue: "gpu",
    team: "default",
    dagId: "asked",
    runId,
    taskId: "it",
    mapIndex: 7,
    tryNumber: 1,
    file: version.file,
    artifactDigest: version.dag.artifactDigest,
    args: [],
    results: [],
    context: {
      dag: { dagId: "asked" },
      dagRun: { runId, runType: "manual", logicalDate: null, conf: {} },
      task: { taskId: "it" },
      taskInstance: { mapIndex: 7, tryNumber: 1, maxTries: 1, attemptId },
      params: {},
      logicalDate: null,
      dataInterval: null,
    },
    declaredContext: null,
    declaredEnv: null,
    executionTimeoutMs: null,
  };
  await metastore.remoteAttempts.add([{ order: { attempt, env: {} }, priority: 1 }]);
  return attempt;
}

async function outcomeOf({ attemptId }: Attempt) {
  const ended = Promise.withResolvers<void>();
  const look = async (): Promise<void> => {
    const [status] = await metastore.remoteAttempts.statuses([attemptId]);
    if (status?.state === "ended") ended.resolve();
  };
  const watch = await metastore.changes.watchAttempts(() => void look());
  await look();
  await ended.promise;
  await watch.close();
  return decodeFrame(
    (await metastore.remoteAttempts.outcomes([attemptId])).get(attemptId) ?? Buffer.alloc(0),
  );
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}
