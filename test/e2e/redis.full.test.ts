// Records, and results too, on a real Redis that is flushed, restarted and hung.

import { RedisServer } from "@memodag/test-servers";
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

let server: RedisServer;
let workspace: Workspace;

beforeAll(async () => {
  server = await RedisServer.start();
}, 300_000);
afterAll(() => server.stop());
afterEach(() => workspace.remove());

function open(prefix: string, results: string): void {
  workspace = new Workspace({
    dags: { "shapes.ts": dagText },
    config: `[core]
task_cache_backend = "fast"
[task_cache]
result_store = "${results}"
lookup_timeout = "5s"
[[stores]]
name = "fast"
kind = "redis"
url = "${server.url}"
prefix = "${prefix}"
`,
  });
}

async function run(): Promise<RunReport> {
  return await workspace.json<RunReport>("dags", "run", "shapes");
}

const POPULATED = { state: "success", cache: { populated: 4, hit: 0 } };
const HITS = { state: "success", processesSpawned: 0, cache: { hit: 4 } };

describe.each(["metadata-db", "filesystem", "fast"])("records on redis, results in %s", (results) => {
  it("are hits the second time, and gone after a flush or a restart", async () => {
    open(`${results}/hits`, results);
    expect(await run()).toMatchObject(POPULATED);
    expect(await run()).toMatchObject(HITS);
    await server.command("FLUSHALL");
    expect(await run()).toMatchObject(POPULATED);
    expect(await run()).toMatchObject(HITS);
    await server.stop();
    await server.startAgain();
    expect(await run()).toMatchObject(POPULATED);
  });

  it("cost nothing but hits while it is away, or hangs", async () => {
    open(`${results}/away`, results);
    await run();
    await server.stop();
    const away = await run();
    expect(away).toMatchObject({ state: "success", cache: { hit: 0 } });
    await server.startAgain();
    await run();
    server.suspend(true);
    const hung = await run().finally(() => server.suspend(false));
    expect(hung).toMatchObject({ state: "success", cache: { hit: 0 } });
    expect(await run()).toMatchObject(HITS);
  });
});
