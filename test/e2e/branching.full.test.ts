// A Dag file in the shape of Airflow's TypeScript SDK: groups, if, switch, edges between them, another Dag's run.

import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const regionsDag = `import { Dag, getContext } from "memodag";

export const dag = new Dag("regions", {
  schedule: "@daily", catchup: false, tags: ["regions"], params: { north: 3, cadence: "weekly" },
});

const read = dag.taskGroup("read");
const readNorth = read.task("north", async () => ({ rows: getContext().params.north as number }));
const readSouth = read.task("south", async () => ({ rows: 0 }));

const sum = dag.task("sum", async ({ north, south }: { north: { rows: number }; south: { rows: number } }) => ({
  total: north.rows + south.rows,
}));
const summed = sum({ north: readNorth(), south: readSouth() });

const stored = dag.task("store", async () => "stored")();
const empty = dag.taskGroup("empty");
const warned = empty.task("warn", async () => "warned")();
const closed = empty.task("close", async () => "closed", { triggerRule: "always" })();
closed.after(warned);
const hasRows = dag.task("has_rows", async ({ sum }: { sum: { total: number } }) => sum.total > 0, { cache: true });
dag.if(hasRows({ sum: summed })).then(stored).else(empty);

const daily = dag.task("daily", async () => "daily")();
const weekly = dag.task("weekly", async () => "weekly")();
const pick = dag.task(
  "pick",
  async () => (getContext().params.cadence === "weekly" ? weekly : daily),
  { cache: { includeInputs: ["params.cadence"] } },
);
const picked = pick();
dag.switch(picked).case(daily).case(weekly);
read.before(picked);

const cleaned = dag.task("clean", async () => undefined, { triggerRule: "all_done" })();
cleaned.after(stored, empty, daily, weekly);

export const report = new Dag("report");
report.task("write", async () => "written")();
dag.triggerDagRun({ taskId: "trigger_report", dagId: "report", conf: { triggered_by: "regions" } }).after(cleaned);
`;

const wrongDag = `import { Dag } from "memodag";

export const dag = new Dag("wrong");
const ok = dag.task("ok", () => true)();
dag.if(ok).then(new Dag("other").task("elsewhere", () => 1)());
`;

describe("a Dag with groups and branches", () => {
  let workspace: Workspace;

  beforeAll(async () => {
    workspace = new Workspace({ dags: { "regions.ts": regionsDag } });
    await workspace.memodag(["db", "migrate"]);
  });
  afterAll(() => workspace.remove());

  async function run(...params: string[]) {
    const args = params.flatMap((param) => ["--param", param]);
    const report = await workspace.json<RunReport>("dags", "run", "regions", ...args);
    const states = Object.fromEntries(report.tasks.map(({ taskId, state }) => [taskId, state]));
    const hits = report.tasks.filter(({ cacheStatus }) => cacheStatus === "hit").map(({ taskId }) => taskId);
    return { state: report.state, states, hits };
  }

  it("runs what is chosen, by a worker's answer and by a stored one", async () => {
    const expected = {
      "read.north": "success",
      "read.south": "success",
      sum: "success",
      has_rows: "success",
      store: "success",
      "empty.warn": "skipped",
      "empty.close": "skipped",
      pick: "success",
      daily: "skipped",
      weekly: "success",
      clean: "success",
      trigger_report: "success",
    };
    expect(await run()).toEqual({ state: "success", states: expected, hits: [] });
    const again = await run();
    expect(again.states).toEqual(expected);
    expect(again.hits.toSorted()).toEqual(["has_rows", "pick"]);
  });

  it("runs the other sides when the answers are others", async () => {
    const { state, states } = await run("north=0", "cadence=daily");
    expect(state).toBe("success");
    expect(states).toMatchObject({
      store: "skipped",
      "empty.warn": "success",
      "empty.close": "success",
      daily: "success",
      weekly: "skipped",
      clean: "success",
    });
  });

  it("shows what each task chooses", async () => {
    const { stdout } = await workspace.memodag(["dags", "show", "regions"]);
    expect(stdout).toContain("false: empty.close, empty.warn; true: store");
    expect(stdout).toContain("daily; weekly");
    const { tasks } = await workspace.json<{ tasks: { taskId: string; branch: unknown }[] }>(
      "dags",
      "show",
      "regions",
    );
    const branches = tasks.filter(({ branch }) => branch !== null).map(({ taskId }) => taskId);
    expect(branches.toSorted()).toEqual(["has_rows", "pick"]);
  });

  it("says where a Dag file branches to what it cannot", async () => {
    workspace.write("dags/wrong.ts", wrongDag);
    expect((await workspace.memodag(["dags", "run", "wrong"])).code).toBe(2);
    const { stdout } = await workspace.memodag(["dags", "errors"]);
    expect(stdout).toContain(
      'task "ok": it refers to task "elsewhere" of Dag "other": declare it in this Dag',
    );
    expect(stdout).toContain("wrong.ts:5");
  });
});
