import { describe, expect, test } from "vitest";
import { hashProject, taskOf } from "./support/hash-project.ts";

/** A Dag file with the task `d.t`: `top` before it, `handler` its own code. */
function dagFile(top: string, handler: string): string {
  return `import { Dag } from "memodag";
${top}
export const dag = new Dag("d");
dag.task("t", ${handler})();
`;
}

async function hashOf(source: string): Promise<string> {
  return taskOf(await hashProject({ "dag.ts": source }), "d.t").hash;
}

type Case = readonly [title: string, source: string, edit: readonly [from: string, to: string]];

async function hashesOf([, source, [from, to]]: Case): Promise<readonly [string, string]> {
  expect(source).toContain(from);
  return [await hashOf(source), await hashOf(source.replaceAll(from, to))];
}

describe("code that looks as if it did nothing", () => {
  const cases: readonly Case[] = [
    [
      "a spread that runs a getter which was defined",
      dagFile(
        `let hits = 0;\nconst o: any = { a: 1 };\nObject.defineProperty(o, "b", { enumerable: true, get() { hits++; return 1 } });\nconst v = { ...o };`,
        `() => hits`,
      ),
      ["const v = { ...o };", ""],
    ],
    [
      "a replaced map of a list",
      dagFile(
        `let hits = 0;\nconst list: any = [1];\nlist.map = function () { hits++; return [] };\nconst ys = list.map((x: any) => x);`,
        `() => hits`,
      ),
      ["const ys = list.map((x: any) => x);", ""],
    ],
    [
      "a callback that is given its list",
      dagFile(
        `let hits = 0;\nconst evil = { get x() { hits++; return 1 } };\nconst list: any[] = [{ x: 1 }, { x: 1 }];\nlist.forEach((item, index, all) => { all[1] = evil });\nfor (const { x } of list) x;\nconst ys = list.map((item) => item.x);`,
        `() => hits`,
      ),
      ["const ys = list.map((item) => item.x);", ""],
    ],
    [
      "a getter behind a spread",
      dagFile(
        `let hits = 0;\nconst other = { input: { get x() { hits += 1; return 2 } } };\nconst paths = { input: { x: 1 }, ...other };\nconst y = paths.input.x;`,
        `() => hits`,
      ),
      ["hits += 1", "hits += 2"],
    ],
    [
      "a prototype taken out of a literal",
      dagFile(
        `let hits = 0;\nconst { __proto__: p } = [] as any;\nconst join = p.join;\np.join = function (by: any) { hits++; return join.call(this, by) };\nconst ys = [1].join();`,
        `() => hits`,
      ),
      ["const ys = [1].join();", ""],
    ],
    [
      "a prototype taken out of a constructor",
      dagFile(
        `let hits = 0;\nconst { constructor: { prototype: P } } = [] as any;\nconst join = P.join;\nP.join = function (by: any) { hits++; return join.call(this, by) };\nconst ys = [1].join();`,
        `() => hits`,
      ),
      ["const ys = [1].join();", ""],
    ],
    [
      "a well-known symbol under another name",
      dagFile(
        `let hits = 0;\nconst it = Symbol.iterator;\nconst list: any = [1];\nlist[it] = function* () { hits++ };\nconst copy = [...list];`,
        `() => hits`,
      ),
      ["const copy = [...list];", ""],
    ],
    [
      "a prototype under a name that is put together",
      dagFile(
        `let hits = 0;\nconst o: any = { a: 1 };\no["__pro" + "to__"] = { get x() { hits++; return 1 } };\nconst { x } = o;`,
        `() => hits`,
      ),
      ["const { x } = o;", ""],
    ],
    [
      "an option that was made an accessor",
      dagFile(
        `let hits = 0;\nconst options: any = { inner: { retries: 1 } };\noptions.inner = { get retries() { hits++; return 1 } };\nconst other = new Dag("o");\nother.task("x", () => 1, options);`,
        `() => hits`,
      ),
      ["hits++", "hits += 2"],
    ],
    [
      "an accessor that keeps what another task computes",
      dagFile(
        `function compute() { return 1 }\nconst cache: any = {};\nconst lazy = { get value() { return (cache.value ??= compute()) } };\nconst other = new Dag("o");\nother.task("x", compute, { doc: lazy.value } as any);`,
        `() => cache.value`,
      ),
      ["return 1 }", "return 2 }"],
    ],
    [
      "a prototype that is set by a literal and one that is a property",
      dagFile(`const __proto__ = { n: 1 };`, `() => Object.keys({ __proto__ })`),
      ["{ __proto__ })", "{ __proto__: __proto__ })"],
    ],
  ];
  test.each(cases)("%s", async (...one) => {
    const [before, after] = await hashesOf(one);
    expect(after).not.toBe(before);
  });
});

describe("the SDK's objects changed, so that another task's code matters", () => {
  const runs = `function (this: any, id: string, f: any) { if (this.dagId === "o") f(); return task.call(this, id, f) }`;
  const task = `const { task } = Dag.prototype as any;`;
  const always = `(id: string, f: any) => { f(); return () => {} }`;
  const other = `const other = new Dag("o");\nother.task("x", () => { n = 1 });`;
  const edit = ["n = 1 }", "n = 2 }"] as const;
  const cases: readonly Case[] = [
    [
      "Object.assign of a Dag",
      dagFile(
        `let n = 0;\nconst other = new Dag("o");\nObject.assign(other, { task: ${always} });\nother.task("x", () => { n = 1 });`,
        "() => n",
      ),
      edit,
    ],
    [
      "Object.assign of the prototype",
      dagFile(`${task}\nlet n = 0;\nObject.assign(Dag.prototype, { task: ${runs} });\n${other}`, "() => n"),
      edit,
    ],
    [
      "Object.defineProperty of the prototype",
      dagFile(
        `${task}\nlet n = 0;\nObject.defineProperty(Dag.prototype, "task", { value: ${runs} });\n${other}`,
        "() => n",
      ),
      edit,
    ],
    [
      "a computed name",
      dagFile(`${task}\nlet n = 0;\n(Dag.prototype as any)["ta" + "sk"] = ${runs};\n${other}`, "() => n"),
      edit,
    ],
    [
      "a package that is given the class",
      dagFile(`import patch from "patch";\nlet n = 0;\npatch(Dag);\n${other}`, "() => n"),
      edit,
    ],
    [
      "a package that is given a Dag",
      dagFile(
        `import patch from "patch";\nlet n = 0;\nconst other = new Dag("o");\npatch(other);\nother.task("x", () => { n = 1 });`,
        "() => n",
      ),
      edit,
    ],
    [
      "a package that is given all of the SDK",
      dagFile(
        `import * as sdk from "memodag";\nimport patch from "patch";\nlet n = 0;\npatch(sdk);\n${other}`,
        "() => n",
      ),
      edit,
    ],
    [
      "a helper that is given a Dag under another name",
      dagFile(
        `let n = 0;\nconst all: any[] = [];\nconst other = new Dag("o");\nall.push(other);\nfor (const one of all) Object.assign(one, { ["ta" + "sk"]: ${always} });\nother.task("x", () => { n = 1 });`,
        "() => n",
      ),
      edit,
    ],
    [
      "a wrapped method",
      dagFile(
        `let n = 0;\nconst other = new Dag("o");\nconst task = other.task.bind(other);\n(other as any).task = (id: string, f: any) => { f(); return task(id, f) };\nother.task("x", () => { n = 1 });`,
        "() => n",
      ),
      edit,
    ],
    [
      "a handler found in a task by its symbol",
      dagFile(
        `const other = new Dag("o");\nconst ref = other.task("x", () => 1)() as any;`,
        `() => Reflect.ownKeys(ref).map((key) => String(ref[key]?.handler))`,
      ),
      ["() => 1)", "() => 2)"],
    ],
    [
      "a handler found in a Dag by a registered symbol",
      dagFile(
        `const other = new Dag("o") as any;\nother.task("x", () => 1)();\nconst tasks = other[Symbol.for("standin.tasks")];`,
        `() => tasks.get("x").handler()`,
      ),
      ["() => 1)", "() => 2)"],
    ],
    [
      "a handler that the environment did not choose for the hash",
      dagFile(`const fast = () => 1;\nconst slow = () => 2;`, `process.env.MEMODAG_TEST_FAST ? fast : slow`),
      ["fast = () => 1", "fast = () => 3"],
    ],
    [
      "a handler chosen by a variable of the environment's",
      dagFile(
        `const fast = () => 1;\nconst slow = () => 2;\nconst isFast = process.env.MEMODAG_TEST_FAST === "1";\nconst pick = () => (isFast ? fast : slow);`,
        `pick()`,
      ),
      ["fast = () => 1", "fast = () => 3"],
    ],
  ];
  test.each(cases)("%s", async (...one) => {
    const [before, after] = await hashesOf(one);
    expect(after).not.toBe(before);
  });
});
