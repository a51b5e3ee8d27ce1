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

describe("one edit, another output, another hash", () => {
  test.each([
    [
      "a prototype patched at the top level",
      dagFile(
        `class Meter { read() { return 1 } }\nMeter.prototype.read = () => 2;`,
        `() => new Meter().read()`,
      ),
      [`=> 2`, `=> 3`],
    ],
    [
      "a mutation through another name",
      dagFile(`const a = { n: 1 };\nconst b = a;\nb.n = 2;`, `() => a.n`),
      [`b.n = 2`, `b.n = 3`],
    ],
    [
      "a registration whose result is thrown away",
      dagFile(`const table = new Map();\nconst _ = table.set("k", 1);`, `() => table.get("k")`),
      [`"k", 1`, `"k", 2`],
    ],
    [
      "a loop at the top level",
      dagFile(`let n = 0;\nfor (const x of [1, 2]) { n += x; }`, `() => n`),
      [`[1, 2]`, `[1, 3]`],
    ],
    [
      "a variable read before or after it is set",
      dagFile(`let n = 1;\nconst copy = n;\nn = 2;`, `() => copy`),
      [`const copy = n;\nn = 2;`, `n = 2;\nconst copy = n;`],
    ],
    [
      "a constant read before it is made, as var lets it be",
      dagFile(`var a = 2;\nvar b = a + 1;`, `() => String(b)`),
      [`var a = 2;\nvar b = a + 1;`, `var b = a + 1;\nvar a = 2;`],
    ],
    [
      "a constant read by a call before it is made",
      dagFile(`function read() { return a }\nvar a = 2;\nvar b = read();`, `() => String(b)`),
      [`var a = 2;\nvar b = read();`, `var b = read();\nvar a = 2;`],
    ],
    [
      "a function's name",
      dagFile(
        `const table: any = {};\nfunction add(f: any) { table[f.name] = f }\nfunction one() { return 1 }\nadd(one);`,
        `() => Object.keys(table)`,
      ),
      [`function one() { return 1 }\nadd(one)`, `function two() { return 1 }\nadd(two)`],
    ],
    [
      "a class's name",
      dagFile(`class One {}\nconst make = () => new One();`, `() => make().constructor.name`),
      [`class One {}\nconst make = () => new One()`, `class Two {}\nconst make = () => new Two()`],
    ],
    [
      "which of two equal objects is meant",
      dagFile(
        `const a = { n: 1 };\nconst b = { n: 1 };\nfunction grow() { a.n++ }`,
        `() => { grow(); return a.n }`,
      ),
      [`return a.n`, `return b.n`],
    ],
    [
      "which of two equal objects is changed while the file is loaded",
      dagFile(`const a = { n: 1 };\nconst b = { n: 1 };\na.n = 2;`, `() => a.n`),
      [`a.n = 2`, `b.n = 2`],
    ],
    [
      "a getter of an argument that changes something",
      dagFile(
        `let n = 0;\nconst other = new Dag("o");\nother.task("x", () => 1, { get retries() { n += 1; return 1 } } as any);`,
        `() => n`,
      ),
      [`n += 1`, `n += 2`],
    ],
    [
      "an object frozen by the way",
      dagFile(
        `const a = { n: 1 };\nObject.freeze(a);`,
        `() => { try { a.n = 2 } catch { return "fixed" } return a.n }`,
      ),
      [`Object.freeze(a);`, `Object.keys(a);`],
    ],
    [
      "an object's own conversion to text",
      dagFile(
        `let n = 0;\nconst key = { toString() { n += 1; return "x" } };\nconst e = new Error(key as any);`,
        `() => n`,
      ),
      [`n += 1`, `n += 2`],
    ],
    [
      "a default of a parameter of a generator",
      dagFile(`let n = 0;\nfunction* walk(x = (n += 1)) { yield x }\nconst w = walk();`, `() => n`),
      [`n += 1`, `n += 2`],
    ],
    [
      "a getter of a prototype written in a literal",
      dagFile(
        `let n = 0;\nconst o = { __proto__: { get x() { n += 1; return 1 } } };\nconst { x } = o as any;`,
        `() => n`,
      ),
      [`n += 1`, `n += 2`],
    ],
    [
      "an enum's object filled by hand",
      dagFile(`const o: any = {};\nconst p = ((q: any) => { q["n"] = 1; return q })(o || {});`, `() => o.n`),
      [`= 1`, `= 2`],
    ],
    [
      "a task declared by a replaced method",
      dagFile(
        `let n = 0;\nconst other = new Dag("o");\n(other as any).task = (id: string, f: any) => f();\nother.task("x", () => { n = 1 });`,
        `() => n`,
      ),
      [`n = 1 }`, `n = 2 }`],
    ],
    [
      "a Dag that is handed to code which reads it",
      dagFile(
        `let n = 0;\nconst other = new Dag("o");\nother.task("x", () => 1);\nn = Object.values({ other })[0]!["dag" + "Id"].length;`,
        `() => n`,
      ),
      [`new Dag("o")`, `new Dag("oo")`],
    ],
  ])("%s", async (_, source, [from, to]) => {
    expect(source).toContain(from);
    expect(await hashOf(source.replace(from!, to!))).not.toBe(await hashOf(source));
  });
});

describe("captured values", () => {
  const factory = (handler: string, body = ""): string =>
    dagFile(
      `function make(target: Dag, n: number, m: number, o: any) { ${body} target.task("made", ${handler})(); return o }
const shared = { n: 1 };`,
      `() => 1`,
    ) + `make(dag, 2, 2, shared);\n`;

  async function madeBy(source: string): Promise<string> {
    return taskOf(await hashProject({ "dag.ts": source }), "d.made").hash;
  }

  test.each([
    ["a number", factory("() => n"), ["make(dag, 2,", "make(dag, 3,"]],
    ["the place of minus zero", factory("() => 1 / n"), ["make(dag, 2,", "make(dag, Math.min(0, -0),"]],
    ["an object's content", factory("() => o.n"), ["shared = { n: 1 }", "shared = { n: 2 }"]],
    [
      "an object's identity",
      factory("() => { shared.n++; return o.n }"),
      ["2, shared)", "2, { ...shared })"],
    ],
    [
      "which of two equal variables is meant, when a sibling sets one",
      factory("() => { inc(); return a }", "let a = 0; let b = 0; const inc = () => { a++; b += 0 };"),
      ["return a }", "return b }"],
    ],
    [
      "which of two equal closures is called",
      factory(
        "() => { first(); return a }",
        "const cell = () => { let c = 0; return () => c++ }; let a = 0; const first = () => { a++ }; const second = () => { a += 2 };",
      ),
      ["{ first();", "{ second();"],
    ],
    [
      "which of two closures of one text is called",
      factory(
        "() => { f(); return [f(), g()] }",
        "const cell = () => { let c = 0; return () => c++ }; const f = cell(); const g = cell();",
      ),
      ["[f(), g()]", "[g(), f()]"],
    ],
  ])("%s is in the hash", async (_, source, [from, to]) => {
    expect(source).toContain(from);
    expect(await madeBy(source.replace(from!, to!))).not.toBe(await madeBy(source));
  });

  test("two handlers of one text share a hash when, and only when, their captured values are equal", async () => {
    const hashes = await hashProject({
      "dag.ts": `import { Dag } from "memodag";
export const dag = new Dag("d");
const names = ["a", "b", "c"];
for (const [name, depth] of [["a", 2], ["b", 3], ["c", 2]] as const) dag.task(name, () => depth)();
for (const name of names) dag.task(name + name, () => 1)();
`,
    });
    const [a, b, c, aa, bb] = ["a", "b", "c", "aa", "bb"].map((id) => taskOf(hashes, `d.${id}`).hash);
    expect(a).not.toBe(b);
    expect(a).toBe(c);
    expect(aa).toBe(bb);
  });

  test("the same handler of two tasks has one hash", async () => {
    const hashes = await hashProject({
      "dag.ts": `import { Dag } from "memodag";
export const dag = new Dag("d");
const handler = async () => 1;
dag.task("a", handler)();
dag.task("b", handler)();
`,
    });
    expect(taskOf(hashes, "d.a").hash).toBe(taskOf(hashes, "d.b").hash);
    expect(taskOf(hashes, "d.a").mode).toBe("slice");
  });

  test.each([
    ["an instance", "class Thing { #x = 1; get x() { return this.#x } }", "new Thing()"],
    ["a proxy", "", "new Proxy({}, {})"],
    ["a promise", "", "Promise.resolve(1)"],
  ])(
    "%s cannot be compared: the whole graph, and never a hash shared with another task",
    async (_, top, value) => {
      const hashes = await hashProject({
        "dag.ts": `import { Dag } from "memodag";
${top}
export const dag = new Dag("d");
const place = (id: string, held: any) => dag.task(id, () => held)();
place("a", ${value});
place("b", ${value});
`,
      });
      const [a, b] = [taskOf(hashes, "d.a"), taskOf(hashes, "d.b")];
      expect(a.mode).toBe("whole_graph");
      expect(a.warnings.join()).toContain("captured");
      expect(a.hash).not.toBe(b.hash);
    },
  );
});
