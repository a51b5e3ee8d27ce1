import { readFileSync } from "node:fs";
import { database, openValueCache } from "memodag/cache";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const DAG = `import { Dag, getValueCache } from "memodag";
import { appendFileSync, existsSync } from "node:fs";

const rate = async (use?: { pure: boolean }) =>
  await getValueCache("rates", use).getOrCreate("EUR", () => {
    appendFileSync(process.env.CREATED!, "x");
    return { rate: 1.1 };
  });

export const shared = new Dag("shared");
shared.task("convert", async ({ amount }: { amount: number }) => amount * (await rate()).rate)
  .expand({ amount: [10, 20, 30, 40] });

export const noted = new Dag("noted");
noted.task("plain", async () => (await rate()).rate, { cache: { env: ["CREATED"], trust: ["file_reads"] } })({});
noted.task("pure", async () => (await rate({ pure: true })).rate, { cache: { env: ["CREATED"], trust: ["file_reads"] } })({});

export const unknown = new Dag("unknown");
unknown.task("ask", async () => await getValueCache("prices").find("EUR"))({});

export const dies = new Dag("dies");
dies.task("die", async () =>
  await getValueCache("slow").getOrCreate("a", () => {
    if (!existsSync(process.env.CREATED! + ".died")) {
      appendFileSync(process.env.CREATED! + ".died", "x");
      process.kill(process.pid, "SIGKILL");
    }
    return "second";
  }), { retries: 1, retryDelay: "0ms" })({});
`;

const CONFIG = `[[caches]]
name = "rates"
kind = "values"

[[caches]]
name = "slow"
kind = "values"
lease = "1h"
`;

let workspace: Workspace;
beforeAll(() => {
  workspace = new Workspace({ config: CONFIG, dags: { "values.ts": DAG } });
  workspace.write("created", "");
});
afterAll(() => workspace.remove());

async function run(dagId: string): Promise<RunReport> {
  const { stdout, stderr } = await workspace.memodag(["dags", "run", dagId, "--json"], {
    CREATED: workspace.path("created"),
  });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as RunReport;
}

it("creates a value once for all tasks, which wait for it in processes of their own", async () => {
  expect(await run("shared")).toMatchObject({ state: "success", processesSpawned: 4 });
  expect(readFileSync(workspace.path("created"), "utf8")).toBe("x");
  await using rates = await openValueCache({
    name: "rates",
    adapter: database({ url: workspace.databaseUrl }),
  });
  expect(await rates.stats()).toMatchObject({ misses: 1, hits: 3, hitRate: 0.75, size: 1, keys: ["EUR"] });
});

it("does not store the result of a task that read a value, unless the cache is pure there", async () => {
  const { tasks } = await run("noted");
  const plain = tasks.find(({ taskId }) => taskId === "plain");
  expect(plain).toMatchObject({ state: "success", cacheStatus: "uncacheable" });
  expect(JSON.stringify(plain)).toContain("value(rates.EUR)");
  const pure = tasks.find(({ taskId }) => taskId === "pure");
  expect(pure).toMatchObject({ state: "success", cacheStatus: "populated" });
});

it("refuses a cache that is not in the config, and says how to add it", async () => {
  const report = await run("unknown");
  expect(report.state).toBe("failed");
  expect(JSON.stringify(report.tasks)).toMatch(/value_cache_not_found.*\[\[caches\]\]/);
});

it("frees the lease of a creator whose process dies, long before it would expire", async () => {
  expect(await run("dies")).toMatchObject({ state: "success" });
});
