// Real schedulers that are killed with -9 at each arrow of a transaction's states: others see all of its results or none,
// and the next scheduler calls every callback that is due.

import { readFileSync, rmSync } from "node:fs";
import type { DagRun, RunTransactionState } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { COMMAND_TIMEOUT_MS, PATIENT } from "./patience.ts";
import { whenWritten } from "./signal-files.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

/** What is there after a scheduler was killed. */
interface Left {
  /** Undefined: the transaction is open, and was never anything else. */
  readonly state: RunTransactionState | undefined;
  readonly visible: "all" | "none";
  /** Callbacks of a rollback are owed. */
  readonly isRollingBack: boolean;
}

interface KillPoint {
  readonly name: string;
  /** Patterns of the statements before which it is killed; without them, it is killed in a callback. */
  readonly at?: readonly string[];
  /** The callback in which it is killed. */
  readonly during?: string;
  readonly left: Left;
}

const COMMIT = String.raw`commit(\0| \[)`;
const RECORD = 'insert into "cache_record" ';
const BEGIN = '"begin_count" = ';
const REMOVE = 'delete from "owed_callback"';

const left = (state: Left["state"], visible: Left["visible"], isRollingBack = false): Left => ({
  state,
  visible,
  isRollingBack,
});
const OPEN = left(undefined, "none");
const COMMITTING = left("committing", "none");
const STORED = left("committing", "all");
const COMMITTED = left("committed", "all");
const ROLLED_BACK = left("rolled_back", "none", true);

const COMMITS: readonly KillPoint[] = [
  { name: "the decision is written", at: ["committing"], left: OPEN },
  { name: "the decision is committed", at: ["committing", COMMIT], left: OPEN },
  { name: "the first result is stored", at: ["committing", RECORD], left: COMMITTING },
  { name: "the second result is stored", at: [RECORD, RECORD], left: COMMITTING },
  { name: "the results are committed", at: [RECORD, RECORD, COMMIT], left: COMMITTING },
  { name: "the end is written", at: [RECORD, "committed"], left: STORED },
  { name: "the end is committed", at: [RECORD, "committed", COMMIT], left: STORED },
  { name: "a callback begins", at: [BEGIN], left: COMMITTED },
  { name: "a callback has ended", during: "etl commit", left: COMMITTED },
  { name: "a callback is removed", at: [REMOVE], left: COMMITTED },
];

const ROLLBACKS: readonly KillPoint[] = [
  { name: "the decision is written", at: ["rolled_back"], left: OPEN },
  { name: "the decision is committed", at: ["rolled_back", COMMIT], left: OPEN },
  { name: "the first callback begins", at: [BEGIN], left: ROLLED_BACK },
  { name: "the first callback has ended", during: "etl.load rollback", left: ROLLED_BACK },
  { name: "the first callback is removed", at: [REMOVE], left: ROLLED_BACK },
  { name: "the last callback begins", at: [REMOVE, BEGIN], left: ROLLED_BACK },
  { name: "the last callback has ended", during: "etl rollback", left: ROLLED_BACK },
  { name: "the last callback is removed", at: [REMOVE, REMOVE], left: ROLLED_BACK },
];

const CASES = [
  ...COMMITS.map((point, index) => ({ ...point, outcome: "commit" as const, dagId: `commit_${index}` })),
  ...ROLLBACKS.map((point, index) => ({
    ...point,
    outcome: "rollback" as const,
    dagId: `rollback_${index}`,
  })),
];

/** All Dags, and one that is cleared. Callbacks note that they were called, and wait if a file says so. */
const DAGS = `import { appendFileSync, existsSync } from "node:fs";
import { Dag, getContext } from "memodag";

const note = (words: string) => appendFileSync("../calls.log", getContext().dag.dagId + " " + words + "\\n");
const tell = async ({ event, task, dag }) => {
  note(task.taskId + " " + event);
  const held = "../hold " + dag.dagId + " " + task.taskId + " " + event;
  if (existsSync(held)) appendFileSync("../reached " + dag.dagId, "reached");
  while (existsSync(held)) await new Promise((resolve) => setTimeout(resolve, 20));
  note(task.taskId + " " + event + " ended");
};
const hooks = { onCommit: tell, onRollback: tell };

const define = (dagId: string, fails: boolean): Dag => {
  const dag = new Dag(dagId);
  const etl = dag.transaction("etl", hooks);
  const rows = etl.task("load", () => { note("etl.load ran"); return "rows"; }, { cache: true, ...hooks })({});
  etl.task("process", ({ rows, fails }: { rows: string; fails: boolean }) => {
    if (fails && !existsSync("../fixed")) throw new Error("no " + rows);
    return "done";
  }, { cache: { trust: ["file_reads"] }, ...hooks })({ rows, fails });
  return dag;
};

export const dags = ${JSON.stringify([...CASES.map(({ dagId }) => dagId), "cleared"])}.map((dagId) =>
  define(dagId, !dagId.startsWith("commit")));
`;

const PRELOAD = new URL("kill-point.ts", import.meta.url);

describe.each(TEST_DIALECTS)("schedulers that are killed with -9 on %s", (dialect) => {
  let workspace: Workspace;
  let metastore: TestMetastore;
  const killed: typeof CASES = [];

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    workspace = new Workspace({
      databaseUrl: metastore.url,
      dags: { "all.ts": DAGS },
      config: '[scheduler]\npoll_interval = "200ms"\nlease = "5s"\n',
    });
    await workspace.memodag(["dags", "list"]);
  });
  afterAll(async () => {
    await workspace.remove();
    await metastore.close();
  });

  /** What the tasks and callbacks of a Dag noted. */
  function notesOf(dagId: string): string[] {
    const lines = readFileSync(workspace.path("calls.log"), "utf8").split("\n");
    return lines.filter((line) => line.startsWith(`${dagId} `)).map((line) => line.slice(dagId.length + 1));
  }

  /** The callbacks that have ended, each once, in the order in which they first did. */
  function called(dagId: string): string[] {
    const ended = notesOf(dagId).filter((note) => note.endsWith(" ended"));
    return [...new Set(ended)].map((note) => note.replace(" ended", ""));
  }

  async function runOf(dagId: string): Promise<DagRun> {
    const [run] = await metastore.runs.listRuns({ dagId, limit: 1 });
    if (!run) throw new Error(`${dagId} has no run`);
    return run;
  }

  async function leftOf(dagId: string): Promise<Left> {
    const { states, rollingBack } = await metastore.runs.findTransactions((await runOf(dagId)).id);
    const records = await metastore.records.list({ dagId }, { limit: 10, offset: 0 });
    expect(["", "etl.load etl.process"]).toContain(
      records
        .map(({ taskId }) => taskId)
        .toSorted()
        .join(" "),
    );
    return left(states[0]?.state, records.length > 0 ? "all" : "none", rollingBack.length > 0);
  }

  async function statusesOf(dagId: string): Promise<(string | null)[]> {
    const rows = await metastore.runs.listTaskInstances("default", (await runOf(dagId)).id);
    return rows.map(({ cacheStatus }) => cacheStatus);
  }

  const killedAt = (at: readonly string[]) => ({
    KILL_AT: at.join("\n"),
    NODE_OPTIONS: `--import=${PRELOAD.href}`,
  });

  it.each(CASES)("$outcome, before $name", async (point) => {
    const { dagId, at = [], during } = point;
    if (during !== undefined) workspace.write(`hold ${dagId} ${during}`, "");
    const command = workspace.startWith(at.length > 0 ? killedAt(at) : {}, "dags", "run", dagId);
    if (during !== undefined) {
      await whenWritten(workspace.path(`reached ${dagId}`));
      await command.end("SIGKILL");
      rmSync(workspace.path(`hold ${dagId} ${during}`));
    }
    expect([await command.ended(), command.stdout]).toEqual([null, ""]);
    expect(await leftOf(dagId)).toEqual(point.left);
    killed.push(point);
  });

  it("and those that are started next bring each to its end, with every callback that is due", async () => {
    const scheduler = workspace.start("scheduler");
    for (const { dagId, outcome } of killed) {
      const due =
        outcome === "commit"
          ? ["etl commit", "etl.load commit", "etl.process commit"]
          : ["etl.load rollback", "etl rollback"];
      await expect
        .poll(() => called(dagId).length, { timeout: COMMAND_TIMEOUT_MS, interval: 50 })
        .toBe(due.length);
      // Those of a rollback in their turn.
      expect(outcome === "commit" ? called(dagId).toSorted() : called(dagId)).toEqual(due);
      const end = outcome === "commit" ? COMMITTED : left("rolled_back", "none");
      await expect.poll(() => leftOf(dagId), { timeout: COMMAND_TIMEOUT_MS, interval: 50 }).toEqual(end);
      expect(await statusesOf(dagId)).toEqual(
        outcome === "commit" ? ["populated", "populated"] : ["rolled_back", "miss"],
      );
      expect(notesOf(dagId).filter((note) => note === "etl.load ran")).toHaveLength(1);
    }
    expect(await scheduler.end("SIGTERM")).toBe(0);
    expect(await metastore.callbacks.listOwners()).toEqual([]);
  });

  it("a task that is cleared during a rollback waits for its callbacks, whoever is killed meanwhile", async () => {
    const dagId = "cleared";
    const hold = `hold ${dagId} etl.load rollback`;
    workspace.write(hold, "");
    expect(await workspace.startWith(killedAt([BEGIN]), "dags", "run", dagId).ended()).toBeNull();
    const clear = workspace.startWith(
      killedAt([String.raw`tasks\.clear`, COMMIT]),
      "tasks",
      "clear",
      dagId,
      "latest",
    );
    expect(await clear.ended()).toBeNull();
    expect(await statusesOf(dagId)).toEqual(["rolled_back", "miss"]);
    expect(await workspace.memodag(["tasks", "clear", dagId, "latest"])).toMatchObject({ code: 0 });

    const reopening = workspace.startWith(killedAt([String.raw`("|\x04)open`]), "scheduler");
    expect(await reopening.ended()).toBeNull();
    expect(await leftOf(dagId)).toEqual(ROLLED_BACK);

    const count = (note: string): number => notesOf(dagId).filter((one) => one === note).length;
    const isWaiting = async (): Promise<boolean> => {
      const rows = await metastore.runs.listTaskInstances("default", (await runOf(dagId)).id);
      return rows.find(({ taskId }) => taskId === "etl.load")?.cacheReason?.code === "waiting_for_rollback";
    };
    const patient = { timeout: COMMAND_TIMEOUT_MS, interval: 50 };
    const second = workspace.start("scheduler");
    await vi.waitUntil(isWaiting, patient);
    await second.end("SIGKILL");
    const calls = count("etl.load rollback");
    const third = workspace.start("scheduler");
    // The callback was cut short, and is called again.
    await expect.poll(() => count("etl.load rollback"), patient).toBeGreaterThan(calls);
    await vi.waitUntil(isWaiting, patient);
    const { stdout } = await workspace.memodag(["runs", "show", dagId, "latest"]);
    expect(stdout).toMatch(/etl\.load +scheduled +1 +waiting for the rollback of transaction etl/);
    expect(count("etl.load ran")).toBe(1);
    workspace.write("fixed", "");
    rmSync(workspace.path(hold));
    await expect.poll(() => leftOf(dagId), patient).toEqual(COMMITTED);
    await expect.poll(async () => (await metastore.callbacks.listOwners()).length, patient).toBe(0);
    const notes = notesOf(dagId);
    const [undone, ranAgain] = [notes.indexOf("etl rollback ended"), notes.lastIndexOf("etl.load ran")];
    expect(notes.slice(0, undone).filter((note) => note === "etl.load rollback ended")).toHaveLength(1);
    expect(ranAgain).toBeGreaterThan(undone);
    expect(count("etl.load ran")).toBe(2);
    expect(called(dagId).toSorted()).toEqual([
      "etl commit",
      "etl rollback",
      "etl.load commit",
      "etl.load rollback",
      "etl.process commit",
    ]);
    expect(await statusesOf(dagId)).toEqual(["populated", "skipped"]);
    expect(await third.end("SIGTERM")).toBe(0);
  });
});
