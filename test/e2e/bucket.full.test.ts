// Results, and records too, in a bucket of a real service, through a proxy that makes it fail.

import { FaultyProxy, startSeaweed, type S3Server } from "@memodag/test-servers";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const dagText = `import { Dag } from "memodag";

export const dag = new Dag("shapes");

const draw = dag.task("draw", ({ size }: { size: number }) => ({ area: size * size }), { cache: true });
const sum = dag.task("sum", ({ areas }: { areas: { area: number }[] }) =>
  areas.reduce((total, { area }) => total + area, 0), { cache: true });

sum({ areas: draw.partial({}).expand({ size: [1, 2, 3] }) });
`;

let server: S3Server;
let proxy: FaultyProxy;
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
});

function open(prefix: string, backend = ""): Workspace {
  workspace = new Workspace({
    dags: { "shapes.ts": dagText },
    config: `${backend}
[task_cache]
result_store = "bucket"
lookup_timeout = "5s"
[[stores]]
name = "bucket"
kind = "s3"
bucket = "${server.bucket}"
prefix = "${prefix}"
endpoint = "${proxy.endpoint}"
credentials_file = "${server.credentialsFile}"
`,
  });
  return workspace;
}

async function run(): Promise<RunReport> {
  return await workspace.json<RunReport>("dags", "run", "shapes");
}

describe.each([
  ["results", ""],
  ["results and records", '[core]\ntask_cache_backend = "bucket"'],
])("%s in a bucket", (what, backend) => {
  const prefix = what.replaceAll(" ", "-");

  it("are hits the second time", async () => {
    open(`${prefix}/hits`, backend);
    expect(await run()).toMatchObject({ state: "success", cache: { populated: 4, hit: 0 } });
    expect(await run()).toMatchObject({ state: "success", processesSpawned: 0, cache: { hit: 4 } });
  });

  it("are not stored while it is away, and the run goes on", async () => {
    open(`${prefix}/away`, backend);
    proxy.fail({ method: "PUT", fault: { kind: "status", status: 403, code: "AccessDenied" } });
    expect(await run()).toMatchObject({ state: "success", cache: { populated: 0, hit: 0 } });
    proxy.heal();
    expect(await run()).toMatchObject({ state: "success", cache: { populated: 4, hit: 0 } });
  });

  it("are a miss when one cannot be read, and never a wrong hit", async () => {
    open(`${prefix}/unread`, backend);
    await run();
    proxy.fail({ method: "GET", times: 1, fault: { kind: "truncate", bytes: 1 } });
    const second = await run();
    expect(second.state).toBe("success");
    expect(second.processesSpawned).toBeGreaterThan(0);
  });
});

describe("entries of a job cache in a bucket", () => {
  const filesText = `import { createHash } from "node:crypto";
import { Dag, getContext, type EntryRef } from "memodag";

export const dag = new Dag("shapes");

const make = dag.task("make", async () => {
  const { jobCache } = getContext();
  await jobCache.save("small", "a few bytes");
  return await jobCache.save("large", new Uint8Array(3 * 2 ** 20).fill(7));
}, { cache: true });
const read = dag.task("read", async ({ large }: { large: EntryRef }) => {
  const hash = createHash("sha256");
  for await (const chunk of await getContext().jobCache.open(large)) hash.update(chunk);
  return hash.digest("hex");
}, { cache: true, retries: 1, retryDelay: 0 });
read({ large: make() });
`;

  function openFiles(prefix: string): Workspace {
    open(prefix);
    workspace.write("dags/shapes.ts", filesText);
    return workspace;
  }
  const configOf = (prefix: string): string => `[job_cache]
store = "bucket"
[task_cache]
lookup_timeout = "5s"
[[stores]]
name = "bucket"
kind = "s3"
bucket = "${server.bucket}"
prefix = "${prefix}"
endpoint = "${proxy.endpoint}"
credentials_file = "${server.credentialsFile}"
[database]
url = "${workspace.databaseUrl}"
[[bundles]]
name = "dags"
path = "dags"
`;

  it("go there by a worker without credentials, are cached, and are restored without a byte", async () => {
    openFiles("entries/hits").write("memodag.toml", configOf("entries/hits"));
    const first = await run();
    expect(first).toMatchObject({ state: "success", cache: { populated: 2, uncacheable: 0 } });
    expect(await run()).toMatchObject({
      state: "success",
      processesSpawned: 0,
      bytesMoved: 0,
      cache: { hit: 2 },
    });
  });

  it("that cannot be saved fail the task, and are saved when the bucket is back", async () => {
    openFiles("entries/away").write("memodag.toml", configOf("entries/away"));
    proxy.fail({ method: "PUT", fault: { kind: "status", status: 403, code: "AccessDenied" } });
    const failed = await run();
    expect(failed.state).toBe("failed");
    expect(failed.tasks.find(({ taskId }) => taskId === "make")?.error).toMatchObject({
      code: "cache_store_failed",
    });
    proxy.heal();
    expect(await run()).toMatchObject({ state: "success", cache: { populated: 2 } });
  });

  it("cut off on their way are loaded again by the next try, and never damaged", async () => {
    openFiles("entries/cut").write("memodag.toml", configOf("entries/cut"));
    proxy.fail({ method: "GET", times: 1, fault: { kind: "truncate", bytes: 1_000_000 } });
    const first = await run();
    expect(first).toMatchObject({ state: "success", cache: { populated: 2 } });
  });

  it("are a miss when the bucket does not say whether they are there", async () => {
    openFiles("entries/unknown").write("memodag.toml", configOf("entries/unknown"));
    await run();
    proxy.fail({ method: "HEAD", fault: { kind: "status", status: 503, code: "SlowDown" } });
    const second = await run();
    expect(second.tasks.find(({ taskId }) => taskId === "make")?.cacheStatus).toBe("lookup_failure");
  });
});
