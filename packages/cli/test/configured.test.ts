import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { RecordReport } from "@memodag/operations/cache";
import type { RunReport } from "@memodag/operations/runs";
import { Project } from "./project.ts";

let project: Project;
afterEach(() => project.remove());

describe("a config with faults", () => {
  it("is refused whole by any command, listing all of them, with 2", async () => {
    project = new Project('[core]\nparalelism = 3\nmulti_team = "yes"\n[[bundles]]\nname = "dags"\n');
    const shown = await project.spawn("config", "check");
    const run = await project.run("dags", "run", "shapes", "--json");
    expect(shown).toMatchObject({ code: 2, stdout: "" });
    expect(shown.stderr).toMatch(/^memodag: memodag\.toml has 3 faults:\n {2}.+\n {2}.+\n {2}.+\n$/);
    expect(shown.stderr).toContain("did you mean core.parallelism?");
    expect(run.code).toBe(2);
    expect(JSON.parse(run.stderr)).toMatchObject({ error: { code: "config_invalid" } });
  });
});

describe("config show", () => {
  it("hides passwords", async () => {
    project = new Project('[database]\nurl = "postgres://me:hunter2@127.0.0.1:1/db"\n');
    const outcome = await project.run("config", "show", "--json");
    expect(outcome).toMatchObject({ code: 0, stderr: "" });
    expect(outcome.stdout).toContain("postgres://me:***@127.0.0.1:1/db");
    expect(outcome.stdout).not.toContain("hunter2");
  });
});

describe("a config without bundles", () => {
  it("is told where to name them", async () => {
    project = new Project("");
    const outcome = await project.run("dags", "run", "shapes");
    expect(outcome).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^memodag: .*write \[\[bundles\]\]/),
    });
    expect(await project.run("dags", "list")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^No Dags/),
    });
  });
});

describe("the database", () => {
  it("is made by db migrate and described by db status", async () => {
    project = new Project();
    const before = await project.json<{ applied: string[]; pending: string[] }>("db", "status");
    expect(before.applied).toEqual([]);
    expect(await project.json("db", "migrate")).toEqual({ applied: before.pending });
    expect(await project.json("db", "migrate")).toEqual({ applied: [] });
    expect(await project.json("db", "status")).toMatchObject({ applied: before.pending, pending: [] });
  });

  it("that cannot be opened gives one line and 2", async () => {
    project = new Project('[database]\nurl = "postgres://me:hunter2@127.0.0.1:1/db"\n');
    const remote = await project.run("runs", "list");
    expect(remote.code).toBe(2);
    expect(remote.stderr).toMatch(/^memodag: .+\n$/);
    expect(remote.stderr).not.toContain("hunter2");
    project.remove();
    project = new Project('[database]\nurl = "sqlite:taken"\n');
    mkdirSync(join(project.folder, "taken"));
    expect(await project.run("runs", "list")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^memodag: .+\n$/),
    });
  });
});

describe("the cache backend", () => {
  it("may be the filesystem", async () => {
    project = new Project(
      'core.task_cache_backend = "filesystem"\n[[bundles]]\nname = "dags"\npath = "dags"\n',
    );
    await project.json("dags", "run", "shapes");
    const again = await project.json<RunReport>("dags", "run", "shapes");
    expect(again).toMatchObject({ processesSpawned: 0, cache: { hit: 4 } });
    expect(await project.json("tasks", "xcom", "shapes", again.runId, "sum")).toEqual({ return_value: 42 });
    expect(await project.json("cache", "ls")).toHaveLength(4);
  });
});

describe("teams", () => {
  it("share a dag id and nothing else", async () => {
    const bundle = (team: string) => `[[bundles]]\nname = "${team}"\npath = "dags"\nteam = "${team}"\n`;
    project = new Project(`core.multi_team = true\n${bundle("a")}${bundle("b")}`);
    const ambiguous = await project.run("dags", "run", "shapes", "--json");
    expect(ambiguous.code).toBe(2);
    expect(JSON.parse(ambiguous.stderr)).toMatchObject({ error: { code: "dag_ambiguous" } });

    const ofA = await project.json<RunReport>("dags", "run", "shapes", "--team", "a");
    expect(ofA.cache.populated).toBe(4);
    const ofB = await project.json<RunReport>("dags", "run", "shapes", "--team", "b");
    expect(ofB.cache).toMatchObject({ populated: 4, hit: 0 });

    const records = await project.json<RecordReport[]>("cache", "ls", "--team", "a");
    expect(records.map(({ team }) => team)).toEqual(["a", "a", "a", "a"]);
    const [key = ""] = records.map((record) => record.key);
    expect((await project.run("cache", "show", key, "--team", "b")).code).toBe(2);
    expect((await project.run("runs", "show", "shapes", ofA.runId, "--team", "b")).code).toBe(2);
    expect(await project.json("runs", "list", "--team", "b")).toHaveLength(1);
    expect(await project.json("cache", "purge", "--team", "b", "--yes")).toEqual({ deleted: 4 });
    expect(await project.json("cache", "ls")).toHaveLength(4);
  });
});
