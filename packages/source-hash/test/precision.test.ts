import { describe, expect, test } from "vitest";
import type { SourceHashes } from "@memodag/source-hash";
import { hashProject, lockOf, taskOf } from "./support/hash-project.ts";

const hash = (source: string): Promise<SourceHashes> => hashProject({ "dag.ts": source });

const DAG = `import { Dag } from "memodag";
enum Kind { Small = 1, Large }
const PATHS = { input: "in.json", nested: { output: "out.json" } } as const;
const DEPTHS = [2, 3];
const NAMES = Object.freeze(["x", "y"]);
const TABLE = new Map([["a", 1], ["b", 2]]);
const LIMIT = Math.max(1, 2) * 10;
class Model { static kind = "m"; #size = 1; grow() { this.#size++; return this.#size } }
const retrying = (handler: (args: any) => unknown, times = 2) => async (args: any) => {
  for (let i = 0; i < times; i++) try { return await handler(args) } catch {}
};
export const dag = new Dag("d", { params: { species: "Adelie" }, tags: [...NAMES] });
const load = dag.task("load", async ({ path }: { path: string }) => path + LIMIT, { cache: true });
const loaded = load({ path: PATHS.nested.output });
for (const depth of DEPTHS) dag.task("deep-" + depth, () => depth)();
for (let i = 0; i < 2; i++) dag.task("count-" + i, () => i)();
const mapped = NAMES.map((name) => dag.task("map-" + name, () => name)());
function place(target: Dag, region: string) {
  const step = target.task("in-" + region, () => region);
  return step();
}
const eu = place(dag, "eu");
place(dag, "us").after(eu);
dag.task("wrapped", retrying(async ({ n }) => n + 1))({ n: 1 });
async function named() { return new Model().grow() + Kind[1]!.length }
dag.task(named)();
dag.task("table", () => TABLE.get("a"))().before(loaded, eu);
const seen = dag.sensor("seen", ({ path }) => path.length > LIMIT, { mode: "reschedule" })({ path: loaded });
dag.triggerDagRun("other", { dagId: "other", conf: { loaded, limit: LIMIT } }).after(seen);
dag.waitForDagRun({ taskId: "another", dagId: "another", timeout: "1h" }).before(eu);
if (LIMIT > 5) dag.task("if", () => "if")();
`;

describe("a Dag file that only declares", () => {
  test("has no impure statement", async () => {
    expect((await hash(DAG)).impureStatements).toEqual([]);
  });

  test("an impure statement is reported with its place", async () => {
    const { impureStatements } = await hash(`${DAG}[LIMIT].sort();\n`);
    const line = DAG.split("\n").length;
    expect(impureStatements).toEqual([
      { path: expect.stringContaining("dag.ts"), line, text: "[LIMIT].sort();" },
    ]);
  });

  test.each([
    ["load", "path + LIMIT", "path + LIMIT + 1"],
    ["deep-2", "() => depth)", "() => depth + 1)"],
    ["count-1", "() => i)", "() => i + 1)"],
    ["map-x", "() => name)", "() => name + 1)"],
    ["in-eu", "() => region)", "() => region + 1)"],
    ["wrapped", "({ n }) => n + 1", "({ n }) => n + 2"],
    ["named", "new Model().grow()", "new Model().grow() * 2"],
    ["table", `TABLE.get("a")`, `TABLE.get("b")`],
    ["seen", "path.length > LIMIT", "path.length >= LIMIT"],
    ["if", `() => "if"`, `() => "of"`],
  ])("a handler's body is in the hash of its own task alone: %s", async (id, from, to) => {
    expect(DAG).toContain(from);
    const [before, after] = [await hash(DAG), await hash(DAG.replace(from, to))];
    const changed = [...before.tasks.keys()].filter(
      (key) => taskOf(before, key).hash !== taskOf(after, key).hash,
    );
    const family = id.replace(/-.*/, "-");
    expect(changed).toContain(`d.${id}`);
    expect(changed.filter((key) => key !== `d.${id}` && !key.startsWith(`d.${family}`))).toEqual([]);
  });

  test.each([
    ["another element to go through", "[2, 3]", "[2, 3, 4]"],
    ["another argument", `path: PATHS.nested.output`, `path: PATHS.input`],
    ["another option", "{ cache: true }", "{ cache: true, retries: 4 }"],
    ["another order", ".after(eu)", ""],
    ["the Dag's params", `"Adelie"`, `"Gentoo"`],
    ["another call of a factory of tasks", `place(dag, "us")`, `place(dag, "jp");place(dag, "us")`],
  ])("%s changes no other hash", async (_, from, to) => {
    const [before, after] = [await hash(DAG), await hash(DAG.replace(from, to))];
    const changed = [...before.tasks.keys()].filter(
      (key) => taskOf(before, key).hash !== taskOf(after, key).hash,
    );
    expect(changed).toEqual([]);
  });

  test("every task's hash is of a slice, with nothing to warn of", async () => {
    const { tasks } = await hash(DAG);
    expect([...tasks.values()].map(({ mode }) => mode)).not.toContain("whole_graph");
    expect([...tasks.values()].flatMap(({ warnings }) => warnings)).toEqual([]);
  });

  test("components name what a task reaches", async () => {
    const { components } = taskOf(await hash(DAG), "d.named");
    const names = components.map(({ kind, name }) => `${kind} ${name}`);
    expect(names).toEqual(expect.arrayContaining(["function named", "class Model", "variable Kind"]));
    expect(components.every(({ path }) => path.endsWith("dag.ts"))).toBe(true);
  });
});

describe("a CommonJS source that requires a package", () => {
  const files = {
    "dag.ts": `import { Dag } from "memodag";
import { separator } from "./old.cjs";
export const dag = new Dag("d");
dag.task("old", () => separator)();
dag.task("new", () => 1)();
`,
    "old.cjs": `exports.separator = require("node:path").sep;\nexports.left = () => require("left");\n`,
  };
  const lock = (version: string): string =>
    lockOf({ "node_modules/left": { version, integrity: `sha512-${version}` } });

  test("leads to that package, and no further", async () => {
    const before = await hashProject(files, { lock: lock("1.0.0") });
    const after = await hashProject(files, { lock: lock("1.0.1") });
    expect(taskOf(before, "d.old")).toMatchObject({ mode: "slice", warnings: [] });
    expect(taskOf(after, "d.old").hash).not.toBe(taskOf(before, "d.old").hash);
  });

  test("covers the whole graph when what it requires is computed", async () => {
    const computed = { ...files, "old.cjs": `exports.separator = (x) => require(x);` };
    const source = taskOf(await hashProject(computed), "d.old");
    expect(source.mode).toBe("whole_graph");
    expect(source.warnings.join()).toContain("computed require()");
  });
});
