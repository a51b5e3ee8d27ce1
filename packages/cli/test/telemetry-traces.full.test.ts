// Traces and OpenLineage events of a real scheduler, as a collector gets them; and the environment of tasks.

import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunReport } from "@memodag/operations/runs";
import type { LineageEvent } from "@memodag/telemetry";
import { openOtlpCollector, type OtlpCollector, type SentSpan } from "@memodag/telemetry/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Project } from "./project.ts";

const BUNDLES = '[[bundles]]\nname = "dags"\npath = "dags"\n';

const DAGS = `import { writeFileSync } from "node:fs";
import { Dag } from "memodag";

export const dag = new Dag("traced");
const make = dag.task("make", () => 20, { cache: true });
const read = dag.task("read", ({ n }: { n: number }) => n + (process.env["TRACEPARENT"] ?? "").length, { cache: true });
const show = dag.task("show", ({ n }: { n: number }) => {
  writeFileSync("../seen.txt", process.env["TRACEPARENT"] ?? "");
  return n;
});
const command = dag.command("command", {
  command: [${JSON.stringify(process.execPath)}, "program.mjs"],
  sources: ["program.mjs"],
  cache: true,
});
const fails = dag.task("fails", ({ n }: { n: number }) => { throw new Error("no luck " + n); });
const n = make({});
read({ n });
show({ n });
command({});
fails({ n });
`;

const PROGRAM = `import { writeFileSync } from "node:fs";
writeFileSync("../command.txt", process.env.TRACEPARENT ?? "");
writeFileSync(process.env.MEMODAG_RESULT, "1");
`;

let project: Project;
let collector: OtlpCollector;
let logged = "";
const reports: RunReport[] = [];

beforeAll(async () => {
  collector = await openOtlpCollector();
  project = new Project(
    `${BUNDLES}\n[telemetry]\ntraces = "otlp"\nopenlineage = "http"\nopenlineage_url = "${collector.endpoint}"\n`,
  );
  writeFileSync(join(project.folder, "dags/traced.ts"), DAGS);
  writeFileSync(join(project.folder, "dags/program.mjs"), PROGRAM);
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint);
  await project.run("dags", "list");
  const scheduler = project.start("scheduler", "--json");
  scheduler.stderr?.on("data", (chunk: Buffer) => (logged += chunk.toString()));
  await vi.waitUntil(() => logged.includes("scheduler started"), { timeout: 60_000 });
  for (let times = 0; times < 2; times += 1)
    reports.push(await project.json<RunReport>("dags", "trigger", "traced", "--wait"));
  const exit = once(scheduler, "exit");
  scheduler.kill("SIGTERM");
  await exit;
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await collector.close();
  project.remove();
});

function attributeOf(span: SentSpan | undefined, key: string): unknown {
  const value = span?.attributes.find((each) => each.key === key)?.value;
  return value && Object.values(value)[0];
}

function spansOf(run: RunReport | undefined): SentSpan[] {
  return collector.spans.filter((span) => attributeOf(span, "memodag.run.id") === run?.runId);
}

const named = (spans: readonly SentSpan[], name: string) => spans.find((span) => span.name === name);

describe("traces", () => {
  it("have a root for each run, and its attempts below it", () => {
    for (const report of reports) {
      const spans = spansOf(report);
      const root = named(spans, "run traced");
      expect(root?.parentSpanId ?? "").toBe("");
      expect(root?.status.code).toBe(2);
      expect(spans.filter((span) => span !== root).every((span) => span.parentSpanId === root?.spanId)).toBe(
        true,
      );
      expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
      const failed = named(spans, "attempt fails");
      expect(attributeOf(failed, "error.type")).toBe("task_failed");
      expect(failed?.status.message).toContain("no luck 20");
      expect(failed?.events.map(({ name }) => name)).toContain("queued");
    }
    expect(new Set(collector.spans.map(({ spanId }) => spanId)).size).toBe(collector.spans.length);
  });

  it("have a hit as a span of no length, which links to the attempt that made its result", () => {
    const [first, second] = reports.map(spansOf);
    const made = named(first ?? [], "attempt make");
    const hit = named(second ?? [], "hit make");
    expect(hit?.endTimeUnixNano).toBe(hit?.startTimeUnixNano);
    expect(hit?.links).toEqual([expect.objectContaining({ traceId: made?.traceId, spanId: made?.spanId })]);
    expect(attributeOf(hit, "memodag.producer.run_id")).toBe(reports[0]?.runId);
    expect(named(second ?? [], "attempt make")).toBeUndefined();
  });

  it("are named in the environment of handlers and commands, by which these go on with them", () => {
    const [first, second] = reports.map(spansOf);
    const seen = (path: string) => readFileSync(join(project.folder, path), "utf8");
    const of = (span: SentSpan | undefined) => `00-${span?.traceId}-${span?.spanId}-01`;
    expect(seen("seen.txt")).toBe(of(named(second ?? [], "attempt show")));
    // The second one was a hit.
    expect(seen("command.txt")).toBe(of(named(first ?? [], "attempt command")));
  });

  it("are in no key: results are hits without traces, but of code that read the variable itself", async () => {
    writeFileSync(join(project.folder, "memodag.toml"), BUNDLES);
    const { tasks } = await project.json<RunReport>("dags", "run", "traced");
    const statusOf = (taskId: string) => tasks.find((task) => task.taskId === taskId)?.cacheStatus;
    expect(statusOf("make")).toBe("hit");
    expect(statusOf("command")).toBe("hit");
    expect(statusOf("read")).toBe("uncacheable");
    expect(readFileSync(join(project.folder, "seen.txt"), "utf8")).toBe("");
  });

  it("are named in the log: ids in messages about runs, and the trace in the first line of an attempt's", async () => {
    const lines = logged
      .split("\n")
      .flatMap((line) =>
        line.startsWith("{") ? [JSON.parse(line) as Readonly<Record<string, unknown>>] : [],
      );
    const made = named(spansOf(reports[0]), "attempt make");
    expect(lines).toContainEqual(
      expect.objectContaining({
        dagId: "traced",
        runId: reports[0]?.runId,
        taskId: "make",
        trace_id: made?.traceId,
        span_id: made?.spanId,
      }),
    );
    const { stdout } = await project.run("tasks", "logs", "traced", reports[0]?.runId ?? "", "make");
    expect(stdout.split("\n")[0]).toContain(`trace ${made?.traceId}`);
  });
});

describe("OpenLineage events", () => {
  const events = (): LineageEvent[] =>
    collector.others.filter(({ path }) => path === "/api/v1/lineage").map(({ body }) => body as LineageEvent);

  it("have what the specification requires", () => {
    expect(events().length).toBeGreaterThan(10);
    for (const event of events()) {
      expect(event.run.runId).toMatch(/^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
      expect(new Date(event.eventTime).toISOString()).toBe(event.eventTime);
      expect(URL.canParse(event.producer)).toBe(true);
      expect(event.schemaURL).toBe("https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent");
      expect(event.job).toMatchObject({
        namespace: "memodag",
        name: expect.stringMatching(/^traced(\.\w+)?$/),
      });
      for (const facet of [...Object.values(event.run.facets), ...Object.values(event.job.facets)]) {
        expect(URL.canParse(facet["_producer"])).toBe(true);
        expect(URL.canParse(facet["_schemaURL"])).toBe(true);
      }
    }
  });

  it("start and end every run and every try once", () => {
    const byRun = Map.groupBy(events(), ({ run }) => run.runId);
    for (const [runId, ofRun] of byRun) {
      const types = ofRun.map(({ eventType }) => eventType);
      expect([runId, types[0], types.length]).toEqual([runId, "START", 2]);
      expect(["COMPLETE", "FAIL"]).toContain(types[1]);
    }
    const failed = events().filter(({ eventType }) => eventType === "FAIL");
    expect(failed.map(({ job }) => job.name).sort()).toEqual([
      "traced",
      "traced",
      "traced.fails",
      "traced.fails",
    ]);
    expect(failed[0]?.run.facets).toHaveProperty(
      "errorMessage.message",
      expect.stringContaining("no luck 20"),
    );
  });

  it("of a hit name the try that made its result", () => {
    const of = (name: string) =>
      events().filter(({ job, eventType }) => job.name === name && eventType === "COMPLETE");
    const [made, hit] = of("traced.make");
    const [, root] = events().filter(({ job, eventType }) => job.name === "traced" && eventType === "START");
    expect(hit?.run.facets["memodag_cache"]).toMatchObject({
      status: "hit",
      producer: { runId: made?.run.runId, dagRunId: reports[0]?.runId, tryNumber: 1 },
    });
    expect(hit?.run.facets["parent"]).toMatchObject({
      run: { runId: root?.run.runId },
      job: { name: "traced" },
    });
  });
});
