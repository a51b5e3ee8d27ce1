// `memodag db copy`: from the SQLite file of a project to PostgreSQL, and on from there.

import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AuditEntry } from "@memodag/core";
import { createTestDatabase, type TestDatabase } from "@memodag/metastore/testing";
import type { CopyReport } from "@memodag/operations/database";
import type { RunReport } from "@memodag/operations/runs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Project } from "./project.ts";

const BUNDLES = '[[bundles]]\nname = "dags"\npath = "dags"\n';

describe("db copy", () => {
  let project: Project;
  let target: TestDatabase;
  let withPassword: string;

  beforeAll(async () => {
    target = await createTestDatabase("postgres");
    const url = new URL(target.url);
    url.searchParams.set("password", "hunter2");
    withPassword = url.href;
    project = new Project(BUNDLES);
    writeFileSync(join(project.folder, "url"), `${withPassword}\n`);
    await project.json<RunReport>("dags", "run", "shapes");
  });
  afterAll(async () => {
    project.remove();
    await target.drop();
  });

  it("asks for one target", async () => {
    for (const args of [[], ["--to", target.url, "--to-file", "url"]]) {
      const { code, stderr } = await project.run("db", "copy", ...args);
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: expect.stringContaining("name one target: --to URL"),
      });
    }
    const { code, stderr } = await project.run("db", "copy", "--to-file", join(project.folder, "none"));
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/none cannot be read \(ENOENT\)/),
    });
  });

  it("copies runs and entries, and shows no password", async () => {
    const { stdout, stderr, code } = await project.run(
      "db",
      "copy",
      "--to-file",
      join(project.folder, "url"),
      "--json",
    );
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).not.toContain("hunter2");
    const report = JSON.parse(stdout) as CopyReport;
    expect(report.from).toBe(`sqlite:${join(project.folder, ".memodag/metadata.db")}`);
    expect(report.to).toContain("password=***");
    expect(report.tables).toContainEqual({ name: "dag_run", rows: 1 });
    expect(report.tables).toContainEqual({ name: "cache_record", rows: 4 });
  });

  it("refuses the database that is filled now, and says so", async () => {
    const { stderr, code } = await project.run("db", "copy", "--to", withPassword);
    expect(code).toBe(2);
    expect(stderr).toMatch(/has rows in \S+: copy to an empty one/);
    expect(stderr).not.toContain("hunter2");
  });

  it("leaves the next run on the target with hits alone, and the first one shown", async () => {
    const { size } = statSync(join(project.folder, ".memodag/metadata.db"));
    writeFileSync(join(project.folder, "memodag.toml"), `[database]\nurl_file = "url"\n${BUNDLES}`);
    const { cache, state } = await project.json<RunReport>("dags", "run", "shapes");
    expect({ state, hits: cache.hit, populated: cache.populated }).toEqual({
      state: "success",
      hits: 4,
      populated: 0,
    });
    expect(await project.json<unknown[]>("runs", "list")).toHaveLength(2);
    const [entry] = await project.json<AuditEntry[]>("audit", "ls", "--action", "db.copy");
    expect(entry).toMatchObject({ action: "db.copy", outcome: { kind: "done" } });
    expect(statSync(join(project.folder, ".memodag/metadata.db")).size).toBe(size);
  });

  it("copies back, and says what to change", async () => {
    const { stdout, code } = await project.run(
      "db",
      "copy",
      "--to",
      `sqlite:${join(project.folder, "back.db")}`,
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^dag_run +2$/m);
    expect(stdout).toContain(`Write url = "sqlite:${join(project.folder, "back.db")}" under [database] in`);
    expect(stdout).not.toContain("hunter2");
  });

  it("names the file of a URL as the config does", async () => {
    const file = join(project.folder, "other-url");
    writeFileSync(file, `sqlite:${join(project.folder, "again.db")}\n`);
    const { stdout } = await project.run("db", "copy", "--to-file", file);
    expect(stdout).toContain('Write url_file = "other-url" under [database] in');
  });

  it("does not print a password to be written into the config", async () => {
    await using empty = await createTestDatabase("postgres");
    const url = new URL(empty.url);
    url.searchParams.set("password", "hunter2");
    const { stdout, code } = await project.run("db", "copy", "--to", url.href);
    expect(code).toBe(0);
    expect(stdout).toContain("Write url_file, the path of a file with the URL of the new database, under");
    expect(stdout).not.toContain("hunter2");
  });
});
