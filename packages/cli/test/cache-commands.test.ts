import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RecordReport } from "../src/report/record-report.ts";
import { Project } from "./project.ts";

describe("cache commands", () => {
  let project: Project;
  let records: RecordReport[];

  beforeAll(async () => {
    project = new Project();
    await project.run("dags", "run", "shapes");
    await project.run("dags", "run", "shapes");
    records = await project.json<RecordReport[]>("cache", "ls");
  });
  afterAll(() => project.remove());

  it("ls: the entries in the design's shape", async () => {
    expect(records).toHaveLength(4);
    expect(records.find(({ taskId }) => taskId === "sum")).toEqual({
      key: expect.stringMatching(/^[0-9a-f]{64}$/),
      team: "default",
      dagId: "shapes",
      taskId: "sum",
      sourceHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      resultDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
      sizeBytes: 2,
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
      expiresAt: expect.stringMatching(/^\d{4}-.*Z$/),
      lastHitAt: expect.stringMatching(/^\d{4}-.*Z$/),
      hitCount: 1,
      durationMs: expect.any(Number),
      producer: { runId: expect.stringMatching(/^manual__/), mapIndex: -1, tryNumber: 1 },
    });
    expect(await project.json("cache", "ls", "--task", "draw", "--limit", "2")).toHaveLength(2);
    expect(await project.json("cache", "ls", "--task", "dr%")).toEqual([]);
    expect((await project.run("cache", "ls")).stdout).toMatch(/^KEY +DAG +TASK/);
  });

  it("show: takes first digits, and lists keys when they are not enough", async () => {
    const { key } = records[0]!;
    expect(await project.json("cache", "show", key.slice(0, 12))).toMatchObject({
      key,
      components: { team: "default", dag: "shapes" },
      values: { return_value: expect.anything() },
    });
    expect((await project.run("cache", "show", key)).stdout).toContain("return_value = ");
    const missing = await project.run("cache", "show", "0".repeat(64), "--json");
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringMatching(/cache_key_not_found/) });
  });

  it("stats: sums by task and over all", async () => {
    const stats = await project.json<{ savedMs: number }>("cache", "stats");
    expect(stats).toMatchObject({ entries: 4, hits: 4, misses: 4, hitRate: 0.5 });
    expect(stats).toMatchObject({
      tasks: expect.arrayContaining([expect.objectContaining({ taskId: "draw", entries: 3, hits: 3 })]),
    });
    expect((await project.run("cache", "stats")).stdout).toMatch(/^all .* 50% /m);
  });

  it("purge: never by accident, and only what was meant", async () => {
    const bare = await project.run("cache", "purge", "--yes");
    const unasked = await project.run("cache", "purge", "--task", "sum");
    const dry = await project.run("cache", "purge", "--task", "draw", "--dry-run");
    expect(bare).toMatchObject({ code: 2, stderr: expect.stringMatching(/add --all/) });
    expect(unasked).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/1 entry would go .* add --yes/),
    });
    expect(dry).toMatchObject({ code: 0, stdout: "Would forget 3 entries.\n" });
    expect(await project.json("cache", "purge", "--task", "sum", "--yes")).toEqual({ deleted: 1 });
    expect(await project.json("cache", "ls")).toHaveLength(3);
    expect(await project.json("cache", "purge", "--all", "--yes")).toEqual({ deleted: 3 });
    expect(await project.json("cache", "ls")).toEqual([]);
  });
});
