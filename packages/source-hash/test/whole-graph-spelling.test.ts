// What a hash of the whole graph leaves out of the code's spelling, and what it does not.

import { expect, test } from "vitest";
import { hashProject, taskOf } from "./support/hash-project.ts";

const dagFile = (top: string, handler: string): string => `import { Dag } from "memodag";
import { far } from "./far.ts";
${top}
export const dag = new Dag("d");
dag.task("t", ${handler})();
dag.task("far", () => far(1))();
`;

/** Ways into the whole graph on which no code runs that the artifact does not show. */
const WAYS: readonly (readonly [title: string, top: string, handler: string])[] = [
  ["import.meta as a value", "", "() => Object.keys(import.meta)"],
  ["createRequire", `import { createRequire } from "node:module";`, `() => createRequire("/x")`],
  ["a computed import()", "", "(x: string) => import(x)"],
  ["a bound handler", "const f = function (this: unknown) { return this };", "f.bind(1)"],
  [
    "the this of a method around it",
    "class Maker { n = 1; handler() { return () => this.n } }",
    "new Maker().handler()",
  ],
];

const FAR = `const scale = 2;
const table: Record<string, number> = { one: 1 };
class Meter { #count = 0; level = 1; read(by: number) { return this.level * by } }
let calls = 0;
export const far = (value: number): number => {
  calls++;
  const doubled = value * scale;
  function inner(given: number) { let sum = 0; for (const each of [given]) sum += each; return sum; }
  try { return inner(doubled) + new Meter().read(table.one!) } catch (error) { throw error }
};`;

/** Each edit replaces a text wherever it stands in `far.ts`. */
const SAME: readonly (readonly [title: string, from: string, to: string])[] = [
  ["a variable of the top level", "scale", "factor"],
  ["a variable of a function", "doubled", "twofold"],
  ["a parameter", "value", "amount"],
  ["a parameter of an inner function", "given", "taken"],
  ["a variable of a loop", "each", "one_of"],
  ["what is caught", "error", "cause"],
  ["a name that another module has", "calls", "dag"],
  ["a comment", "calls++;", "calls++; // counts"],
  ["a comment in an expression", "value * scale", "/* twice */ value * scale"],
  ["formatting", "const doubled = value * scale;", "const doubled\n  =\n    value * (scale)\n;"],
  ["how an object is set", "{ one: 1 }", "{\n  one: 1,\n}"],
  ["how a key is quoted", "{ one: 1 }", `{ "one": 1 }`],
  ["how a member is asked for", "table.one!", "table.one"],
  ["how a number is spelled", "scale = 2", "scale = 0x2"],
  ["a type", "(value: number): number", "(value: any)"],
  ["a type that is declared", "const scale", "interface Level { readonly level: number }\nconst scale"],
  ["a cast", "value * scale", "(value as number) * scale"],
];

const CHANGED: readonly (readonly [title: string, from: string, to: string])[] = [
  ["a function's name", "inner", "outer"],
  ["a class's name", "Meter", "Gauge"],
  ["a name that a function gets from its variable", "far = (value", "distant = (value"],
  ["a property's name", "level", "height"],
  ["a method's name", "read", "look"],
  ["a key of a literal", "one", "two"],
  ["a text", "[given]", `["given"]`],
  ["a number", "scale = 2", "scale = 3"],
  ["which variable is meant", "inner(doubled)", "inner(value)"],
  ["which variable is written", "sum += each", "calls += each"],
  ["the kind of a variable", "const doubled", "let doubled"],
  ["a statement more", "calls++;", "calls++; calls++;"],
  ["the order of statements", "const scale = 2;\nconst table", "const table"],
];

const edited = (from: string, to: string): string => {
  const text = FAR.split(from).join(to);
  expect(text).not.toBe(FAR);
  const renamed = /export const (\w+)/.exec(text)?.[1] as string;
  return renamed === "far" ? text : `${text}\nexport { ${renamed} as far };`;
};

test.each(WAYS)("%s: spelling does not count, and everything else does", async (_, top, handler) => {
  const hashOf = async (far: string): Promise<string> => {
    const task = taskOf(await hashProject({ "dag.ts": dagFile(top, handler), "far.ts": far }), "d.t");
    expect(task.mode).toBe("whole_graph");
    return task.hash;
  };
  const hash = await hashOf(FAR);
  const changed: string[] = [];
  for (const [title, from, to] of SAME) if ((await hashOf(edited(from, to))) !== hash) changed.push(title);
  expect(changed).toEqual([]);
  const kept: string[] = [];
  for (const [title, from, to] of CHANGED) if ((await hashOf(edited(from, to))) === hash) kept.push(title);
  expect(kept).toEqual([]);
});

/** Code that may read the names of others, or the text of functions; `far.ts` is handed to some of it. */
const READING: readonly (readonly [title: string, top: string, handler: string])[] = [
  ["eval", "", "(x: string) => eval(x)"],
  ["eval in a helper", "const run = (x: string) => eval(x);", "(x: string) => run(x)"],
  ["indirect eval", "", "(x: string) => (0, eval)(x)(far)"],
  ["Function", "", `() => new Function("f", "return f.toString()")(far)`],
  ["Function by another name", "", `() => (() => {}).constructor("f", "return f + 1")(far)`],
  ["any property of globalThis", "", "(x: string) => (globalThis as any)[x](far)"],
  ["text of a function", "", "() => [import.meta, far.toString()]"],
  ["text of a function, by another task", `export const text = () => String(far);`, "() => [import.meta]"],
  [
    "a module of Node's that runs texts",
    `import { runInNewContext } from "node:vm";`,
    `() => [import.meta, runInNewContext("f + 1", { f: far })]`,
  ],
];

test.each(READING)("%s: the names of variables count", async (_, top, handler) => {
  const hashOf = async (far: string): Promise<string> => {
    const task = taskOf(await hashProject({ "dag.ts": dagFile(top, handler), "far.ts": far }), "d.t");
    expect(task.mode).toBe("whole_graph");
    return task.hash;
  };
  const hash = await hashOf(FAR);
  for (const [from, to] of [
    ["doubled", "twofold"],
    ["value", "amount"],
    ["scale", "factor"],
  ] as const)
    expect(await hashOf(edited(from, to))).not.toBe(hash);
});

test("eval sees variables that are in no function", async () => {
  const top = "for (const turn of [1]) eval(String(turn));";
  const hashOf = async (text: string): Promise<string> => {
    const task = taskOf(await hashProject({ "dag.ts": text, "far.ts": FAR }), "d.t");
    expect(task.mode).toBe("whole_graph");
    return task.hash;
  };
  const file = dagFile(top, "() => 1");
  expect(await hashOf(file.replaceAll("turn", "round"))).not.toBe(await hashOf(file));
  // Comments between statements are read by nothing.
  expect(await hashOf(file.replace("export const dag", "/* the Dag */\nexport const dag"))).toBe(
    await hashOf(file),
  );
});

test("an exported name counts, in whichever way it is exported", async () => {
  const hashOf = async (text: string): Promise<string> =>
    taskOf(await hashProject({ "dag.ts": text, "far.ts": FAR }), "d.t").hash;
  const file = dagFile("export const one = 1;\nconst two = 2;\nexport { two as second };", WAYS[0]![2]);
  const hash = await hashOf(file);
  expect(await hashOf(file.replace("const one", "const first"))).not.toBe(hash);
  expect(await hashOf(file.replace("as second", "as other"))).not.toBe(hash);
  expect(await hashOf(file.replace("const two", "const pair").replace("two as", "pair as"))).toBe(hash);
});
