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
