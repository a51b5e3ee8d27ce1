// Callbacks, XComs and variables as a user has them: the real command, real workers.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { whenWritten } from "./signal-files.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const toldDag = `import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { Dag, getContext } from "memodag";

const tell = ({ event, task, taskInstance, error }) =>
  appendFileSync("../told.log", JSON.stringify([event, task.taskId, taskInstance.state,
    taskInstance.tryNumber, taskInstance.cacheStatus, error?.message ?? null]) + "\\n");

export const dag = new Dag("told", { defaultArgs: { onSuccess: tell, onFailure: tell, onRetry: tell } });
const fine = dag.task("fine", () => 1, { cache: true })();
dag.task("moody", () => {
  if (getContext().taskInstance.tryNumber < 2) throw new Error("once more");
  return 2;
}, { retries: 1, retryDelay: 0 })().after(fine);
dag.task("clumsy", () => 3, { onSuccess: () => { throw new RangeError("no such channel"); } })();
dag.command("program", { command: ["sh", "-c", "exit 7"] })();
`;

const nightDag = `import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { Dag } from "memodag";

export const dag = new Dag("night");
dag.task("it", () => { throw new Error("no rows"); }, {
  onFailure: async ({ dagRun, error }) => {
    if (existsSync("../awake")) {
      appendFileSync("../woken", dagRun.runId + ": " + error.message + "\\n");
      return;
    }
    writeFileSync("../calling", String(process.pid));
    await new Promise(() => setInterval(() => {}, 1e6));
  },
})();
dag.task("other", () => 1)();
`;

const bigDag = `import { Dag, getClient, getContext } from "memodag";

export const dag = new Dag("big");
const make = dag.task("make", () => {
  getContext().xcom.push("note", { rows: 3 });
  return "x".repeat(10_000_000);
}, { cache: true });
const measure = dag.task("measure", ({ text }: { text: string }) => text.length, { cache: true });
const pull = dag.task("pull", async () => {
  const client = getClient();
  const text = await client.getXCom<string>({ taskId: "make", key: "return_value" });
  const note = await client.getXCom({ taskId: "make", key: "note" });
  const none = await client.getXCom({ taskId: "measure", key: "note" });
  return [text?.length ?? 0, note, none, await client.getVariable("region"), await client.getVariable("level")];
});
const text = make();
pull().after(measure({ text }));
`;

describe("callbacks, XComs and variables", () => {
  let workspace: Workspace;

  beforeAll(() => {
    workspace = new Workspace({
      config: '[[variables]]\nname = "region"\nvalue = "eu"\n',
      dags: { "told.ts": toldDag, "night.ts": nightDag, "big.ts": bigDag },
    });
  });
  afterAll(() => workspace.remove());

  const told = (): unknown[] =>
    readFileSync(workspace.path("told.log"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown)
      .sort();

  it("callbacks are called before the command ends, and change nothing", async () => {
    const report = await workspace.json<RunReport>("dags", "run", "told");
    const states = Object.fromEntries(report.tasks.map(({ taskId, state }) => [taskId, state]));
    expect(states).toEqual({ fine: "success", moody: "success", clumsy: "success", program: "failed" });
    expect(told()).toEqual([
      ["failure", "program", "failed", 1, "disabled", expect.stringContaining("exited with code 7")],
      ["retry", "moody", "up_for_retry", 1, "disabled", "once more"],
      ["success", "fine", "success", 1, "miss", null],
      ["success", "moody", "success", 2, "disabled", null],
    ]);
    const logs = await workspace.memodag(["tasks", "logs", "told", report.runId, "clumsy"]);
    expect(logs.stdout).toMatch(/RangeError: no such channel/);
    expect(logs.stdout).toMatch(/WARN +the success callback failed after .*callback_failed: no such channel/);
  });

  it("callbacks are called for a hit, which starts no other process, and can tell", async () => {
    const before = told().length;
    const report = await workspace.json<RunReport>("dags", "run", "told");
    const fine = report.tasks.find(({ taskId }) => taskId === "fine");
    expect(fine).toMatchObject({ state: "success", cacheStatus: "hit", tryNumber: 0 });
    expect(told()).toHaveLength(before + 4);
    expect(told()).toContainEqual(["success", "fine", "success", 0, "hit", null]);
  });

  it("a callback whose scheduler was killed is called again by the next", async () => {
    const command = workspace.start("dags", "run", "night");
    await whenWritten(workspace.path("calling"));
    await command.end("SIGKILL");
    workspace.write("awake", "");
    const next = await workspace.json<RunReport>("dags", "run", "night");
    expect(next.state).toBe("failed");
    const runs = await workspace.json<{ runId: string }[]>("runs", "list", "night");
    expect(runs).toHaveLength(2);
    const woken = readFileSync(workspace.path("woken"), "utf8").trimEnd().split("\n").sort();
    expect(woken).toEqual(runs.map(({ runId }) => `${runId}: no rows`).sort());
  });

  it("10 MB go from task to task, are pulled, and hit", async () => {
    const first = await workspace.json<RunReport>("dags", "run", "big");
    expect(first).toMatchObject({ state: "success", cache: { hit: 0, populated: 2 } });
    const pulled = await workspace.json<Record<string, unknown>>("tasks", "xcom", "big", first.runId, "pull");
    expect(pulled["return_value"]).toEqual([10_000_000, { rows: 3 }, null, "eu", null]);

    const { stdout } = await workspace.memodag(["dags", "run", "big", "--json"], { MEMODAG_VAR_LEVEL: "3" });
    const second = JSON.parse(stdout) as RunReport;
    expect(second).toMatchObject({ state: "success", processesSpawned: 1, cache: { hit: 2 } });
    const again = await workspace.json<Record<string, unknown>>("tasks", "xcom", "big", second.runId, "pull");
    expect(again["return_value"]).toEqual([10_000_000, { rows: 3 }, null, "eu", "3"]);
  });
});
