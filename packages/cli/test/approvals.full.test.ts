// Tasks that wait for an answer from a person, in real processes, answered by the command line.

import { userInfo } from "node:os";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as rest } from "node:timers/promises";
import { createTestDatabase, TEST_DIALECTS, type TestDatabase } from "@memodag/metastore/testing";
import type { ApprovalReport } from "@memodag/operations/approvals";
import { findOperation } from "@memodag/operations/contract";
import type { RunReport } from "@memodag/operations/runs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Project } from "./project.ts";

const me = userInfo().username;

const RELEASE = `import { Dag } from "memodag";
import { approval, hitl, type HITLResult } from "memodag/hitl";

interface Report { version: string; changes: string[] }
export const dag = new Dag("release", { params: { version: "1.4.0" } });
const report = dag.task("report", async (): Promise<Report> => ({ version: "1.4.0", changes: ["a", "b"] }))();
const signOff = dag.task("sign_off", approval({
  subject: ({ report }: { report: Report }) => \`Ship \${report.version}?\`,
  body: ({ report }: { report: Report }) => report.changes.join("\\n"),
}))({ report });
signOff.before(dag.task("publish", async () => "published", { triggerRule: "all_done" })());

export const form = new Dag("form");
const sized = form.task("size", hitl({
  subject: "How large?",
  options: ["us", "eu", "apac"],
  multiple: true,
  params: {
    replicas: { value: 3, schema: { type: "integer", maximum: 10 } },
    apiToken: { value: "preset-s3cret", schema: { type: "string", default: "preset-s3cret" } },
  },
}))();
form.task("use", async ({ answer }: { answer: HITLResult }) => answer)({ answer: sized });

export const shops = new Dag("shops");
const open = shops.task("open", hitl({ subject: ({ shop }: { shop: string }) => \`Open \${shop}?\`, options: ["yes", "no"] }));
const all = async ({ answers }: { answers: HITLResult[] }) => answers.map(({ chosen_options: [one] }) => one);
shops.task("all", all)({ answers: open.expand({ shop: ["paris", "lyon"] }) });

export const nightly = new Dag("nightly");
nightly.task("ok", approval({ subject: "Load?", defaults: "Approve", responseTimeout: "1ms" }))()
  .before(nightly.task("load", async () => "loaded")());

export const strict = new Dag("strict");
strict.task("gate", approval({ subject: "Go?", failOnReject: true, assignedUsers: [{ id: ${JSON.stringify(me)}, name: "Me" }] }))();

export const other = new Dag("other");
other.task("gate", approval({ subject: "Go?", assignedUsers: [{ id: "someone-else", name: "X" }] }))();
`;

describe.each(TEST_DIALECTS)("approvals on %s", (dialect) => {
  let database: TestDatabase;
  let project: Project;
  beforeAll(async () => {
    database = await createTestDatabase(dialect);
    project = new Project(
      `database.url = ${JSON.stringify(database.url)}\n[[bundles]]\nname = "dags"\npath = "dags"\n`,
    );
    writeFileSync(join(project.folder, "dags/release.ts"), RELEASE);
    await project.run("db", "migrate");
  });
  afterAll(async () => {
    project.remove();
    await database.drop();
  });

  async function untilAsked(dagId: string): Promise<ApprovalReport> {
    for (;;) {
      const [open] = await project.json<ApprovalReport[]>("approvals", "ls", "--dag", dagId);
      if (open) return open;
      await rest(50);
    }
  }

  /** Runs a Dag in a process of its own until it has ended, and answers what it asks. */
  async function answered(dagId: string, ...answer: string[]): Promise<RunReport> {
    const running = project.spawn("dags", "run", dagId, "--json");
    const { runId, taskId } = await untilAsked(dagId);
    const given = await project.run("approvals", "answer", dagId, runId, taskId, ...answer);
    expect(given.stderr).toBe("");
    const { stdout } = await running;
    return JSON.parse(stdout) as RunReport;
  }

  /** What a command printed has the schema of its operation, and nothing that the schema does not know. */
  function expectOutputOf(operation: string, printed: string): void {
    const output: unknown = JSON.parse(printed);
    expect(findOperation(operation)?.output.parse(output)).toEqual(output);
  }

  const statesOf = ({ tasks }: RunReport): Record<string, string> =>
    Object.fromEntries(tasks.map(({ taskId, state }) => [taskId, state]));

  it("shows what upstream tasks made, and lets what follows run once it is approved", async () => {
    const running = project.spawn("dags", "run", "release", "--json");
    const open = await untilAsked("release");
    expect(open).toMatchObject({
      taskId: "sign_off",
      request: { subject: "Ship 1.4.0?", body: "a\nb", options: ["Approve", "Reject"] },
    });
    const name = ["release", open.runId, "sign_off"];
    const other = await project.run("approvals", "answer", ...name, "--option", "Maybe");
    expect(other.stderr).toMatch(/"Maybe" is not an option: choose from Approve, Reject/);
    const stale = await project.run(
      "approvals",
      "answer",
      ...name,
      "--option",
      "Approve",
      "--digest",
      "0".repeat(64),
    );
    expect(stale.stderr).toMatch(/shows something else now/);
    const both = await Promise.all([
      project.spawn("approvals", "answer", ...name, "--option", "Approve", "--digest", open.digest),
      project.spawn("approvals", "answer", ...name, "--option", "Approve"),
    ]);
    expect(both.map(({ code }) => code).toSorted()).toEqual([0, 2]);
    expect(both.find(({ code }) => code !== 0)?.stderr).toMatch(/answered already|does not wait/);
    const report = JSON.parse((await running).stdout) as RunReport;
    expect(statesOf(report)).toEqual({ report: "success", sign_off: "success", publish: "success" });
    const result = await project.json<Record<string, unknown>>("tasks", "xcom", ...name);
    expect(result["return_value"]).toMatchObject({
      chosen_options: ["Approve"],
      responded_by_user: { id: me },
      timedout: false,
    });
    const [entry] = await project.json<{ action: string }[]>("audit", "ls", "--action", "approvals.answer");
    expect(entry).toMatchObject({ actor: { name: me }, filter: { taskId: "sign_off", chosen: ["Approve"] } });
  });

  it("skips what follows a rejection, whatever its trigger rule, or fails", async () => {
    expect(statesOf(await answered("release", "--option", "Reject"))).toEqual({
      report: "success",
      sign_off: "success",
      publish: "skipped",
    });
    expect(statesOf(await answered("strict", "--option", "Reject"))).toEqual({ gate: "failed" });
  });

  it("takes several options and a form, anew in each run", async () => {
    const used = async (...answer: string[]) => {
      const { runId } = await answered("form", ...answer);
      return (await project.json<Record<string, unknown>>("tasks", "xcom", "form", runId, "use"))[
        "return_value"
      ];
    };
    expect(await used("--option", "us", "--option", "apac", "--param", "replicas=5")).toMatchObject({
      chosen_options: ["us", "apac"],
      params_input: { replicas: 5 },
    });
    expect(await used("--option", "eu")).toMatchObject({
      chosen_options: ["eu"],
      params_input: { replicas: 3 },
    });
  });

  it("asks for each instance of a mapped task", async () => {
    const running = project.spawn("dags", "run", "shops", "--json");
    let asked: ApprovalReport[];
    do asked = await project.json<ApprovalReport[]>("approvals", "ls", "--dag", "shops");
    while (asked.length < 2);
    const { stdout } = await project.run("approvals", "ls", "--dag", "shops");
    expect(stdout).toMatch(/open\[0\] +Open paris\? +yes, no/);
    const { runId } = asked[0] as ApprovalReport;
    const name = ["shops", runId, "open"];
    const which = await project.run("approvals", "answer", ...name, "--option", "yes");
    expect(which.stderr).toMatch(/"open" is mapped: choose an instance with --map-index/);
    await project.run("approvals", "answer", ...name, "--option", "yes", "--map-index", "0");
    const shown = await project.run("approvals", "show", ...name, "--map-index", "0");
    expect(shown.stdout).toMatch(new RegExp(`^Open paris\\?[^]*answered .* by ${me}: yes\\n$`));
    await project.run("approvals", "answer", ...name, "--option", "no", "--map-index", "1");
    await running;
    const result = await project.json<Record<string, unknown>>("tasks", "xcom", "shops", runId, "all");
    expect(result["return_value"]).toEqual(["yes", "no"]);
  });

  it("shows no secret of a form, and gives it to the tasks that follow", async () => {
    const running = project.spawn("dags", "run", "form", "--json");
    const { runId, request, ...asked } = await untilAsked("form");
    const listed = await project.run("approvals", "ls", "--json");
    const open = await project.run("approvals", "show", "form", runId, "size", "--json");
    expect(request.params["apiToken"]).toMatchObject({ value: "***", schema: { default: "***" } });
    const fields = ["--option", "us", "--param", "apiToken=given-s3cret", "--json"];
    const given = await project.run("approvals", "answer", "form", runId, "size", ...fields);
    const shown = await project.run("approvals", "show", "form", runId, "size", "--json");
    const acts = await project.run("audit", "ls", "--json");
    expect(JSON.stringify([asked, listed, open, given, shown, acts])).not.toContain("s3cret");
    expect(JSON.parse(shown.stdout)).toMatchObject({
      digest: asked.digest,
      answer: { paramsInput: { apiToken: "***", replicas: 3 } },
    });
    expectOutputOf("approvals.list", listed.stdout);
    for (const { stdout } of [open, shown]) expectOutputOf("approvals.show", stdout);
    expectOutputOf("approvals.answer", given.stdout);
    await running;
    const result = await project.json<Record<string, unknown>>("tasks", "xcom", "form", runId, "use");
    expect(result["return_value"]).toMatchObject({ params_input: { apiToken: "given-s3cret" } });
  });

  it("chooses the defaults when time runs out", async () => {
    const report = await project.json<RunReport>("dags", "run", "nightly");
    expect(statesOf(report)).toEqual({ ok: "success", load: "success" });
    const ok = await project.json<Record<string, unknown>>("tasks", "xcom", "nightly", report.runId, "ok");
    expect(ok["return_value"]).toMatchObject({ timedout: true, responded_by_user: null });
    const shown = await project.run("approvals", "show", "nightly", report.runId, "ok", "--json");
    expectOutputOf("approvals.show", shown.stdout);
  });

  it("refuses others than those assigned, and outlives a kill of its scheduler", async () => {
    const running = project.start("dags", "run", "other");
    const { runId, taskId } = await untilAsked("other");
    const refused = await project.run("approvals", "answer", "other", runId, taskId, "--option", "Approve");
    expect(refused.stderr).toMatch(/may not answer this request: it is assigned to someone-else/);
    running.kill("SIGKILL");
    const still = await untilAsked("other");
    expect(still.runId).toBe(runId);
    await project.run("runs", "cancel", "other", runId);
    expect(await project.json("approvals", "ls", "--dag", "other")).toEqual([]);
    const late = await project.run("approvals", "answer", "other", runId, taskId, "--option", "Approve");
    expect(late.code).toBe(2);
  });
});
