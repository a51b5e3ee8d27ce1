// The examples, as a newcomer runs them: their files, in a project of its own.

import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const EXAMPLES = join(import.meta.dirname, "../../examples/dags");

let workspace: Workspace;

beforeAll(() => {
  workspace = new Workspace();
  cpSync(EXAMPLES, workspace.path("dags"), { recursive: true });
});
afterAll(async () => await workspace.remove());

async function run(dagId: string, ...params: readonly string[]): Promise<RunReport> {
  return await workspace.json("dags", "run", dagId, ...params.flatMap((param) => ["--param", param]));
}

async function resultOf<T>({ dagId, runId }: RunReport, taskId: string): Promise<T> {
  const values = await workspace.json<{ return_value: T }>("tasks", "xcom", dagId, runId, taskId);
  return values.return_value;
}

/** Instances with a cache status, as `count[3]`. */
function withStatus({ tasks }: RunReport, status: string): string[] {
  return tasks
    .filter(({ cacheStatus }) => cacheStatus === status)
    .map(({ taskId, mapIndex }) => (mapIndex === -1 ? taskId : `${taskId}[${mapIndex}]`));
}

describe("opticks, a map-reduce over a text", () => {
  it("counts the parts one by one, and finds what each is about", async () => {
    const first = await run("opticks");
    expect(first).toMatchObject({ state: "success", processesSpawned: 11, cache: { populated: 11 } });
    const parts = await resultOf<{ title: string; words: number; subject: string[] }[]>(first, "compare");
    expect(parts.map(({ title }) => title)).toEqual([
      "Definitions and axioms",
      ...["I", "II", "III", "IV", "V", "VI", "VII", "VIII"].map((number) => `Proposition ${number}`),
    ]);
    // The sixth explains refraction by velocities, and the eighth is how to make a telescope with a mirror.
    expect(parts[6]?.subject).toContain("velocity");
    expect(parts[8]?.subject).toContain("speculum");
    expect(await run("opticks")).toMatchObject({ processesSpawned: 0, cache: { hit: 11 } });
  });

  it("counts one part again when one word of it changes, and compares anew", async () => {
    const text = readFileSync(workspace.path("dags/data/opticks.txt"), "utf8");
    const changed = text.replace("_PROP._ V. THEOR. IV.", "_PROP._ V. THEOR. IV. Revised.");
    expect(changed).not.toBe(text);
    workspace.write("dags/data/opticks.txt", changed);
    const edited = await run("opticks");
    expect(withStatus(edited, "populated")).toEqual(["split", "count[5]", "compare"]);
    expect(withStatus(edited, "hit")).toHaveLength(8);
  });

  it("compares alone when another number of words is asked for, and refuses what is none", async () => {
    expect(withStatus(await run("opticks", "words=2"), "populated")).toEqual(["compare"]);
    const refused = await workspace.memodag(["dags", "run", "opticks", "--param", "words=none"]);
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('param "words" must be integer'),
    });
  });
});

describe("olympians, a branching load into SQLite", () => {
  const COUNTS = { athletes: 10_858, gaps: 680, medals: 1_920 };
  const database = (): string => workspace.path("out/olympians.db");
  const load = async (...params: string[]): Promise<RunReport> =>
    await run("olympians", `database=${database()}`, ...params);
  const LOADING = ["load.athletes", "load.gaps", "report"];

  it("loads what is whole, sets the rest aside, and skips the other branch", async () => {
    const first = await load();
    expect(first).toMatchObject({ state: "success", processesSpawned: 6 });
    expect(withStatus(first, "populated")).toEqual(["extract.read", "extract.check", "is_usable"]);
    expect(first.tasks.find(({ taskId }) => taskId === "hold")).toMatchObject({ state: "skipped" });
    expect(await resultOf(first, "report")).toEqual(COUNTS);
  });

  it("loads again without doubling anything, with what it computes from the cache", async () => {
    const second = await load();
    expect(withStatus(second, "hit")).toEqual(["extract.read", "extract.check", "is_usable"]);
    expect(withStatus(second, "disabled")).toEqual(LOADING);
    expect(await resultOf(second, "report")).toEqual(COUNTS);
  });

  it("has a database that was deleted back after the next run", async () => {
    rmSync(database());
    const third = await load();
    expect(withStatus(third, "hit")).toEqual(["extract.read", "extract.check", "is_usable"]);
    expect(existsSync(database())).toBe(true);
    expect(await resultOf(third, "report")).toEqual(COUNTS);
  });

  it("holds everything back when there are more gaps than are tolerated", async () => {
    rmSync(database());
    const held = await load("tolerated=0.01");
    expect(held.state).toBe("success");
    const stateOf = (id: string) => held.tasks.find(({ taskId }) => taskId === id)?.state;
    expect(["load.athletes", "load.gaps", "hold", "report"].map(stateOf)).toEqual([
      "skipped",
      "skipped",
      "success",
      "success",
    ]);
    expect(await resultOf(held, "report")).toEqual({ athletes: 0, gaps: 0, medals: 0 });
  });
});

describe("orders, a load and its check in a transaction", () => {
  it("remembers both or neither", async () => {
    const statusesOf = ({ tasks }: RunReport) =>
      Object.fromEntries(tasks.map(({ taskId, cacheStatus }) => [taskId, cacheStatus]));
    const { stdout } = await workspace.memodag(["dags", "run", "orders", "--param", "most=500", "--json"]);
    const failed = JSON.parse(stdout) as RunReport;
    expect(failed.state).toBe("failed");
    expect(statusesOf(failed)).toEqual({ "etl.load": "rolled_back", "etl.check": "miss" });
    expect(failed.tasks[0]).toMatchObject({
      cacheReason: "transaction etl: etl.check failed",
      cacheReasonDetail: { transaction: "etl", what: "etl.check failed" },
    });
    const time = expect.stringMatching(/^\d{4}-.*Z$/) as string;
    const rolledBack = {
      transactionId: "etl",
      state: "rolled_back",
      reason: "etl.check failed",
      endedAt: time,
    };
    expect(failed.transactions).toEqual([rolledBack]);
    expect(await workspace.json("runs", "show", "orders", failed.runId)).toMatchObject({
      transactions: [rolledBack],
    });
    expect(await workspace.memodag(["runs", "show", "orders", failed.runId])).toMatchObject({
      stdout: expect.stringContaining("\nTransaction etl: rolled_back (etl.check failed)\n") as string,
    });
    const passed = await run("orders");
    expect(passed.transactions).toEqual([
      { transactionId: "etl", state: "committed", reason: null, endedAt: time },
    ]);
    expect(statusesOf(passed)).toEqual({ "etl.load": "populated", "etl.check": "populated" });
    expect(await run("orders")).toMatchObject({ processesSpawned: 0, cache: { hit: 2 } });
    expect(await workspace.json("dags", "show", "orders")).toMatchObject({
      transactions: [{ transactionId: "etl", taskIds: ["etl.check", "etl.load"], commit: "lazy" }],
    });
  });
});
