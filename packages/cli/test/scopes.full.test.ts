// A laptop that reads the results of CI, from CI's own database, and never writes there.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { executeSql, readRows } from "@memodag/metastore/testing";
import type { RecordReport } from "@memodag/operations/cache";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Project } from "./project.ts";

interface RunReport {
  readonly runId: string;
  readonly state: string;
  readonly tasks: readonly InstanceReport[];
}
interface InstanceReport {
  readonly taskId: string;
  readonly cacheStatus: string;
  readonly cacheReasonCode: string | null;
  readonly cacheReasonDetail: unknown;
}

const BUNDLE = '[[bundles]]\nname = "dags"\npath = "dags"\n';

describe("a scope in another database", () => {
  const ci = new Project(`${BUNDLE}[scope]\nname = "ci"\n`);
  const ciDatabase = join(ci.folder, ".memodag/metadata.db");
  const ciUrl = `sqlite:${ciDatabase}`;
  const laptop = new Project(
    `${BUNDLE}[scope]\nname = "laptop"\nreads = ["ci"]\n[[scopes]]\nname = "ci"\ndatabase = "${ciUrl}"\n`,
  );
  afterAll(() => {
    ci.remove();
    laptop.remove();
  });
  const run = async (project: Project): Promise<RunReport> => {
    await project.run("dags", "run", "shapes");
    return await project.json<RunReport>("runs", "show", "shapes", "latest");
  };
  const statuses = ({ tasks }: RunReport): string[] => tasks.map(({ cacheStatus }) => cacheStatus);
  const contents = async (): Promise<string> =>
    createHash("sha256")
      .update(JSON.stringify(await readRows(ciUrl, "select * from cache_record order by key")))
      .digest("hex");

  beforeAll(async () => {
    await run(ci);
  });

  test("gives its results, which are copied, and stays as it is", async () => {
    const before = await contents();
    const plan = await laptop.json<{ totals: { hit: number; runs: number } }>("dags", "plan", "shapes");
    expect(plan.totals).toMatchObject({ hit: 4, runs: 0 });
    const first = await run(laptop);
    expect(statuses(first)).toEqual(["hit", "hit", "hit", "hit"]);
    expect(first.tasks[0]).toMatchObject({ cacheReasonCode: "of_scope", cacheReasonDetail: { what: "ci" } });
    expect((await laptop.run("cache", "explain", "shapes", "latest", "sum")).stdout).toContain("in scope ci");
    expect(await contents()).toBe(before);
    const own = await laptop.json<RecordReport[]>("cache", "ls");
    expect(own).toEqual([]);
    const theirs = await laptop.json<RecordReport[]>("cache", "ls", "--scope", "ci");
    expect(theirs.map(({ scope }) => scope)).toEqual(["ci", "ci", "ci", "ci"]);
    expect(await laptop.json("cache", "stats", "--scope", "ci")).toMatchObject({ entries: 4, hits: 0 });
    const purge = await laptop.run("cache", "purge", "--scope", "ci", "--all", "--yes");
    expect([purge.code, purge.stderr]).toEqual([2, expect.stringContaining('does not own the scope "ci"')]);
    const unknown = await laptop.run("cache", "ls", "--scope", "prod");
    expect([unknown.code, unknown.stderr]).toEqual([
      2,
      expect.stringContaining('does not read the scope "prod"'),
    ]);
    expect(await contents()).toBe(before);
  });

  test("of another version is refused with its name, and of none is missing: the tasks run", async () => {
    await executeSql(ciUrl, "insert into schema_migration values ('9999_later', '2040-01-01')");
    const newer = await laptop.run("cache", "ls", "--scope", "ci");
    expect(newer.stderr).toContain('[[scopes]] "ci"');
    const second = await run(laptop);
    expect([second.state, ...statuses(second)]).toEqual(["success", ...Array(4).fill("populated")]);
    await executeSql(ciUrl, "delete from schema_migration where name = '9999_later'");
    const file = join(laptop.folder, "memodag.toml");
    writeFileSync(file, readFileSync(file, "utf8").replace(ciUrl, `sqlite:${join(ci.folder, "none.db")}`));
    await laptop.run("cache", "purge", "--all", "--yes");
    const third = await run(laptop);
    expect([third.state, ...statuses(third)]).toEqual(["success", ...Array(4).fill("populated")]);
    // Its own results are the nearest.
    expect((await run(laptop)).tasks[0]).toMatchObject({ cacheStatus: "hit", cacheReasonCode: null });
  });
});
