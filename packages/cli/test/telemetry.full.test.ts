// The metrics of real services, as Prometheus reads them.

import { once } from "node:events";
import type { ChildProcess } from "node:child_process";
import { METRICS, familyName, type MetricName, type MetricProcess } from "@memodag/telemetry";
import { parseOpenMetrics, type ParsedFamily } from "@memodag/telemetry/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Project } from "./project.ts";

const CONFIG = `[[bundles]]
name = "dags"
path = "dags"

[api]
port = 0

[telemetry]
metrics = "prometheus"
prometheus_address = "127.0.0.1:0"
`;

type Families = ReadonlyMap<string, ParsedFamily>;

let project: Project;
const services: ChildProcess[] = [];

beforeAll(() => {
  project = new Project(CONFIG);
});
afterAll(async () => {
  await Promise.all(
    services.map(async (child) => {
      const exit = once(child, "exit");
      child.kill("SIGTERM");
      await exit;
    }),
  );
  project.remove();
});

/** Starts a service; the returned function reads its metrics. */
async function start(name: string): Promise<() => Promise<Families>> {
  const child = project.start(name, "--json");
  services.push(child);
  let text = "";
  child.stderr?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const url = await vi.waitUntil(() => /"url":"(http:[^"]+\/metrics)"/.exec(text)?.[1], { timeout: 60_000 });
  const headers = { accept: "application/openmetrics-text" };
  return async () => parseOpenMetrics(await (await fetch(url, { headers })).text());
}

function valueOf(
  families: Families,
  name: MetricName,
  labels: Readonly<Record<string, string>> = {},
): number {
  const facts = METRICS[name];
  const samples = families.get(familyName(name, facts))?.samples ?? [];
  return samples
    .filter((each) => Object.entries(labels).every(([label, value]) => each.labels[label] === value))
    .filter((each) => facts.kind !== "histogram" || each.name.endsWith("_count"))
    .reduce((sum, { value }) => sum + value, 0);
}

/** Every family is in the catalogue, with its labels, and is of that process. */
function expectKnown(families: Families, ...processes: readonly MetricProcess[]): void {
  const known = new Map(Object.entries(METRICS).map(([name, facts]) => [familyName(name, facts), facts]));
  for (const [name, { type, samples }] of families) {
    const facts = known.get(name);
    expect({ name, kind: facts?.kind }).toEqual({ name, kind: type });
    expect(["all", ...processes]).toContain(facts?.process);
    for (const { labels } of samples)
      expect(Object.keys(labels).filter((label) => label !== "le")).toEqual(facts?.labels);
  }
}

describe("metrics", () => {
  it("of a scheduler count its runs, tasks and lookups, a hit as one", async () => {
    const dagProcessor = await start("dag-processor");
    const read = await start("scheduler");
    for (let times = 0; times < 2; times += 1) await project.json("dags", "trigger", "shapes", "--wait");
    const dag = { team: "default", dag: "shapes" };
    // Counts of the cache are written two seconds after they were made.
    const families = await vi.waitUntil(
      async () => {
        const now = await read();
        return valueOf(now, "memodag.cache.lookups", { result: "hit" }) === 4 && now;
      },
      { timeout: 60_000, interval: 200 },
    );
    expectKnown(families, "scheduler");
    expect(valueOf(families, "memodag.run.ended", { ...dag, state: "success" })).toBe(2);
    expect(valueOf(families, "memodag.run.duration", dag)).toBe(2);
    expect(valueOf(families, "memodag.task.ended", { ...dag, cache: "hit" })).toBe(4);
    expect(valueOf(families, "memodag.task.ended", { ...dag, cache: "none" })).toBe(4);
    expect(valueOf(families, "memodag.task.duration", { ...dag, outcome: "success" })).toBe(4);
    expect(valueOf(families, "memodag.scheduler.heartbeat")).toBeGreaterThan(0);
    expect(valueOf(families, "memodag.scheduler.write.duration", { result: "written" })).toBeGreaterThan(2);
    expect(valueOf(families, "memodag.cache.breaker.state", { state: "closed" })).toBe(1);
    const files = await dagProcessor();
    expectKnown(files, "dag-processor");
    expect(valueOf(files, "memodag.dag_file.processed", { bundle: "dags", result: "read" })).toBeGreaterThan(
      0,
    );
  });

  it("of the installation are those of the API server alone", async () => {
    const read = await start("api-server");
    const families = await read();
    expectKnown(families, "api-server", "installation");
    expect(valueOf(families, "memodag.cache.enabled")).toBe(1);
    expect(valueOf(families, "memodag.cache.entries", { team: "default" })).toBeGreaterThan(0);
    expect(families.get("memodag_runs_oldest_queued_age_seconds")?.samples[0]?.value).toBe(0);
    expect(valueOf(families, "memodag.pool.slots", { pool: "default_pool" })).toBe(128);
    for (const name of [
      "memodag_pool_slots_used",
      "memodag_pool_waiting",
      "memodag_callbacks_owed",
      "memodag_api_streams",
    ])
      expect(families.get(name)?.samples.map(({ value }) => value)).toEqual([0]);
  });
});
