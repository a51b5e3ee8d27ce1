import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listScheduledDags } from "@memodag/operations/dags";
import { Project } from "./project.ts";

const NIGHTLY = `import { Dag, every, param } from "memodag";

export const nightly = new Dag("nightly", {
  schedule: "30 2 * * *", timezone: "Europe/Paris", endDate: "2999-12-31",
  params: { depth: param({ default: 3, schema: { type: "integer", minimum: 1 } }) },
  confSchema: { properties: { region: { enum: ["eu", "us"] } } },
});
nightly.task("only", () => 1)();

export const often = new Dag("often", { schedule: every("15m"), startDate: "2999-01-01" });
often.task("only", () => 1)();

export const byHand = new Dag("by-hand");
byHand.task("only", () => 1)();
`;

interface Listed {
  readonly dagId: string;
  readonly nextRunAt: string | null;
}

describe("a Dag with a schedule", () => {
  let project: Project;

  beforeAll(() => {
    project = new Project();
    writeFileSync(join(project.folder, "dags/nightly.ts"), NIGHTLY);
  });
  afterAll(() => project.remove());

  const countRuns = async () => (await project.json<unknown[]>("runs", "list")).length;

  it("is listed and shown with its next run, before any scheduler has planned it", async () => {
    const listed = await project.json<Listed[]>("dags", "list");
    const nextOf = (id: string) => listed.find(({ dagId }) => dagId === id)?.nextRunAt;
    expect(nextOf("nightly")).toMatch(/T0[01]:[03]0:00\.000Z$/);
    expect(Date.parse(nextOf("nightly") ?? "")).toBeGreaterThan(Date.now());
    expect(nextOf("often")).toBe("2999-01-01T00:00:00.000Z");
    expect(nextOf("by-hand")).toBeNull();
    expect(await project.json("dags", "show", "nightly")).toMatchObject({
      nextRunAt: nextOf("nightly"),
      isPaused: false,
      endDate: "2999-12-31",
      paramSchemas: { depth: { type: "integer", minimum: 1 } },
    });
    expect((await project.run("dags", "list")).stdout).toMatch(
      /SCHEDULE +NEXT RUN .*\n.*often .*@every 15m +2999-/s,
    );
    await project.run("dags", "pause", "often");
    expect(await project.json("dags", "show", "often")).toMatchObject({ nextRunAt: null, isPaused: true });
  });

  it("is filled: a dry run prints the dates, then they are made, then left alone", async () => {
    const range = ["--from", "2026-03-28", "--to", "2026-03-30"];
    const dates = ["2026-03-28T01:30:00.000Z", "2026-03-29T01:00:00.000Z", "2026-03-30T00:30:00.000Z"];
    const dry = await project.json<{ runs: unknown }>("dags", "backfill", "nightly", ...range, "--dry-run");
    const would = { runId: null, outcome: "would_make", state: null };
    expect(dry.runs).toEqual(dates.map((logicalDate) => ({ logicalDate, ...would })));
    expect(await countRuns()).toBe(0);

    const made = await project.run("dags", "backfill", "nightly", ...range, "--param", "depth=4");
    expect(made.stdout).toMatch(/backfill__2026-03-29T01:00:00\.000Z +queued\n/);
    expect(made.stdout).toContain("3 run(s) made: `memodag runs list nightly` shows how they go.\n");
    const again = await project.run("dags", "backfill", "nightly", ...range);
    expect(again.stdout).toContain("0 run(s) made; 3 left alone, which have runs already");
    expect(await countRuns()).toBe(3);
    const [act] = await project.json<unknown[]>("audit", "ls", "--action", "dags.backfill");
    expect(act).toMatchObject({ filter: { dagId: "nightly", from: "2026-03-28", to: "2026-03-30" } });
  });

  it("has no two runs of one date", async () => {
    const trigger = () =>
      project.run("dags", "trigger", "nightly", "--logical-date", "2026-03-29T01:00Z", "--json");
    const { code, stderr } = await trigger();
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({
      error: {
        code: "dag_run_exists",
        message: expect.stringContaining("backfill__2026-03-29T01:00:00.000Z"),
      },
    });
  });

  it.each([
    [["dags", "run", "nightly", "--param", "depth=0"], 'param "depth" must be >= 1, found 0'],
    [
      ["dags", "trigger", "nightly", "--conf", '{"region":"mars"}'],
      'conf, at $.region, must be one of "eu", "us"',
    ],
    [
      ["dags", "backfill", "nightly", "--from", "2026-01-01", "--to", "2026-01-02", "--param", "depth=1.5"],
      "integer",
    ],
    [["dags", "backfill", "by-hand", "--from", "2026-01-01", "--to", "2026-01-02"], "has no schedule"],
    [["dags", "backfill", "nightly", "--from", "2026-02-30", "--to", "2026-03-02"], "2026-02-30"],
    [["dags", "backfill", "nightly", "--from", "2026-02-03"], "--to"],
  ])("refuses %j, and no run is made", async (args, message) => {
    const before = await countRuns();
    const { code, stderr } = await project.run(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(await countRuns()).toBe(before);
  });
});

it("a schedule that an earlier version let pass fails no list", async () => {
  const plan = { versionId: null, nextDate: null, lastDate: null };
  const summary = { dagId: "old", isPaused: false, schedule: "@never", versionId: 7, plan };
  const dag = { schedule: "@never", timezone: "UTC", catchup: false };
  const metadata = {
    dags: { listDags: async () => [summary], getDagVersion: async () => ({ dag }) },
    schedules: { readClock: async () => 0 },
  };
  const listed = await listScheduledDags(metadata as never, {});
  expect(listed).toMatchObject([{ dagId: "old", nextRun: null }]);
});
