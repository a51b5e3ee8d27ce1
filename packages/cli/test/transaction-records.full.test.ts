// Transactions with one record, by real processes: what a task reads is watched, and commands handle the record.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DagReport } from "@memodag/operations/dags";
import type { ExplainedTask } from "@memodag/operations/explain";
import type { RunReport } from "@memodag/operations/runs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Project } from "./project.ts";

const FLOW = `import { Dag } from "memodag";

export const dag = new Dag("records", { params: { day: "monday" } });
const given = dag.task("given", () => process.env.GIVEN ?? "one");
const etl = dag.transaction("etl", { cache: { env: ["LIMIT"], includeInputs: ["params.day"] } });
const rows = etl.task("load", ({ from }: { from: string }) => [from, process.env.LIMIT ?? "none"]);
const fit = etl.task("fit", ({ row }: { row: string }) => row.length);
const sum = etl.task("sum", ({ all }: { all: number[] }) => all.length);
sum({ all: fit.expand({ row: rows({ from: given() }) }) });

export const reading = new Dag("reading");
const both = reading.transaction("both", { cache: true });
both.task("plain", () => 1)();
both.task("reads", () => process.env.SECRET_REGION ?? "none")();
`;

interface Purged {
  readonly deleted: number;
}

describe("a transaction with a record", () => {
  let project: Project;
  let first: RunReport;

  beforeAll(async () => {
    project = new Project();
    writeFileSync(join(project.folder, "dags", "records.ts"), FLOW);
    first = await project.json<RunReport>("dags", "run", "records");
  });
  afterAll(() => project.remove());

  const statuses = ({ tasks }: RunReport) =>
    Object.fromEntries(
      tasks.map(({ taskId, mapIndex, cacheStatus }) => [`${taskId}${mapIndex}`, cacheStatus]),
    );
  const explain = async (runId: string, ...task: string[]) =>
    await project.json<ExplainedTask>("cache", "explain", "records", runId, ...task);

  it("is hit without a process, and is listed as one entry that is whole", async () => {
    expect(statuses(first)).toMatchObject({ "etl.load-1": "populated", "etl.fit0": "populated" });
    const second = await project.json<RunReport>("dags", "run", "records");
    expect(statuses(second)).toMatchObject({ "etl.load-1": "hit", "etl.fit1": "hit", "etl.sum-1": "hit" });
    expect(second.processesSpawned).toBe(1);
    const entries = await project.json<{ taskId: string; hitCount: number }[]>(
      "cache",
      "ls",
      "--dag",
      "records",
    );
    expect(entries).toMatchObject([{ taskId: "etl", hitCount: 1 }]);
    expect((await project.run("cache", "verify")).code).toBe(0);
    const { transactions } = await project.json<DagReport>("dags", "show", "records");
    expect(transactions).toMatchObject([{ transactionId: "etl", cache: { env: ["LIMIT"] } }]);
    expect((await project.run("dags", "show", "records")).stdout).toContain("one record for all");
  });

  it("explains what changed, for it and for each of its tasks", async () => {
    const changed = await project.json<RunReport>("dags", "run", "records", "--param", "day=friday");
    const why = `missed: context value params.day changed since run ${first.runId}.`;
    expect((await explain(changed.runId, "etl")).verdict).toContain(`etl ${why}`);
    expect((await explain(changed.runId, "etl.fit", "--map-index", "1")).verdict).toContain(
      `etl.fit[1] ${why}`,
    );
    const hit = await project.json<RunReport>("dags", "run", "records", "--param", "day=friday");
    expect(await explain(hit.runId, "etl.load")).toMatchObject({
      status: "hit",
      reason: "hit",
      cacheReasonCode: "of_transaction",
      producer: { runId: changed.runId },
    });
  });

  it("keeps its values when the runs that made them are gone", async () => {
    const before = await project.json<RunReport>("dags", "run", "records", "--param", "day=sunday");
    for (const { runId } of await project.json<RunReport[]>("runs", "list", "records"))
      expect((await project.run("runs", "delete", "records", runId)).code).toBe(0);
    expect((await project.run("cache", "gc")).code).toBe(0);
    expect((await project.run("cache", "verify")).code).toBe(0);
    const after = await project.json<RunReport>("dags", "run", "records", "--param", "day=sunday");
    expect(statuses(after)).toMatchObject({ "etl.load-1": "hit", "etl.fit1": "hit", "etl.sum-1": "hit" });
    expect(after.runId).not.toBe(before.runId);
  });

  it("is purged with a task whose result it has", async () => {
    expect(
      await project.json<Purged>("cache", "purge", "--dag", "records", "--task", "etl.sum", "--yes"),
    ).toEqual({
      deleted: 3,
    });
    const run = await project.json<RunReport>("dags", "run", "records");
    expect(statuses(run)).toMatchObject({ "etl.load-1": "populated" });
    expect((await explain(run.runId, "etl")).reason).toBe("purged");
  });

  it("is not stored when a task reads what it does not declare, whether or not it is cached itself", async () => {
    const run = await project.json<RunReport>("dags", "run", "reading");
    expect(statuses(run)).toEqual({ "both.plain-1": "uncacheable", "both.reads-1": "uncacheable" });
    const told = await project.run("cache", "explain", "reading", run.runId, "both.plain");
    expect(told.stdout).toContain(
      "transaction both is not cached: both.reads: undeclared_input(env.SECRET_REGION)",
    );
  });
});
