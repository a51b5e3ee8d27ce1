import { createTestDatabase, TEST_DIALECTS, type TestDatabase } from "@memodag/metastore/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { whenWritten } from "./signal-files.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const heldDag = `import { existsSync, writeFileSync } from "node:fs";
import { Dag } from "memodag";

export const dag = new Dag("held");
dag.task("waits", async () => {
  writeFileSync("../started", "yes");
  while (!existsSync("../go")) await new Promise((resolve) => setTimeout(resolve, 5));
  return "done";
}, { cache: { trust: ["file_reads"] } })({});
`;

const liveDag = (answer: number): string => `import { Dag } from "memodag";

export const dag = new Dag("live");
dag.task("answer", () => ${answer}, { cache: true })({});
`;

describe.each(TEST_DIALECTS)("on %s", (dialect) => {
  let database: TestDatabase;
  let workspace: Workspace;

  beforeEach(async () => {
    database = await createTestDatabase(dialect);
    workspace = new Workspace({
      databaseUrl: database.url,
      config: '[scheduler]\npoll_interval = "100ms"\n',
      dags: { "held.ts": heldDag, "live.ts": liveDag(1) },
    });
    await workspace.memodag(["db", "migrate"]);
  });

  afterEach(async () => {
    await workspace.remove();
    await database.drop();
  });

  /** Triggers the Dag `live`, waits for the run's end and reads its answer. */
  async function askLive(): Promise<unknown> {
    const { state, runId } = await workspace.json<RunReport>("dags", "trigger", "live", "--wait");
    expect(state).toBe("success");
    const values = await workspace.json<{ return_value: unknown }>("tasks", "xcom", "live", runId, "answer");
    return values.return_value;
  }

  it("a scheduler runs what is triggered, and lets it end when it is told to stop", async () => {
    const processor = workspace.start("dag-processor");
    const scheduler = workspace.start("scheduler");
    await Promise.all([processor.says("watching Dag files"), scheduler.says("scheduler started")]);
    const started = whenWritten(workspace.path("started"));
    const { runId } = await workspace.json<{ runId: string }>("dags", "trigger", "held");
    await started;

    const hasEnded = scheduler.end("SIGTERM");
    await scheduler.says("scheduler stops when what runs has ended");
    workspace.write("go", "");
    expect(await hasEnded).toBe(0);
    expect(await workspace.json("runs", "show", "held", runId)).toMatchObject({
      state: "success",
      processesSpawned: 1,
      tasks: [{ taskId: "waits", state: "success", tryNumber: 1, cacheStatus: "populated" }],
    });
    expect(await processor.end("SIGTERM")).toBe(0);
  });

  it("dev takes a changed Dag file at once, and keeps the last good version of a broken one", async () => {
    const dev = workspace.start("dev");
    await dev.says("watching Dag files");
    expect(await askLive()).toBe(1);

    workspace.write("dags/live.ts", liveDag(2));
    await dev.says("dagIds=live", 2);
    expect(await askLive()).toBe(2);

    workspace.write("dags/live.ts", `${liveDag(3)}throw new Error("half written");\n`);
    await dev.says("Dag file could not be read");
    expect(dev.stderr).toMatch(/Dag file could not be read.*half written.*at=dags\/live\.ts:5:/);
    expect(await askLive()).toBe(2);

    // Told once, though the file is looked at again with every pass.
    workspace.write("dags/other.ts", liveDag(7).replace("live", "other"));
    await dev.says("dagIds=other");
    expect(dev.stderr.match(/half written/g)).toHaveLength(1);

    workspace.write("dags/live.ts", liveDag(4));
    await dev.says("Dag file is fixed and was read");
    expect(await askLive()).toBe(4);
    expect(await dev.end("SIGTERM")).toBe(0);
  });

  it("dev --json says everything as JSON, from both of its processes", async () => {
    const dev = workspace.start("dev", "--json");
    await dev.says("watching Dag files");
    workspace.write("dags/live.ts", `throw new Error("not yet");\n${liveDag(1)}`);
    await dev.says("not yet");
    expect(await dev.end("SIGTERM")).toBe(0);
    const lines = dev.stderr.trim().split("\n");
    const messages = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(messages.map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        expect.stringContaining("dev started"),
        "watching Dag files",
        "dev stops when what runs has ended",
      ]),
    );
    for (const { time, level } of messages) {
      expect(time).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
      expect(["info", "warn"]).toContain(level);
    }
    const broken = messages.find(({ level }) => level === "warn");
    expect(broken).toMatchObject({ at: "dags/live.ts:1:7", path: "live.ts" });
  });
});
