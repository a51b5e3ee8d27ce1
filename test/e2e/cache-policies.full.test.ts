// Policies, shared results and expiries, with real workers and the code of Dag files.

import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const LIB = `import { INPUTS, SOURCE, RUN_ID, version } from "memodag";
export const HOUSE = INPUTS.plus(SOURCE).with({ ttl: "30d" });
export const BY_VERSION = INPUTS.plus(version("1"));
export { RUN_ID };
export const embed = ({ text }: { text: string }) => text.length;
`;

const sharing = (dagId: string): string => `import { Dag } from "memodag";
import { embed } from "./lib/house.ts";
export const dag = new Dag("${dagId}");
dag.task("embed-in-${dagId}", embed, { cache: { share: "embed" } })({ text: "abc" });
`;

const policies = (added: string): string => `import { Dag, getContext } from "memodag";
import { BY_VERSION, HOUSE, RUN_ID } from "./lib/house.ts";
export const dag = new Dag("policies", { defaultArgs: { cache: HOUSE } });
dag.task("minus", ({ of }: { of: string; at: number }) => of, { cache: HOUSE.minus("at") })({ of: "a", at: ${added} });
dag.task("in-run", ({ of }: { of: string }) => of, { cache: HOUSE.plus(RUN_ID) })({ of: "a" });
dag.task("versioned", ({ of }: { of: string }) => of + ${added}, { cache: BY_VERSION })({ of: "a" });
dag.task("named", () => getContext().dag.dagId, { cache: { share: "named" } })({});
dag.task("signed", () => {
  getContext().cache.expireAt("2020-01-01T00:00Z");
  return 1;
}, { cache: true })({});
dag.task("signed-later", () => {
  getContext().cache.expireAt(new Date(Date.now() + 3_600_000));
  return 1;
}, { cache: true })({});
`;

const TASKS = ["heeds", "keyed", "projects", "reads", "versioned"];

let workspace: Workspace;
beforeAll(() => {
  workspace = new Workspace({
    dags: {
      "lib/house.ts": LIB,
      "a.ts": sharing("a"),
      "b.ts": sharing("b"),
      "policies.ts": policies("1"),
    },
  });
});
afterAll(() => workspace.remove());

async function statuses(dagId: string): Promise<Record<string, string | null>> {
  const { tasks } = await workspace.json<RunReport>("dags", "run", dagId);
  return Object.fromEntries(tasks.map(({ taskId, cacheStatus }) => [taskId, cacheStatus]));
}

it("shares results between tasks of two files that reach the same code", async () => {
  expect(await statuses("a")).toEqual({ "embed-in-a": "populated" });
  expect(await statuses("b")).toEqual({ "embed-in-b": "hit" });
});

it("reads policies of a library in Dag files, and keeps what they say", async () => {
  expect(await statuses("policies")).toEqual({
    minus: "populated",
    "in-run": "populated",
    versioned: "populated",
    named: "uncacheable",
    signed: "uncacheable",
    "signed-later": "populated",
  });
  workspace.write("dags/policies.ts", policies("2"));
  expect(await statuses("policies")).toEqual({
    minus: "hit",
    "in-run": "populated",
    versioned: "hit",
    named: "uncacheable",
    signed: "uncacheable",
    "signed-later": "hit",
  });
});

it("says in dags show and in explain what authors vouch for", async () => {
  const { stdout } = await workspace.memodag(["dags", "show", "policies"]);
  expect(stdout).toContain("at of minus is left out of its cache key: its author vouches for it");
  expect(stdout).toContain('version "1" of versioned stands in its cache key in place of its code');
  const explained = await workspace.memodag(["cache", "explain", "policies", "latest", "versioned"]);
  expect(explained.stdout).toContain('version "1" of versioned stands in its cache key in place of its code');
});

it("refuses an expiry that is no schedule, with the task", async () => {
  workspace.write(
    "dags/bad.ts",
    `import { Dag } from "memodag";
export const dag = new Dag("bad");
dag.task("it", () => 1, { cache: { expires: "tomorrow" } })({});
`,
  );
  const { stdout } = await workspace.memodag(["dags", "check"]);
  expect(stdout).toContain('Dag "bad", task "it": cache.expires');
});

it("finds tasks that read what their keys leave out, of each kind, and no other", async () => {
  const text = (at: number) => `import { Dag } from "memodag";
export const dag = new Dag("rechecked");
const doc = { id: 1, size: ${at} };
const add = ({ of, at }: { of: number; at: number }) => of + at;
const of = ({ of }: { of: number; at: number }) => of;
dag.task("reads", add, { cache: { excludeInputs: ["at"] } })({ of: 1, at: ${at} });
dag.task("heeds", of, { cache: { excludeInputs: ["at"] } })({ of: 1, at: ${at} });
dag.task("projects", ({ doc }) => doc.id + doc.size, { cache: { inputs: { doc: ["id"] } } })({ doc });
dag.task("versioned", ({ of }: { of: number }) => of + ${at}, { cache: { source: "version", version: "1" } })({ of: 1 });
dag.task("keyed", add, { cache: { excludeInputs: ["at"], key: ({ of }) => of, } })({ of: 1, at: ${at} });
`;
  workspace.write("dags/rechecked.ts", text(1));
  const all = (status: string) => Object.fromEntries(TASKS.map((id) => [id, status]));
  expect(await statuses("rechecked")).toEqual(all("populated"));
  workspace.write("dags/rechecked.ts", text(2));
  expect(await statuses("rechecked")).toEqual(all("hit"));
  const rechecked = await workspace.json<RunReport>("dags", "run", "rechecked", "--recheck", "100%");
  const reasons = rechecked.tasks.map(({ taskId, cacheReason }) => [taskId, cacheReason?.replace(/:.*/, "")]);
  expect(Object.fromEntries(reasons)).toEqual({ ...all("recheck_differs"), heeds: "recheck" });
  // The wrong results are gone, and the right one is not.
  expect(await statuses("rechecked")).toEqual({ ...all("populated"), heeds: "hit" });

  const { stdout } = await workspace.memodag(["doctor"]);
  const named = TASKS.filter((taskId) => stdout.includes(`of task "${taskId}" of Dag "rechecked"`));
  expect(named).toEqual(TASKS.filter((taskId) => taskId !== "heeds"));
  expect(stdout).toContain("at of reads is left out of its cache key");
});
