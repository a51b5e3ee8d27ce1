// Key functions of Dag files, with real processes: their code counts, pure ones need no process, and explanations name them.

import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const DOCS = [
  { id: "a", etag: 1 },
  { id: "b", etag: 2 },
];

interface Written {
  /** What a key function does to an etag. */
  readonly norm?: string;
  readonly docs?: readonly { readonly id: string; readonly etag: number }[];
  /** What the tasks do, besides. */
  readonly body?: string;
}

const file = ({
  norm = "etag",
  docs = DOCS,
  body = "",
}: Written): string => `import { Dag, INPUTS, KEY, SOURCE } from "memodag";
import { readFileSync } from "node:fs";
const norm = (etag: number) => ${norm};
type Doc = { id: string; etag: number };
export const dag = new Dag("keyed");
const parse = dag.task("parse", ({ doc }: { doc: Doc }) => {${body} return doc.id; }, {
  cache: INPUTS.minus("doc").plus(SOURCE, KEY(({ doc }: { doc: Doc }) => norm(doc.etag), { pure: true })),
});
const parsed = parse.expand({ doc: ${JSON.stringify(docs)} });
dag.task("sum", ({ all }: { all: string[] }) => all.length, {
  cache: { key: { of: ({ all }) => all.join(), pure: true } },
})({ all: parsed });
export const fields = new Dag("fields");
fields.task("it", ({ doc }: { doc: Doc }) => doc.etag, { cache: { inputs: { doc: ["etag", "gone"] } } })({
  doc: ${JSON.stringify(docs[1])},
});
export const impure = new Dag("impure");
impure.task("it", () => 1, { cache: { key: () => readFileSync("stamp", "utf8") } })({});
`;

let workspace: Workspace;
beforeAll(() => {
  workspace = new Workspace({ dags: { "keyed.ts": file({}), stamp: "1" } });
});
afterAll(() => workspace.remove());

interface Ran {
  readonly statuses: readonly (string | null)[];
  readonly processesSpawned: number;
}

async function run(dagId = "keyed"): Promise<Ran> {
  const { tasks, processesSpawned } = await workspace.json<RunReport>("dags", "run", dagId);
  return { statuses: tasks.map(({ cacheStatus }) => cacheStatus), processesSpawned };
}

it("starts one process for the functions of a file, and none where all answers are remembered", async () => {
  // Two of parse, one of sum, and one that answers for all of them.
  expect(await run()).toEqual({ statuses: ["populated", "populated", "populated"], processesSpawned: 4 });
  expect(await run()).toEqual({ statuses: ["hit", "hit", "hit"], processesSpawned: 0 });
  // What the function leaves out does not count.
  workspace.write(
    "dags/keyed.ts",
    file({
      docs: [
        { id: "other", etag: 1 },
        { id: "b", etag: 2 },
      ],
    }),
  );
  expect((await run()).statuses).toEqual(["hit", "hit", "hit"]);
});

it("has the code of the function in the key, and says what changed", async () => {
  workspace.write(
    "dags/keyed.ts",
    file({
      docs: [
        { id: "a", etag: 1 },
        { id: "b", etag: 3 },
      ],
    }),
  );
  expect((await run()).statuses).toEqual(["hit", "populated", "hit"]);
  const answer = await workspace.memodag([
    "cache",
    "explain",
    "keyed",
    "latest",
    "parse",
    "--map-index",
    "1",
  ]);
  expect(answer.stdout).toMatch(/key +key +2 +3/);

  // The function means something else, whatever it answers.
  workspace.write("dags/keyed.ts", file({ norm: "etag * 1" }));
  expect((await run()).statuses).toEqual(["populated", "populated", "hit"]);
  const code = await workspace.memodag(["cache", "explain", "keyed", "latest", "parse", "--map-index", "0"]);
  expect(code.stdout).toMatch(/source +key function/);
});

it("asks a function that is not pure each time, and once more after the task", async () => {
  expect(await run("impure")).toEqual({ statuses: ["populated"], processesSpawned: 2 });
  expect(await run("impure")).toEqual({ statuses: ["hit"], processesSpawned: 1 });
  workspace.write("dags/stamp", "2");
  expect((await run("impure")).statuses).toEqual(["populated"]);
});

it("says which field of an argument changed, where fields stand for it", async () => {
  workspace.write("dags/keyed.ts", file({}));
  expect((await run("fields")).statuses).toEqual(["populated"]);
  workspace.write(
    "dags/keyed.ts",
    file({ docs: [DOCS[0] ?? { id: "a", etag: 1 }, { id: "other", etag: 2 }] }),
  );
  expect((await run("fields")).statuses).toEqual(["hit"]);
  workspace.write("dags/keyed.ts", file({ docs: [DOCS[0] ?? { id: "a", etag: 1 }, { id: "b", etag: 4 }] }));
  expect((await run("fields")).statuses).toEqual(["populated"]);
  const { stdout } = await workspace.memodag(["cache", "explain", "fields", "latest", "it"]);
  expect(stdout).toMatch(/input +doc\.etag /);
  expect(stdout).not.toContain("doc.gone");
  const causes = await workspace.memodag(["cache", "explain", "fields", "latest"]);
  expect(causes.stdout).toContain("it: input doc.etag changed");
});

it("shows which functions authors vouch for", async () => {
  const { stdout } = await workspace.memodag(["dags", "show", "keyed"]);
  expect(stdout).toContain("the key function of parse depends on the arguments alone");
});
