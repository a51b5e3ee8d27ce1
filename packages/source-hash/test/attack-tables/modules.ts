// Effects from one module on another.

import type { ProjectFiles } from "../support/bundle-project.ts";

/** A project of several modules, and an edit. */
export interface ModulesRow {
  readonly title: string;
  readonly files: ProjectFiles;
  readonly top: string;
  readonly handler: string;
  readonly from: string;
  readonly to: string;
}

const row = (
  title: string,
  files: ProjectFiles,
  top: string,
  handler: string,
  from: string,
  to: string,
): ModulesRow => ({ title, files, top, handler, from, to });

export const MODULES: readonly ModulesRow[] = [
  row(
    "exports set by a function of the module's",
    { "o.cjs": `exports.level = 1;\nexports.set = (n) => { exports.level = n };` },
    `import o from "./o.cjs";\no.set(5);`,
    `() => o.level`,
    `set(5)`,
    `set(6)`,
  ),
  row(
    "module.exports set by a function of the module's",
    { "o.cjs": `module.exports = { level: 1, set(n) { module.exports.level = n } };` },
    `import o from "./o.cjs";\no.set(5);`,
    `() => o.level`,
    `set(5)`,
    `set(6)`,
  ),
  row(
    "exports that are another module's",
    {
      "a.cjs": `module.exports = { n: 1 };`,
      "b.cjs": `module.exports = require("./a.cjs");\nmodule.exports.n = 5;`,
    },
    `import a from "./a.cjs";\nimport "./b.cjs";`,
    `() => a.n`,
    `n = 5`,
    `n = 6`,
  ),
  row(
    "exports under another name",
    {
      "a.cjs": `module.exports = { n: 1 };`,
      "b.cjs": `var out = module.exports = require("./a.cjs");\nout.n = 5;`,
    },
    `import a from "./a.cjs";\nimport "./b.cjs";`,
    `() => a.n`,
    `n = 5`,
    `n = 6`,
  ),
  row(
    "exports assigned to exports",
    {
      "a.cjs": `module.exports = { n: 1 };`,
      "b.cjs": `exports = module.exports = require("./a.cjs");\nexports.n = 5;`,
    },
    `import a from "./a.cjs";\nimport "./b.cjs";`,
    `() => a.n`,
    `n = 5`,
    `n = 6`,
  ),
  row(
    "exports changed by another module",
    { "a.cjs": `exports.n = 1;`, "b.cjs": `require("./a.cjs").n = 5;` },
    `import a from "./a.cjs";\nimport "./b.cjs";`,
    `() => a.n`,
    `n = 5`,
    `n = 6`,
  ),
  row(
    "exports handed to a function",
    { "a.cjs": `exports.n = 1;\nconst put = (e, k) => { e.n = k };\nput(exports, 5);` },
    `import a from "./a.cjs";`,
    `() => a.n`,
    `, 5`,
    `, 6`,
  ),
  row(
    "a registry of a CommonJS module",
    {
      "r.cjs": `const all = [];\nexports.add = (x) => { all.push(x) };\nexports.all = () => all;`,
      "u.cjs": `require("./r.cjs").add(5);`,
    },
    `import r from "./r.cjs";\nimport "./u.cjs";`,
    `() => r.all()`,
    `add(5)`,
    `add(6)`,
  ),
  row(
    "a CommonJS class's static",
    {
      "c.cjs": `class C { static n = 1 }\nmodule.exports = C;`,
      "u.cjs": `const C = require("./c.cjs");\nC.n = 5;`,
    },
    `import C from "./c.cjs";\nimport "./u.cjs";`,
    `() => C.n`,
    `n = 5`,
    `n = 6`,
  ),
  row(
    "a live binding set by another module",
    {
      "s.ts": `export let n = 1;\nexport const set = (k: number) => { n = k };`,
      "u.ts": `import { set } from "./s.ts";\nset(5);`,
    },
    `import { n } from "./s.ts";\nimport "./u.ts";`,
    `() => n`,
    `set(5)`,
    `set(6)`,
  ),
  row(
    "a barrel",
    {
      "r.ts": `export const all: any[] = [];`,
      "a.ts": `import { all } from "./r.ts";\nall.push(5);`,
      "index.ts": `export * from "./a.ts";\nexport * from "./r.ts";`,
    },
    `import { all } from "./index.ts";`,
    `() => all`,
    `push(5)`,
    `push(6)`,
  ),
  row(
    "a namespace read by a computed name",
    {
      "s.ts": `export const a = { n: 1 };\nexport const b = { n: 1 };`,
      "u.ts": `import * as s from "./s.ts";\nfor (const k of ["a"]) (s as any)[k].n = 5;`,
    },
    `import { a } from "./s.ts";\nimport "./u.ts";`,
    `() => a.n`,
    `n = 5`,
    `n = 6`,
  ),
  row(
    "a namespace handed on",
    {
      "s.ts": `export const a = { n: 1 };`,
      "u.ts": `import * as s from "./s.ts";\nconst all = { s };\nall.s.a.n = 5;`,
    },
    `import { a } from "./s.ts";\nimport "./u.ts";`,
    `() => a.n`,
    `n = 5`,
    `n = 6`,
  ),
  row(
    "values of a namespace",
    {
      "s.ts": `export let n = 1;\nexport const go = (k: number) => { n = k };`,
      "u.ts": `import * as s from "./s.ts";\nfor (const f of Object.values(s)) if (typeof f === "function") (f as any)(5);`,
    },
    `import { n } from "./s.ts";\nimport "./u.ts";`,
    `() => n`,
    `(5)`,
    `(6)`,
  ),
  row(
    "circular modules",
    {
      "a.ts": `import { b } from "./b.ts";\nexport const a: any = { n: 1 };\nexport function touch(k: number) { a.n = k + b.n }`,
      "b.ts": `import { touch } from "./a.ts";\nexport const b: any = { n: 1, go: (k: number) => touch(k) };`,
    },
    `import { a } from "./a.ts";\nimport { b } from "./b.ts";\nb.go(5);`,
    `() => a.n`,
    `go(5)`,
    `go(6)`,
  ),
  row(
    "an object given out by another module",
    {
      "s.ts": `const hidden = { n: 1 };\nexport const get = () => hidden;\nexport const read = () => hidden.n;`,
    },
    `import { get, read } from "./s.ts";\nget().n = 5;`,
    `() => read()`,
    `n = 5`,
    `n = 6`,
  ),
  row(
    "the order of two modules' effects",
    {
      "s.ts": `export const list: number[] = [];`,
      "a.ts": `import { list } from "./s.ts";\nlist.push(1);`,
      "b.ts": `import { list } from "./s.ts";\nlist.push(2);`,
    },
    `import "./a.ts";\nimport "./b.ts";\nimport { list } from "./s.ts";`,
    `() => list`,
    `import "./a.ts";\nimport "./b.ts";`,
    `import "./b.ts";\nimport "./a.ts";`,
  ),
  row(
    "a module imported for what it does, removed",
    { "s.ts": `export const list: number[] = [];`, "a.ts": `import { list } from "./s.ts";\nlist.push(1);` },
    `import "./a.ts";\nimport { list } from "./s.ts";`,
    `() => list`,
    `import "./a.ts";\n`,
    ``,
  ),
  row(
    "a decorator's registry in another module",
    {
      "r.ts": `export const all: any = {};\nexport const reg = (k: string) => (c: any, x: any) => { all[k] = c };`,
      "c.ts": `import { reg } from "./r.ts";\n@reg("a") export class C { n = 1 }`,
    },
    `import { all } from "./r.ts";\nimport "./c.ts";`,
    `() => Object.keys(all)`,
    `"a"`,
    `"b"`,
  ),
  row(
    "a lazily loaded module",
    { "s.ts": `export const o = { n: 1 };`, "l.ts": `import { o } from "./s.ts";\no.n = 5;` },
    `import { o } from "./s.ts";\nconst load = () => import("./l.ts");`,
    `async () => { await load(); return o.n }`,
    `n = 5`,
    `n = 6`,
  ),
  row(
    "a required module that is loaded by a condition",
    {
      "s.cjs": `exports.n = 1;`,
      "l.cjs": `require("./s.cjs").n = 5;`,
      "m.cjs": `if (1 + 1 === 2) require("./l.cjs");`,
    },
    `import s from "./s.cjs";\nimport "./m.cjs";`,
    `() => s.n`,
    `n = 5`,
    `n = 6`,
  ),
];
