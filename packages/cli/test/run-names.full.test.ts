// How commands name a run: by its id, by the beginning of one, or as the latest.

import { systemClock } from "@memodag/core";
import { openMetastore } from "@memodag/metastore";
import { createTestDatabase, TEST_DIALECTS } from "@memodag/metastore/testing";
import type { RunReport } from "@memodag/operations/runs";
import { triggerRun } from "@memodag/scheduler";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Project } from "./project.ts";

describe.each(TEST_DIALECTS)("runs by name on %s", (dialect) => {
  let project: Project;
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  let first: RunReport;

  beforeAll(async () => {
    database = await createTestDatabase(dialect);
    project = new Project(
      `[database]\nurl = ${JSON.stringify(database.url)}\n[[bundles]]\nname = "dags"\npath = "dags"\n`,
    );
    await project.json("db", "migrate");
    first = await project.json<RunReport>("dags", "run", "shapes");
    await makeRuns("shapes", ["night_1", "night-1", "night-2", "50%", "🐢🐢-a", "🐢🐡-b", "a", "ab", "abc"]);
    await makeRuns("failing", ["later", "latest", "late", "x1", "x2", "x3", "x4", "x5", "x6", "x7"]);
  });
  afterAll(async () => {
    project.remove();
    await database[Symbol.asyncDispose]();
  });

  /** Queued runs with these ids, the last one the newest. */
  async function makeRuns(dagId: string, runIds: readonly string[]): Promise<void> {
    const metastore = await openMetastore(database.url);
    const [version] = await metastore.dags.findDagVersions(dagId);
    if (!version) throw new Error(`no Dag ${dagId}`);
    const request = { version, conf: {}, params: {}, logicalDate: null, cacheMode: "use" } as const;
    for (const runId of runIds) await triggerRun(metastore.runs, systemClock, { ...request, runId });
    await metastore.close();
  }

  async function shown(dagId: string, name: string): Promise<string> {
    return (await project.json<RunReport>("runs", "show", dagId, name)).runId;
  }

  it.each([
    // "_" and "%" stand for themselves, and characters are not halves of them.
    ["night_", "night_1"],
    ["50", "50%"],
    ["🐢🐢", "🐢🐢-a"],
    ["night-2", "night-2"],
    // A whole id wins over the ids that it begins.
    ["a", "a"],
    ["ab", "ab"],
    ["manual__", "manual__"],
    ["latest", "abc"],
  ])("%s of shapes is %s", async (name, runId) => {
    expect(await shown("shapes", name)).toBe(runId === "manual__" ? first.runId : runId);
  });

  it("a run whose id is latest is not hidden by the newest", async () => {
    expect(await shown("failing", "latest")).toBe("latest");
    expect(await shown("failing", "late")).toBe("late");
  });

  it.each([
    ["night-", ["night-2", "night-1"], "night-2, night-1"],
    ["n", ["night-2", "night-1", "night_1"], "night-2, night-1, night_1"],
  ])("%s is ambiguous, and says what it may be", async (prefix, candidates, named) => {
    const { code, stderr } = await project.run("runs", "show", "shapes", prefix);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(new RegExp(`begin with "${prefix}": .*The newest of them: ${named}\n$`)),
    });
    expect(candidates).toHaveLength(named.split(", ").length);
  });

  it("lists five candidates at most", async () => {
    const { stderr } = await project.run("runs", "show", "failing", "x");
    expect(stderr).toMatch(/: x7, x6, x5, x4, x3, …\n$/);
  });

  it.each(["", "%", "_", "Night", "nope"])('"%s" is none', async (name) => {
    expect(await project.run("runs", "cancel", "shapes", name)).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(/^memodag: Dag "shapes" has no run ".*": `memodag runs list shapes`/),
    });
  });

  const prefix = () => first.runId.slice(0, -3);

  it.each<[what: string, words: (name: string) => string[]]>([
    ["runs show", (name) => ["runs", "show", "shapes", name]],
    ["tasks logs", (name) => ["tasks", "logs", "shapes", name, "sum"]],
    ["tasks xcom", (name) => ["tasks", "xcom", "shapes", name, "sum"]],
    ["tasks clear", (name) => ["tasks", "clear", "shapes", name]],
    ["tasks set-state", (name) => ["tasks", "set-state", "shapes", name, "sum", "success"]],
    ["cache explain", (name) => ["cache", "explain", "shapes", name]],
    ["cache explain of a task", (name) => ["cache", "explain", "shapes", name, "sum"]],
    ["cache ls", (name) => ["cache", "ls", "--dag", "shapes", "--run", name]],
    ["cache ls with DAG/RUN", (name) => ["cache", "ls", "--run", `shapes/${name}`]],
    ["cache stats", (name) => ["cache", "stats", "--run", `shapes/${name}`]],
    ["cache purge", (name) => ["cache", "purge", "--run", `shapes/${name}`, "--dry-run"]],
  ])("%s takes the beginning of an id", async (_what, words) => {
    const untimed = ({ code, stdout }: { code: number | null; stdout: string }) => ({
      code,
      stdout: stdout.replaceAll(/"(ageMs|verdict)": .*/g, ""),
    });
    const whole = untimed(await project.run(...words(first.runId), "--json"));
    expect(untimed(await project.run(...words(prefix()), "--json"))).toEqual(whole);
    expect(whole.stdout.length).toBeGreaterThan(5);
    expect(whole.code).toBe(0);
  });

  it("a purge of what may be several runs is refused", async () => {
    expect(await project.run("cache", "purge", "--run", "shapes/night-", "--yes")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("night-2, night-1"),
    });
  });

  it("what was done says to which run", async () => {
    expect((await project.run("runs", "cancel", "shapes", "night-2")).stdout).toMatch(
      /^Cancelled night-2 of/,
    );
    await makeRuns("shapes", ["newest-of-all"]);
    expect((await project.run("runs", "cancel", "shapes", "latest")).stdout).toMatch(
      /^Cancelled newest-of-all of/,
    );
    expect((await project.run("tasks", "clear", "shapes", "latest", "sum")).stdout).toMatch(/newest-of-all/);
  });

  it("a Dag without runs has no latest", async () => {
    expect(await project.run("runs", "show", "nothing", "latest")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no Dag "nothing"'),
    });
  });
});
