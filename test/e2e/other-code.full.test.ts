// What a worker loads is other code than the Dag was read with: never a result for later runs.

import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

/** `edit` does to the installed packages what the run's params say, and `use` loads them afterwards. */
const DAG = `import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { Dag, getContext } from "memodag";
import { value } from "dep";
export const dag = new Dag("d", { params: { how: "" } });
const edit = dag.task("edit", () => {
  const { params } = getContext();
  const folder = process.cwd() + "/node_modules/";
  if (params.how === "in place") writeFileSync(folder + "deep/index.js", "export const value = 2;");
  if (params.how === "link") {
    rmSync(folder + "dep");
    symlinkSync(".pnpm/dep-2/node_modules/dep", folder + "dep");
  }
  return "done";
});
const use = dag.task("use", (_: { done: string }) => value, { cache: true });
const lazy = dag.task("lazy", async (_: { done: string }) => (await import("dep")).value, { cache: true });
const done = edit({});
use({ done });
lazy({ done });
`;

let workspace: Workspace;

function install(name: string, code: string, place = `dags/node_modules/${name}`): void {
  const manifest = { name, version: "1.0.0", type: "module", exports: "./index.js" };
  workspace.write(`${place}/package.json`, JSON.stringify(manifest));
  workspace.write(`${place}/index.js`, code);
}

beforeEach(async () => {
  workspace = new Workspace({ dags: { "d.ts": DAG } });
  await workspace.memodag(["db", "migrate"]);
  mkdirSync(workspace.path("dags/node_modules"), { recursive: true });
});

afterEach(async () => {
  await workspace.remove();
});

interface Ran {
  readonly value: unknown;
  readonly status: string | null;
  readonly reason: string | null;
}

async function run(how: string, taskId: string): Promise<Ran> {
  const report = await workspace.json<RunReport>("dags", "run", "d", "--param", `how="${how}"`);
  const task = report.tasks.find((each) => each.taskId === taskId);
  const values = await workspace.json<{ return_value: unknown }>("tasks", "xcom", "d", report.runId, taskId);
  return {
    value: values.return_value,
    status: task?.cacheStatus ?? null,
    reason: task?.cacheReason ?? null,
  };
}

describe("a package that changes between reading and running", () => {
  it("in place, though another one needs it, is noticed, and stored for no one", async () => {
    install("dep", `export { value } from "deep";`);
    install("deep", "export const value = 1;");
    expect(await run("in place", "use")).toEqual({
      value: 2,
      status: "uncacheable",
      reason: "code_changed(package deep is not what the Dag was read with)",
    });
    install("deep", "export const value = 1;");
    expect(await run("", "use")).toMatchObject({ value: 1, status: "populated" });
    expect(await run("", "use")).toMatchObject({ value: 1, status: "hit" });
  });

  it("by a link that leads elsewhere is noticed, and stored for no one", async () => {
    for (const version of [1, 2]) {
      install(
        "dep",
        `export const value = ${version};`,
        `dags/node_modules/.pnpm/dep-${version}/node_modules/dep`,
      );
    }
    symlinkSync(".pnpm/dep-1/node_modules/dep", workspace.path("dags/node_modules/dep"));
    expect(await run("link", "use")).toEqual({
      value: 2,
      status: "uncacheable",
      reason: "code_changed(package dep is not what the Dag was read with)",
    });
    rmSync(workspace.path("dags/node_modules/dep"));
    symlinkSync(".pnpm/dep-1/node_modules/dep", workspace.path("dags/node_modules/dep"));
    expect(await run("", "use")).toMatchObject({ value: 1, status: "populated" });
  });

  it("and that is loaded by the handler alone, likewise", async () => {
    install("dep", `export { value } from "deep";`);
    install("deep", "export const value = 1;");
    expect(await run("in place", "lazy")).toMatchObject({ value: 2, status: "uncacheable" });
    install("deep", "export const value = 1;");
    expect(await run("", "lazy")).toMatchObject({ value: 1, status: "populated" });
  });
});

it("a handler that the environment chooses is stored for those who read the Dag with that one alone", async () => {
  workspace.write("dags/d.ts", "");
  workspace.write(
    "dags/chosen.ts",
    `import { Dag } from "memodag";
export const dag = new Dag("chosen");
const fast = () => "fast", slow = () => "slow";
dag.task("work", process.env["FAST"] ? fast : slow, { cache: { env: ["FAST"] } })({});
`,
  );
  expect((await workspace.memodag(["dags", "list"])).code).toBe(0);
  const scheduler = workspace.startWith({ FAST: "1" }, "scheduler");
  await scheduler.says("scheduler started");
  const { runId } = await workspace.json<RunReport>("dags", "trigger", "chosen", "--wait");
  expect(await workspace.json<RunReport>("runs", "show", "chosen", runId)).toMatchObject({
    tasks: [
      {
        cacheStatus: "uncacheable",
        cacheReason: "code_changed(env.FAST is not what the Dag was read with)",
      },
    ],
  });
  await scheduler.end("SIGTERM");
});
