// Last week's run, which the version before executed: `cache explain` says of it what it said then.

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunReport } from "@memodag/operations/runs";
import { Project } from "./project.ts";

/** Status, sentence, and what the version before printed of it. */
const OLD = {
  off: [
    "disabled",
    "the run was started with --no-cache",
    "off did not ask the cache: the run was started with --no-cache.",
  ],
  late: [
    "lookup_failure",
    "connect ECONNREFUSED",
    "late ran: the cache failed: connect ECONNREFUSED.\n\n`memodag cache stats` shows how long lookups take and which schedulers bypass the cache.",
  ],
  reads: [
    "uncacheable",
    "undeclared_input(logicalDate, env.REGION, file:data/ (package dep))",
    'reads was not cached: undeclared_input(logicalDate, env.REGION, file:data/ (package dep)).\n\nTo cache it, declare what it reads: cache: { includeInputs: ["logicalDate"], env: ["REGION"], files: ["data"] }.',
  ],
  again: ["skipped", "cleared", "again did not ask the cache, because a refresh was requested: cleared."],
} as const;

const DAG = `import { Dag } from "memodag";
export const dag = new Dag("old");
for (const id of ${JSON.stringify(Object.keys(OLD))}) dag.task(id, () => 1, { cache: true })();
`;

let project: Project;
beforeAll(() => {
  project = new Project();
  writeFileSync(join(project.folder, "dags/old.ts"), DAG);
});
afterAll(() => project.remove());

/** Leaves the rows as a migrated database has those of the version before. */
function makeOld(): void {
  const database = new DatabaseSync(join(project.folder, ".memodag/metadata.db"));
  const update = database.prepare(
    `update task_instance set cache_status = ?, cache_reason = ?, cache_reason_code = null,
       cache_reason_detail = null where task_id = ?`,
  );
  for (const [taskId, [status, sentence]] of Object.entries(OLD)) update.run(status, sentence, taskId);
  database.close();
}

test("a run of the version before is explained as it was, and its reasons have codes", async () => {
  const { runId } = await project.json<RunReport>("dags", "run", "old");
  makeOld();
  for (const [taskId, [, , expected]] of Object.entries(OLD)) {
    const { stdout } = await project.run("cache", "explain", "old", runId, taskId);
    expect(stdout.trimEnd()).toBe(expected);
  }
  const { tasks } = await project.json<RunReport>("runs", "show", "old", runId);
  expect(
    tasks.map(({ cacheReason, cacheReasonCode, cacheReasonDetail }) => [
      cacheReason,
      cacheReasonCode,
      cacheReasonDetail,
    ]),
  ).toEqual([
    [OLD.off[1], "run_off", null],
    [OLD.late[1], "lookup_failed", { what: "connect ECONNREFUSED" }],
    [OLD.reads[1], "undeclared_input", { names: ["logicalDate", "env.REGION", "file:data/ (package dep)"] }],
    [OLD.again[1], "cleared", null],
  ]);
});
