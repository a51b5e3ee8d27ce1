// What is left of the keys of the first edition: it is listed and explained, and no hit.

import { createHash } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Explanation } from "@memodag/operations/explain";
import type { RunReport } from "@memodag/operations/runs";
import { Project } from "./project.ts";

const DAG = `import { Dag } from "memodag";
export const dag = new Dag("old");
const one = dag.task("one", () => 1, { cache: true });
one();
`;

let project: Project;
beforeAll(() => {
  project = new Project();
  writeFileSync(join(project.folder, "dags/old.ts"), DAG);
});
afterAll(() => project.remove());

/** Makes every record one of the first edition: another key, and components without the runtime. */
function makeOld(): void {
  const database = new DatabaseSync(join(project.folder, ".memodag/metadata.db"));
  // What the record's results are kept under has its key, too.
  database.exec("pragma foreign_keys = off");
  const rows = database.prepare("select key, components from cache_record where dag_id = 'old'").all();
  const update = database.prepare("update cache_record set key = ?, components = ? where key = ?");
  for (const { key, components } of rows) {
    const { runtime: _runtime, ...kept } = JSON.parse(String(components)) as Record<string, unknown>;
    const old = createHash("sha256")
      .update(`first edition ${String(key)}`)
      .digest("hex");
    update.run(old, JSON.stringify({ ...kept, v: 1 }), String(key));
  }
  expect(rows).toHaveLength(1);
  database.close();
}

test("a record of the first edition is listed, and a miss after it is explained by its edition", async () => {
  await project.json<RunReport>("dags", "run", "old");
  makeOld();
  const listed = await project.run("cache", "ls", "--dag", "old");
  expect(listed).toMatchObject({ code: 0, stderr: "" });
  expect(listed.stdout).toContain("one");
  const { runId, tasks } = await project.json<RunReport>("dags", "run", "old");
  expect(tasks).toMatchObject([{ taskId: "one", cacheStatus: "populated" }]);
  const explained = await project.json<Explanation>("cache", "explain", "old", runId, "one");
  expect(explained).toMatchObject({
    reason: "edition_changed",
    changes: [{ kind: "edition", before: "1", after: "2" }],
  });
  const { code, stdout } = await project.run("cache", "explain", "old", runId, "one");
  expect(code).toBe(0);
  expect(stdout).toContain("one missed: the key edition changed since");
  expect(stdout).toContain("(key edition 1 → 2)");
  const third = await project.json<RunReport>("dags", "run", "old");
  expect(third.tasks).toMatchObject([{ taskId: "one", cacheStatus: "hit" }]);
});
