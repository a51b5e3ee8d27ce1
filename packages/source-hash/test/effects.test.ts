import { describe, expect, test } from "vitest";
import { hashProject } from "./support/hash-project.ts";

/** Two tasks: `t` reads what `top` made, and `other` does not. */
function dagFile(top: string, handler: string): string {
  return `import { Dag } from "memodag";
${top}
export const dag = new Dag("d");
dag.task("t", ${handler})();
dag.task("other", () => 1)();
`;
}

async function changedBy(source: string, from: string, to: string): Promise<string[]> {
  expect(source).toContain(from);
  const before = await hashProject({ "dag.ts": source });
  const after = await hashProject({ "dag.ts": source.replace(from, to) });
  return [...before.tasks.keys()].filter((key) => before.tasks.get(key)?.hash !== after.tasks.get(key)?.hash);
}

describe("what a statement changes counts where it is reached, and nowhere else", () => {
  test.each([
    [
      "a registration",
      `const table = new Map();\nfunction add(k: string, n: number) { table.set(k, n) }\nadd("a", 1);`,
      `() => table.get("a")`,
      `"a", 1`,
      `"a", 2`,
    ],
    [
      "an object in a list that another statement put there",
      `const a = { n: 1 };\nconst list: any[] = [];\nlist.push(a);\na.n = 2;`,
      `() => list[0].n`,
      `a.n = 2`,
      `a.n = 3`,
    ],
    [
      "an object that a statement linked later",
      `const a = { n: 1 };\nconst holder: any = {};\nholder.a = a;\nholder.a.n = 2;`,
      `() => a.n`,
      `holder.a.n = 2`,
      `holder.a.n = 3`,
    ],
    [
      "a getter put in by one statement and run by another",
      `let n = 0;\nconst o: any = {};\nObject.defineProperty(o, "x", { enumerable: true, get() { n++; return 1 } });\nconst copy = { ...o };`,
      `() => n`,
      `const copy = { ...o };`,
      ``,
    ],
    [
      "a closure's own variable",
      `const counter = (() => { let n = 0; return { add(k: number) { n += k }, get: () => n } })();\ncounter.add(1);`,
      `() => counter.get()`,
      `add(1)`,
      `add(2)`,
    ],
    [
      "a static member of a class",
      `class C { static n = 0; static add(k: number) { this.n += k } }\nC.add(1);`,
      `() => C.n`,
      `add(1)`,
      `add(2)`,
    ],
    [
      "a prototype of the artifact's own",
      `class C { go() { return 1 } }\nC.prototype.go = () => 2;`,
      `() => new C().go()`,
      `() => 2`,
      `() => 3`,
    ],
    [
      "a property of a function",
      `function f() { return 1 }\nconst tag = (g: any, n: number) => { g.tag = n; return g };\ntag(f, 1);`,
      `() => (f as any).tag`,
      `tag(f, 1)`,
      `tag(f, 2)`,
    ],
    [
      "a decorator that replaces a method",
      `const wrap = (p: any, k: string) => { const before = p[k]; p[k] = function () { return before.call(this) + 1 } };\nclass C { go() { return 1 } }\nwrap(C.prototype, "go");`,
      `() => new C().go()`,
      `+ 1`,
      `+ 2`,
    ],
    [
      "a callback that a list calls",
      `const seen: number[] = [];\n[1, 2].forEach((n) => { seen.push(n * 2) });`,
      `() => seen`,
      `n * 2`,
      `n * 3`,
    ],
    [
      "a constructor that registers its object",
      `const all: any[] = [];\nclass C { constructor(public n: number) { all.push(this) } }\nconst c = new C(1);`,
      `() => all[0].n`,
      `new C(1)`,
      `new C(2)`,
    ],
    [
      "an inherited constructor that does",
      `const all: any[] = [];\nclass P { constructor(public n: number) { all.push(this) } }\nclass C extends P {}\nconst c = new C(1);`,
      `() => all[0].n`,
      `new C(1)`,
      `new C(2)`,
    ],
    [
      "a method that is called by a computed name",
      `let n = 0;\nconst o: any = { go(k: number) { n += k } };\no["g" + "o"](1);`,
      `() => n`,
      `](1)`,
      `](2)`,
    ],
    [
      "a function that is handed through two others",
      `let n = 0;\nconst call = (f: any) => f();\nconst twice = (f: any) => { call(f); call(f) };\ntwice(() => { n += 1 });`,
      `() => n`,
      `n += 1`,
      `n += 2`,
    ],
    [
      "a conversion to text",
      `let n = 0;\nconst o = { toString() { n += 1; return "o" } };\nconst text = [o].join();`,
      `() => n`,
      `n += 1`,
      `n += 2`,
    ],
    [
      "an iterator",
      `let n = 0;\nclass R { *[Symbol.iterator]() { n += 1; yield 1 } }\nconst list = [...new R()];`,
      `() => n`,
      `n += 1`,
      `n += 2`,
    ],
    [
      "a proxy's trap",
      `let n = 0;\nconst p: any = new Proxy({}, { get() { n += 1; return 1 } });\nconst x = p.any;`,
      `() => n`,
      `n += 1`,
      `n += 2`,
    ],
    [
      "an enclosing try",
      `let n = 0;\ntry { (() => { throw 1 })() } catch (e) { n = 1 }`,
      `() => n`,
      `n = 1 }`,
      `n = 2 }`,
    ],
    [
      "a then",
      `let n = 0;\nconst later = { then(f: any) { n += 1; f(1) } };\nexport const p = Promise.resolve(later);`,
      `async () => n`,
      `n += 1`,
      `n += 2`,
    ],
    ["a label and a switch", `let n = 0;\nswitch (1) { case 1: n = 1 }`, `() => n`, `n = 1 }`, `n = 2 }`],
  ])("%s", async (_, top, handler, from, to) => {
    expect(await changedBy(dagFile(top, handler), from, to)).toEqual(["d.t"]);
  });
});

describe("what may matter to any code counts everywhere, and says why", () => {
  test.each([
    ["a call of a package", `import set from "settings";\nset(1);`, "it calls set"],
    [
      "a method of a package's object",
      `import make from "client";\nconst client = make(1);\nclient.use?.(1);`,
      "it calls make",
    ],
    ["a variable of the environment", `process.env.MEMODAG_TEST = "1";`, "it changes process"],
  ])("%s", async (_, top, reason) => {
    const { impureStatements } = await hashProject({ "dag.ts": dagFile(top, "() => 2") });
    expect(impureStatements.map((statement) => statement.reason).join("\n")).toContain(reason);
    expect(await changedBy(dagFile(top, "() => 2"), "1", "3")).toEqual(["d.t", "d.other"]);
  });
});

describe("what changes nothing is in no hash but its reader's", () => {
  test.each([
    [
      "a factory",
      `const make = (n: number) => { const table: any = {}; table.n = n; return () => table.n };\nconst one = make(1);`,
      `() => 2`,
      "make(1)",
      "make(2)",
    ],
    [
      "a class with static members",
      `class C { static kinds = new Set(["a"]); static of() { return new C() } n = 1 }\nconst c = C.of();`,
      `() => 2`,
      `["a"]`,
      `["b"]`,
    ],
    [
      "currying and composition",
      `const pipe = (...fs: any[]) => (x: any) => fs.reduce((v, f) => f(v), x);\nconst both = pipe((n: number) => n + 1, String);`,
      `() => 2`,
      "n + 1",
      "n + 2",
    ],
  ])("%s", async (_, top, handler, from, to) => {
    expect(await changedBy(dagFile(top, handler), from, to)).toEqual([]);
  });
});
