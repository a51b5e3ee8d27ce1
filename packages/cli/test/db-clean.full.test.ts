import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { AuditEntry } from "@memodag/core";
import type { RunReport } from "@memodag/operations/runs";
import { createTestDatabase, type TestDatabase } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Project } from "./project.ts";

describe("db clean", () => {
  let project: Project;
  let database: TestDatabase;
  let runs: RunReport[];
  beforeAll(async () => {
    database = await createTestDatabase("sqlite");
    const url = `[database]\nurl = ${JSON.stringify(database.url)}\n`;
    project = new Project(`${url}[[bundles]]\nname = "dags"\npath = "dags"\n`);
    runs = [];
    for (const sides of [3, 4, 3, 3])
      runs.push(await project.json<RunReport>("dags", "run", "shapes", "--param", `sides=${sides}`));
    for (const [index, { runId }] of runs.entries()) {
      const hours = 10 - index;
      await database.execute(
        `update dag_run set ended_at = ended_at - ${hours} * 3600000 where run_id = '${runId}'`,
      );
    }
  });
  afterAll(async () => {
    project.remove();
    await database.drop();
  });

  it("removes nothing unless the config has a limit", async () => {
    const nothing = { runs: 0, instances: 0, xcoms: 0, entries: 0, logs: 0, artifacts: 0, bytes: 0 };
    expect(await project.json("db", "clean", "--dry-run")).toEqual(nothing);
    expect(await project.json("db", "clean")).toEqual(nothing);
    expect((await project.run("db", "clean")).stdout).toBe("Nothing had to go.\n");
  });

  it("says what would go, removes that, and changes no key and no hit", async () => {
    appendFileSync(join(project.folder, "memodag.toml"), '\n[retention]\nruns = "510m"\nxcoms = "1h"\n');
    const planned = await project.json("db", "clean", "--dry-run");
    expect(planned).toEqual({
      runs: 2,
      instances: 8,
      xcoms: 12,
      entries: 0,
      logs: 5,
      artifacts: 0,
      bytes: expect.any(Number),
    });
    expect(await project.json("runs", "list", "shapes")).toHaveLength(4);
    expect((await project.run("db", "clean", "--dry-run")).stdout).toMatch(
      /^WHAT +COUNT\nruns +2\ntask instances +8\nXComs +12\nlogs +5\n\nSize: /,
    );
    expect(await project.json("db", "clean")).toEqual(planned);
    const left = await project.json<{ runId: string }[]>("runs", "list", "shapes");
    expect(left.map(({ runId }) => runId)).toEqual([runs[3]?.runId, runs[2]?.runId]);
    const third = runs[2]?.runId ?? "";
    expect(await project.run("tasks", "clear", "shapes", third, "sum")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("were removed ([retention] xcoms)"),
    });
    for (const sides of [3, 4]) {
      const again = await project.json<RunReport>("dags", "run", "shapes", "--param", `sides=${sides}`);
      expect(again).toMatchObject({ cache: { hit: 4 }, processesSpawned: 0 });
    }
    const [, act] = await project.json<AuditEntry[]>("audit", "ls", "--action", "db.clean");
    expect(act?.outcome).toEqual({ kind: "done", affected: 0 });
    const [last] = await project.json<AuditEntry[]>("audit", "ls", "--action", "db.clean");
    expect(last).toMatchObject({ team: null, filter: {}, outcome: { kind: "done", affected: 27 } });
  });

  it("names what is wrong with a limit", async () => {
    const broken = new Project(
      '[retention]\nruns = "1s"\naudit = "1d"\n[[dag_retention]]\ndag = "a"\n[[dag_retention]]\ndag = "a"\n',
    );
    try {
      expect(await broken.run("db", "clean")).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(
          /retention\.runs: .*from 1m.*\n.*retention\.audit: .*from 90d[^]*dag_retention\[1\]\.dag: /,
        ),
      });
    } finally {
      broken.remove();
    }
  });
});
