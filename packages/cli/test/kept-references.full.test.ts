// The strictest limits of retention leave what a record, a newer run or a request to a person refers to.

import { once } from "node:events";
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as rest } from "node:timers/promises";
import { createTestDatabase, TEST_DIALECTS, type TestDatabase } from "@memodag/metastore/testing";
import type { ApprovalReport } from "@memodag/operations/approvals";
import type { Removed } from "@memodag/operations/retention";
import type { RunReport } from "@memodag/operations/runs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Project } from "./project.ts";

const REVIEW = `import { approval, Dag, getContext } from "memodag";
const titled = { title: "a page" };
type Draft = { draft: { title: string } };

export const review = new Dag("review");
review.task("draft", async ({ title }: { title: string }) => {
  await getContext().jobCache.save("page", "the bytes of " + title);
  return { title };
}, { cache: true })(titled);

export const asked = new Dag("asked");
const draft = asked.task("draft", async ({ title }: { title: string }) => ({ title }), { cache: true })(titled);
const ok = asked.task("ok", approval({ subject: ({ draft }: Draft) => "Print " + draft.title + "?" }))({ draft });
ok.before(asked.task("print", ({ draft }: Draft) => draft.title.toUpperCase())({ draft }));
`;

const STRICTEST = `
[retention]
runs = "1m"
max_runs = 1
xcoms = "1m"
max_xcoms_size = "0B"
max_entries_size = "0B"
logs = "1m"
max_logs_size = "0B"
artifacts = "1h"
`;

describe.each(TEST_DIALECTS)("what is referred to, on %s", { timeout: 180_000 }, (dialect) => {
  let database: TestDatabase;
  let project: Project;
  beforeEach(async () => {
    database = await createTestDatabase(dialect);
    project = new Project(
      `[database]\nurl = ${JSON.stringify(database.url)}\n[job_cache]\nkeep = "1m"\n[[bundles]]\nname = "dags"\npath = "dags"\n`,
    );
    writeFileSync(join(project.folder, "dags/review.ts"), REVIEW);
    await project.run("db", "migrate");
  });
  afterEach(async () => {
    project.remove();
    await database.drop();
  });

  /** Has everything that there is be days old. */
  async function age(): Promise<void> {
    const days = 5 * 86_400_000;
    for (const [table, columns] of Object.entries({
      dag_run: ["created_at", "ended_at"],
      result: ["created_at"],
      blob: ["named_at"],
    }))
      for (const column of columns)
        await database.execute(`update ${table} set ${column} = ${column} - ${days}`);
  }

  const clean = async (): Promise<Removed> => await project.json<Removed>("db", "clean");

  it("by a record: values and entries of runs that are gone are restored by hits", async () => {
    const first = await project.json<RunReport>("dags", "run", "review");
    await project.json<RunReport>("dags", "run", "review", "--no-cache");
    await age();
    appendFileSync(join(project.folder, "memodag.toml"), STRICTEST);
    expect(await clean()).toMatchObject({ runs: 1 });
    expect((await project.run("runs", "show", "review", first.runId)).code).not.toBe(0);
    const again = await project.json<RunReport>("dags", "run", "review");
    expect(again).toMatchObject({ cache: { hit: 1 }, processesSpawned: 0 });
    expect((await project.run("entries", "get", "review", again.runId, "page")).stdout).toBe(
      "the bytes of a page",
    );
    expect((await project.run("cache", "verify")).code).toBe(0);
  });

  it("by a newer run: it keeps values and entries that an older one made, without a record", async () => {
    await project.json<RunReport>("dags", "run", "review");
    const hit = await project.json<RunReport>("dags", "run", "review");
    expect(hit).toMatchObject({ cache: { hit: 1 } });
    await project.run("cache", "purge", "--all", "--yes");
    await database.execute(
      `update dag_run set ended_at = ended_at - 432000000 where run_id <> '${hit.runId}'`,
    );
    await database.execute("update result set created_at = created_at - 432000000");
    appendFileSync(join(project.folder, "memodag.toml"), STRICTEST);
    expect(await clean()).toMatchObject({ runs: 1 });
    expect(await project.json("tasks", "xcom", "review", hit.runId, "draft")).toEqual({
      return_value: { title: "a page" },
    });
    expect((await project.run("entries", "get", "review", hit.runId, "page")).stdout).toBe(
      "the bytes of a page",
    );
  });

  it("by a request to a person: its run stays, with the values that it and what follows need", async () => {
    const made = project.spawn("dags", "run", "asked", "--json");
    const { runId: answered } = await untilAsked();
    await project.run("approvals", "answer", "asked", answered, "ok", "--option", "Approve");
    expect(JSON.parse((await made).stdout)).toMatchObject({ state: "success" });
    const asking = project.start("dags", "run", "asked");
    const { runId } = await untilAsked();
    const ended = once(asking, "exit");
    asking.kill("SIGKILL");
    await ended;
    await project.run("cache", "purge", "--all", "--yes");
    await age();
    appendFileSync(join(project.folder, "memodag.toml"), STRICTEST);
    await clean();
    expect(await project.json("approvals", "show", "asked", runId, "ok")).toMatchObject({
      request: { subject: "Print a page?" },
    });
    const given = await project.run("approvals", "answer", "asked", runId, "ok", "--option", "Approve");
    expect(given.stderr).toBe("");
    expect(await project.spawn("dags", "run", "asked", "--resume")).toMatchObject({ code: 0 });
    expect(await project.json("tasks", "xcom", "asked", runId, "print")).toEqual({ return_value: "A PAGE" });
  });

  async function untilAsked(): Promise<ApprovalReport> {
    for (;;) {
      const [open] = await project.json<ApprovalReport[]>("approvals", "ls", "--dag", "asked");
      if (open) return open;
      await rest(50);
    }
  }
});
