import { createTestDatabase } from "@memodag/metastore/testing";
import { expect, it } from "vitest";
import type { RunReport } from "@memodag/operations/runs";
import { Project } from "./project.ts";

it("PostgreSQL is migrated by db migrate alone, and then does all that SQLite does", async () => {
  await using database = await createTestDatabase("postgres");
  const project = new Project(
    `[database]\nurl = ${JSON.stringify(database.url)}\n[[bundles]]\nname = "dags"\npath = "dags"\n`,
  );
  try {
    const refused = await project.run("dags", "run", "shapes");
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^memodag: .*memodag db migrate/),
    });
    expect(refused.stderr).not.toContain(" at ");
    await project.json("db", "migrate");
    const first = await project.json<RunReport>("dags", "run", "shapes");
    expect(first.cache.populated).toBe(4);
    const second = await project.json<RunReport>("dags", "run", "shapes");
    expect(second).toMatchObject({ processesSpawned: 0, cache: { hit: 4 } });
    expect(await project.json("runs", "show", "shapes", second.runId)).toEqual(second);
    expect(await project.json("cache", "stats")).toMatchObject({ entries: 4, hits: 4 });
    expect(await project.json("tasks", "xcom", "shapes", second.runId, "sum")).toEqual({ return_value: 42 });
  } finally {
    project.remove();
  }
});
