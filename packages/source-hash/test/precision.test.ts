import { describe, expect, test } from "vitest";
import type { SourceHashes } from "@memodag/source-hash";
import { hashProject, lockOf, taskOf } from "./support/hash-project.ts";

const hash = (source: string): Promise<SourceHashes> => hashProject({ "dag.ts": source });

const DAG = `import { context, Dag, env, every, INPUTS, SOURCE } from "memodag";
import * as memodag from "memodag";
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
const DEPTH = memodag.param({ default: 3, schema: { type: "integer", minimum: LIMIT } });
const HOUSE = INPUTS.plus(SOURCE, env("HOME"), context("params.species"), memodag.version("1")).with({ ttl: "1d" });
export const dag = new Dag("d", {
  defaultArgs: { cache: HOUSE.plus(memodag.RUN_ID) },
  schedule: every("15m"), params: { species: "Adelie", depth: DEPTH }, tags: [...NAMES],
});
const load = dag.task("load", async ({ path }: { path: string }) => path + LIMIT, { cache: HOUSE.minus("path") });
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
    const { impureStatements } = await hash(`${DAG}process.title = "d";\n`);
    const line = DAG.split("\n").length;
    expect(impureStatements).toEqual([
      {
        path: expect.stringContaining("dag.ts"),
        line,
        text: `process.title = "d";`,
        reason: "it changes process",
      },
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
    ["another option", `{ cache: HOUSE`, `{ retries: 4, cache: HOUSE`],
    ["another policy", `with({ ttl: "1d" })`, `with({ ttl: "2d" })`],
    ["another order", ".after(eu)", ""],
    ["the Dag's params", `"Adelie"`, `"Gentoo"`],
    ["a param's schema", `"integer", minimum`, `"number", maximum`],
    ["the Dag's schedule", `every("15m")`, `every("1h")`],
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

const CALLBACK_DAG = `import { readFileSync } from "node:fs";
import { Dag, FailTask } from "memodag";
import send from "mailer";
const CHANNEL = { name: "ops" };
const notify = async ({ task, error }: any) => { await send(CHANNEL.name, task.taskId + error.message) };
export const dag = new Dag("d", { defaultArgs: { onFailure: notify, retries: 2, retryExponentialBackoff: true } });
const load = dag.task("load", ({ path }: { path: string }) => {
  const rows = readFileSync(path, "utf8");
  if (rows === "") throw new FailTask("no rows");
  return rows;
}, { cache: true, onSuccess: ({ taskInstance }: any) => console.log("done", taskInstance.cacheStatus) });
dag.task("count", ({ rows }: { rows: string }) => rows.length, { onRetry: notify, onFailure: async (c: any) => { await notify(c); } })({
  rows: load({ path: "in.csv" }),
});
`;

describe("a Dag file with callbacks", () => {
  test("has no impure statement, and every hash is of a slice", async () => {
    const { impureStatements, tasks } = await hash(CALLBACK_DAG);
    expect(impureStatements).toEqual([]);
    expect([...tasks.values()].map(({ mode }) => mode)).not.toContain("whole_graph");
  });

  test.each([
    ["a callback's body", `"done"`, `"over"`],
    ["what a callback reaches", `"ops"`, `"nights"`],
    ["which callback it is", "onRetry: notify", "onSuccess: notify"],
    ["a callback of every task", "onFailure: notify,", ""],
    ["how long is waited", "retryExponentialBackoff: true", "retryExponentialBackoff: 3"],
  ])("%s changes no hash", async (_, from, to) => {
    expect(CALLBACK_DAG).toContain(from);
    const [before, after] = [await hash(CALLBACK_DAG), await hash(CALLBACK_DAG.replace(from, to))];
    for (const [key, { hash: known }] of before.tasks) expect(taskOf(after, key).hash).toBe(known);
  });
});

describe("a Dag file with transactions and key functions", () => {
  const TRANSACTION_DAG = `import { Dag, INPUTS, KEY, SOURCE } from "memodag";
import * as memodag from "memodag";
const byLength = ({ path }: { path: string }) => path.length;
const HOUSE = INPUTS.minus("path").plus(SOURCE, KEY(byLength, { pure: true }));
export const dag = new Dag("d");
const load = dag.transaction("load", { commit: "lazy", onRollback: () => undefined });
const rows = load.task("fetch", ({ path }: { path: string }) => [path], { cache: HOUSE })({ path: "a" });
const small = load.task("small", () => 1, { cache: { key: byLength } })().after(rows);
load.commitWhen(load.task("check", () => true, { cache: memodag.KEY(() => 1).plus(SOURCE) })().after(small));
dag.task("other", () => 2)().after(load);
`;

  test("has no impure statement, and a key function is in no task's own hash", async () => {
    const before = await hash(TRANSACTION_DAG);
    expect(before.impureStatements).toEqual([]);
    const after = await hash(TRANSACTION_DAG.replace("=> path.length", "=> path.length + 1"));
    expect(new Map([...after.tasks].map(([key, { hash: digest }]) => [key, digest]))).toEqual(
      new Map([...before.tasks].map(([key, { hash: digest }]) => [key, digest])),
    );
  });
});

const BRANCHING_DAG = `import { Dag } from "memodag";
import * as memodag from "memodag";
export const dag = new Dag("d");
const extract = dag.taskGroup("extract");
const north = extract.task("north", () => ({ rows: 1 }));
const far = extract.taskGroup("far");
const south = far.task("south", () => ({ rows: 2 }));
const clean = dag.task("clean", ({ rows }: { rows: number }) => rows);
const split = dag.task("split", ({ x }: { x: number }) => x);
const parted = split({ x: clean({ rows: north().field("rows") }) });
const regions = ["eu", "us"].map((region) => dag.task("of-" + region, () => region)());
const gather = dag.task("gather", ({ all, far }: { all: string[]; far: number }) => all.length + far);
gather({ all: regions, far: south().field("rows") }).after(extract, parted);
const daily = dag.task("daily", () => "every day");
const weekly = dag.task("weekly", () => "every week");
const onDays = daily();
const onWeeks = weekly();
const byDay = daily.taskId;
const ran = dag.task("ran", () => true);
dag.if(ran()).then(onDays).else(far);
const asked = dag.task("asked", () => 1);
dag.switch(asked()).case(1, onDays).case(2, onWeeks).default(extract);
const picked = dag.task("picked", () => (byDay ? "daily" : "weekly"));
dag.switch(picked()).case(onDays).case(onWeeks);
dag.if(async function hasMany({ all }: { all: string[] }) { return all.length > 1 }, { all: regions }).then(onDays);
async function today() { return byDay ? onDays : onWeeks }
dag.switch(today, {}, { taskId: "today", retries: 1 }).case(onDays).case(onWeeks);
dag.task(memodag.triggerDagRun({ dagId: "other", conf: { days: onDays } }), { taskId: "told" })().after(onDays);
extract.before(parted);
`;

describe("a Dag file with groups and branches", () => {
  test("has no impure statement, and every hash is of a slice", async () => {
    const { impureStatements, tasks } = await hash(BRANCHING_DAG);
    expect(impureStatements).toEqual([]);
    expect([...tasks.values()].map(({ mode }) => mode)).not.toContain("whole_graph");
    expect([...tasks.values()].flatMap(({ warnings }) => warnings)).toEqual([]);
    expect([...tasks.keys()]).toContain("d.extract.far.south");
  });

  test.each([
    ["d.extract.north", "rows: 1", "rows: 3"],
    ["d.extract.far.south", "rows: 2", "rows: 3"],
    ["d.clean", "=> rows)", "=> rows + 1)"],
    ["d.weekly", `"every week"`, `"each week"`],
    ["d.gather", "all.length + far", "all.length - far"],
    ["d.hasMany", "all.length > 1", "all.length > 2"],
  ])("a handler's body is in the hash of its own task alone: %s", async (id, from, to) => {
    expect(BRANCHING_DAG).toContain(from);
    const [before, after] = [await hash(BRANCHING_DAG), await hash(BRANCHING_DAG.replace(from, to))];
    const changed = [...before.tasks.keys()].filter(
      (key) => taskOf(before, key).hash !== taskOf(after, key).hash,
    );
    expect(changed).toEqual([id]);
  });

  test.each([
    ["another side", "then(onDays)", "then(onWeeks)"],
    ["another case", ".case(2, onWeeks)", ".case(3, onWeeks)"],
    ["no default", ".default(extract)", ""],
    ["no edge", "extract.before(parted);", ""],
    ["other arguments", "{ all: regions,", "{ all: [onDays],"],
  ])("%s changes no hash", async (_, from, to) => {
    expect(BRANCHING_DAG).toContain(from);
    const [before, after] = [await hash(BRANCHING_DAG), await hash(BRANCHING_DAG.replace(from, to))];
    const changed = [...before.tasks.keys()].filter(
      (key) => taskOf(before, key).hash !== taskOf(after, key).hash,
    );
    expect(changed).toEqual([]);
  });

  test.each([
    `clean({ rows: [1].map((n) => ({ get rows() { return count(n); } })) as never });`,
    `clean({ rows: [1].map((n) => made(n)) as never });\nfunction made(n: number) { return { get n() { return count(n); } }; }`,
    `const odd = { get n() { return count(1); } };\nclean({ rows: [odd].map((n) => n) as never });`,
    `clean({ rows: [1].map(async (n) => count(n)) as never });`,
  ])(
    "a mapped list that runs code when it is read is in the hash of what that changes: %s",
    async (statement) => {
      const dag = (n: number): string => `${BRANCHING_DAG}let counted = 0;
function count(n: number) { counted += n * ${n}; return n; }
dag.task("counted", () => counted)();
${statement}
`;
      const [before, after] = [await hash(dag(1)), await hash(dag(2))];
      const changed = [...before.tasks.keys()].filter(
        (key) => taskOf(before, key).hash !== taskOf(after, key).hash,
      );
      expect(changed).toEqual(["d.counted"]);
    },
  );

  test("a task that returns a task to choose it depends on which it is, and not on what that does", async () => {
    const choosing = (choice: string, weeklyText: string): string => `import { Dag } from "memodag";
export const dag = new Dag("d");
const daily = dag.task("daily", () => "every day")();
const weekly = dag.task("weekly", () => "${weeklyText}")();
const pick = dag.task("pick", () => ${choice})();
dag.switch(pick).case(daily).case(weekly);
`;
    const of = async (choice: string, text: string) =>
      taskOf(await hash(choosing(choice, text)), "d.pick").hash;
    expect(await of("weekly", "every week")).toBe(await of("weekly", "each week"));
    expect(await of("weekly", "every week")).not.toBe(await of("daily", "every week"));
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

describe("a Dag file that serves its Dags, as in Airflow's TypeScript SDK", () => {
  const DAGS = `import { approval, Bundle, Dag, hitl } from "memodag";
const words = (report: string) => report + "?";
export const one = new Dag("one", { queue: "typescript" });
const report = one.task("report", async () => "r")();
const ok = one.task("ok", approval({ subject: ({ report }: { report: string }) => words(report) }))({ report });
ok.before(one.task("publish", async () => "p")());
export const two = new Dag("two");
two.task("size", hitl({ subject: "How large?", options: ["s", "l"] }))();
two.task("use", async () => "u")();
`;
  const ENDS = {
    "in one expression": "await new Bundle(one, two).serve();\n",
    "step by step": `const bundle = new Bundle();
bundle.register(one, two);
await bundle.serve();
`,
  };

  test.each(Object.entries(ENDS))("has no impure statement: %s", async (_, end) => {
    const before = await hash(DAGS + end);
    expect(before.impureStatements).toEqual([]);
    const after = await hash(DAGS.replace(`"p")`, `"q")`) + end);
    const changed = [...before.tasks.keys()].filter(
      (key) => taskOf(before, key).hash !== taskOf(after, key).hash,
    );
    expect(changed).toEqual(["one.publish"]);
  });

  test("may not have its Bundle changed", async () => {
    const changed = `Bundle.prototype.register = (dag) => { dag?.task("other", () => 1)() };\n`;
    const { impureStatements } = await hash(DAGS + changed + ENDS["step by step"]);
    expect(impureStatements.length).toBeGreaterThan(0);
  });
});
