import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Explanation } from "@memodag/operations/explain";
import type { RunReport } from "@memodag/operations/runs";
import { Project } from "./project.ts";

const FLOW = `import { Dag } from "memodag";

export const dag = new Dag("flow");
const clean = dag.task("clean", () => [Number(process.env.FLOW_WINDOW), 2], {
  cache: { env: ["FLOW_WINDOW"] },
});
const limit = dag.task("limit", () => Number(process.env.FLOW_LIMIT), { cache: { env: ["FLOW_LIMIT"] } });
const fit = dag.task("fit", ({ row, depth }: { row: number; depth: number }) => row + depth, { cache: true });
const total = dag.task("total", ({ parts, most }: { parts: number[]; most: number }) => parts.length + most, {
  cache: true,
});
const most = limit({});
total({ parts: fit.partial({ depth: 3 }).expand({ row: clean({}) }), most });
`;

describe("cache explain", () => {
  let project: Project;
  let first: RunReport;
  beforeAll(async () => {
    project = new Project();
    first = await project.json<RunReport>("dags", "run", "shapes");
  });
  afterAll(() => project.remove());

  const explain = async (runId: string, ...task: string[]) =>
    await project.json<Explanation>("cache", "explain", "shapes", runId, ...task);
  const told = async (runId: string, ...task: string[]) =>
    (await project.run("cache", "explain", "shapes", runId, ...task)).stdout;

  it("tells a first run, a hit with the run it came from, and one thing that changed", async () => {
    expect(await explain(first.runId, "sum")).toEqual({
      status: "populated",
      reason: "first_run",
      key: expect.stringMatching(/^[0-9a-f]{64}$/),
      comparedWith: null,
      changes: [],
      detail: null,
      comparedRunId: null,
      producer: null,
      cacheReasonCode: "no_entry",
      cacheReasonDetail: null,
      verdict: "sum missed: it has no earlier result.",
      advice: null,
    });
    const second = await project.json<RunReport>("dags", "run", "shapes", "--param", "sides=4");
    expect(await explain(second.runId, "draw", "--map-index", "1")).toMatchObject({
      status: "hit",
      reason: "hit",
      comparedWith: null,
      changes: [],
      producer: { runId: first.runId, mapIndex: 1, tryNumber: 1 },
    });
    expect(await told(second.runId, "draw", "--map-index", "1")).toMatch(
      new RegExp(
        `^draw\\[1\\] was a hit: its result is that of run ${first.runId}, attempt 1, .* ago, which took `,
      ),
    );
    const { comparedWith, changes } = await explain(second.runId, "sum");
    expect(comparedWith).toBe((await explain(first.runId, "sum")).key);
    expect(changes).toEqual([{ kind: "context", path: "params.sides", before: "3", after: "4" }]);
    expect(await told(second.runId, "sum")).toBe(
      [
        `sum missed: context value params.sides changed since run ${first.runId}.`,
        "",
        "CHANGED  NAME          BEFORE  AFTER",
        "context  params.sides  3       4",
        "",
        'If the result does not depend on it, take "params.sides" out of includeInputs.',
        "",
      ].join("\n"),
    );
  });

  it("names the function that was edited, and stays true after a purge", async () => {
    const path = join(project.folder, "dags/shapes.ts");
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace("size * size", "size * size * 10"));
    const edited = await project.json<RunReport>("dags", "run", "shapes");
    const before = await explain(edited.runId, "draw", "--map-index", "0");
    expect(before).toMatchObject({ reason: "source_changed", comparedRunId: first.runId });
    expect(before.changes.map(({ path: name }) => name)).toEqual(["shapes.ts function draw"]);
    expect(await project.json("cache", "purge", "--all", "--yes")).toMatchObject({
      deleted: expect.any(Number),
    });
    expect(await explain(edited.runId, "draw", "--map-index", "0")).toEqual(before);
    const purged = await project.json<RunReport>("dags", "run", "shapes");
    expect(await explain(purged.runId, "sum")).toMatchObject({ status: "populated", reason: "purged" });
    expect(await told(purged.runId, "sum")).toBe("sum missed: its entry had been removed by a purge.\n");
    writeFileSync(path, text);
  });

  it("says why the cache was not asked, and what to do about a result that was not kept", async () => {
    const refreshed = await project.json<RunReport>("dags", "run", "shapes", "--refresh-cache");
    expect(await explain(refreshed.runId, "sum")).toMatchObject({ status: "skipped", reason: "refresh" });
    const off = await project.json<RunReport>("dags", "run", "shapes", "--no-cache");
    expect(await explain(off.runId, "sum")).toMatchObject({
      status: "disabled",
      reason: "disabled",
      key: null,
    });
    expect(await told(off.runId, "sum")).toBe(
      "sum did not ask the cache: the run was started with --no-cache.\n",
    );
    const path = join(project.folder, "dags/shapes.ts");
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace('includeInputs: ["params.sides"]', "includeInputs: []"));
    const reading = await project.json<RunReport>("dags", "run", "shapes");
    writeFileSync(path, text);
    expect(await explain(reading.runId, "sum")).toMatchObject({
      status: "uncacheable",
      reason: "uncacheable",
      changes: [],
      detail: "undeclared_input(params.sides)",
    });
    expect(await told(reading.runId, "sum")).toBe(
      [
        "sum was not cached: undeclared_input(params.sides).",
        "",
        'To cache it, declare what it reads: cache: { includeInputs: ["params.sides"] }.',
        "",
      ].join("\n"),
    );
  });

  it("leads from a miss to the task above that began it, and groups a run by cause", async () => {
    const path = join(project.folder, "dags/flow.ts");
    writeFileSync(path, FLOW);
    const runFlow = async (window: string, limit: string): Promise<RunReport> => {
      Object.assign(process.env, { FLOW_WINDOW: window, FLOW_LIMIT: limit });
      return await project.json<RunReport>("dags", "run", "flow");
    };
    const before = await runFlow("1", "1");
    const { runId } = await runFlow("5", "1");
    const flow = async (...args: string[]) => await project.run("cache", "explain", "flow", ...args);
    const asText = (await flow(runId, "total")).stdout;
    expect(asText).toContain(
      `total missed: input parts changed since run ${before.runId}, because \`clean\` ran: variable FLOW_WINDOW changed.`,
    );
    // The result above is what it adds up: its key must not do without it.
    expect(asText).not.toContain("excludeInputs");
    expect(await project.json("cache", "explain", "flow", runId, "fit", "--map-index", "0")).toMatchObject({
      reason: "input_changed",
      cause: { taskId: "clean", reason: "env_changed", changes: [{ kind: "env", path: "FLOW_WINDOW" }] },
    });
    const { groups } = await project.json<{ groups: object[] }>("cache", "explain", "flow", runId);
    expect(groups).toMatchObject([
      {
        taskId: "clean",
        reason: "env_changed",
        count: 3,
        tasks: [
          { taskId: "clean", count: 1 },
          { taskId: "fit", count: 1 },
          { taskId: "total", count: 1 },
        ],
      },
      { status: "hit", count: 2, tasks: [{ taskId: "limit" }, { taskId: "fit" }] },
    ]);
    expect((await flow(runId)).stdout).toMatch(
      /^ +3 {2}clean: variable FLOW_WINDOW changed +clean, fit, total$/m,
    );

    // A hit may have another result than the run that is compared with.
    const other = await runFlow("5", "2");
    const text = (await flow(other.runId, "total")).stdout;
    expect(text).toContain("because `limit` ran: variable FLOW_LIMIT changed.");
    const refused = await flow(runId, "--map-index", "1");
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("add the task id") });
  });

  it("advises to leave out an input that is written in the Dag file", async () => {
    const path = join(project.folder, "dags/flow.ts");
    await project.json<RunReport>("dags", "run", "flow");
    writeFileSync(path, FLOW.replace("depth: 3", "depth: 4"));
    const { runId } = await project.json<RunReport>("dags", "run", "flow");
    const { stdout } = await project.run("cache", "explain", "flow", runId, "fit", "--map-index", "0");
    expect(stdout).toContain('write cache: { excludeInputs: ["depth"] }');
  });

  it("asks for an index, and helps with names that are not there", async () => {
    const unsaid = await project.run("cache", "explain", "shapes", first.runId, "draw");
    expect(unsaid).toMatchObject({ code: 2, stderr: expect.stringMatching(/--map-index, from 0 to 2/) });
    const unknown = await project.run("cache", "explain", "shapes", first.runId, "drawn");
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringMatching(/no task "drawn".*draw, sum/) });
    const norun = await project.run("cache", "explain", "shapes", "never", "draw");
    expect(norun).toMatchObject({ code: 2, stderr: expect.stringMatching(/memodag runs list shapes/) });
  });
});
