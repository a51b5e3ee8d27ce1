// Tasks that leave nothing behind, in the ways in which such code is written.

import type { ProjectFiles } from "../support/bundle-project.ts";

/** A Dag file with the task `d.t`. */
export interface Clean {
  readonly title: string;
  readonly files: ProjectFiles;
  readonly entry: "dag.ts" | "dag.js";
}

function clean(
  title: string,
  setup: string,
  handler: string,
  others: ProjectFiles = {},
  entry: Clean["entry"] = "dag.ts",
): Clean {
  const dag = `import { Dag } from "memodag";\n${setup}\nexport const dag = new Dag("d");\ndag.task("t", ${handler}, { cache: true })({});\n`;
  return { title, files: { [entry]: dag, ...others }, entry };
}

/** Tasks that leave nothing. */
export const CLEAN: readonly Clean[] = [
  clean("arithmetic", "", "({ a, b }) => a + b"),
  clean(
    "methods of lists",
    "",
    "({ xs }) => xs.filter((x) => x > 1).map((x) => x * 2).reduce((s, x) => s + x, 0)",
  ),
  clean(
    "a map of words",
    "",
    "({ text }) => { const counts = new Map(); for (const w of text.split(/\\s+/)) counts.set(w, (counts.get(w) ?? 0) + 1); return [...counts].sort(([a], [b]) => a.localeCompare(b)) }",
  ),
  clean(
    "fields with the names of methods",
    "const DEFAULTS = { sort: 'asc' }; const orderOf = (o) => String(o.sort ?? DEFAULTS.sort);",
    "({ set, add, sort, test, items }) => [JSON.stringify(set), String(add), orderOf({ sort }), `${test}`, items.map((i) => [i.delete, i.fill])]",
  ),
  clean("JSON", "", "({ s }) => JSON.parse(JSON.stringify({ s })).s.toUpperCase()"),
  clean(
    "a table",
    "const RATES = new Map([['a', 1.5]]); const NAMES = { a: 'A' };",
    "({ k }) => { const rate = RATES.get(k); if (rate === undefined) throw new RangeError(`no rate ${k}`); return [rate, NAMES[k] ?? k] }",
  ),
  clean("a set", "const STOP = new Set(['a', 'b']);", "({ s }) => s.split(' ').filter((w) => !STOP.has(w))"),
  clean(
    "a pattern",
    "const SPACE = /\\s+/g; const DATE = /(?<y>\\d+)-(\\d+)/;",
    "({ s }) => { const m = DATE.exec(s); return [s.replace(SPACE, ' '), m ? m.groups.y : null, [...s.matchAll(SPACE)].length] }",
  ),
  clean(
    "a digest",
    "import { createHash, randomUUID } from 'node:crypto';",
    "({ s }) => createHash('sha256').update(s).digest('hex') + randomUUID().length",
  ),
  clean(
    "paths",
    "import { join } from 'node:path'; import * as path from 'node:path'; import posix from 'node:path/posix';",
    "({ s }) => [join(s, 'a'), path.basename(s), posix.extname(s)]",
  ),
  clean(
    "files that are read",
    "import { readFileSync } from 'node:fs'; import { readFile } from 'node:fs/promises';",
    "async ({ p }) => readFileSync(p, 'utf8').trim().split('\\n').length + (await readFile(p)).length",
  ),
  clean(
    "compression",
    "import { gzipSync, gunzipSync } from 'node:zlib';",
    "({ s }) => gunzipSync(gzipSync(Buffer.from(s))).toString('utf8')",
  ),
  clean(
    "assertions",
    "import assert from 'node:assert/strict';",
    "({ n }) => { assert.ok(n > 0); assert.equal(n, n); return n }",
  ),
  clean(
    "text for people",
    "import { inspect, format } from 'node:util'; const money = new Intl.NumberFormat('en'); const cmp = new Intl.Collator('en').compare;",
    "({ x, xs }) => [format('%s', inspect(x)), money.format(2), [...xs].sort(cmp)]",
  ),
  clean("helpers of a module", "import { shift } from './points.ts';", "({ p }) => shift(p, { x: 1 })", {
    "points.ts":
      "const origin = { x: 0, y: 0 };\nexport const shift = (p, d) => ({ ...origin, ...p, x: p.x + d.x });",
  }),
  clean(
    "defaults",
    "const DEFAULTS = { sep: ',', trim: true }; function split(s, options = {}) { const { sep, trim } = { ...DEFAULTS, ...options }; return s.split(sep).map((x) => trim ? x.trim() : x) }",
    "({ s }) => split(s, { sep: ';' })",
  ),
  clean(
    "a class",
    "class Matrix { rows; constructor(rows) { this.rows = rows } mul(o) { return new Matrix(this.rows.map((r) => o.rows[0].map((_, j) => r.reduce((s, x, i) => s + x * o.rows[i][j], 0)))) } static of(...rows) { return new Matrix(rows) } }",
    "({ a }) => Matrix.of(...a).mul(new Matrix(a)).rows",
  ),
  clean(
    "a class with private state",
    "class Stack { #items = []; push(x) { this.#items.push(x); return this } get size() { return this.#items.length } *[Symbol.iterator]() { yield* this.#items } }",
    "({ xs }) => { const s = new Stack(); for (const x of xs) s.push(x); return [s.size, ...s] }",
  ),
  clean(
    "a class of errors",
    "class Failure extends Error { code; constructor(m, code) { super(m); this.code = code } }",
    "({ n }) => { try { if (n > 1) throw new Failure('x', 2); return 1 } catch (e) { if (e instanceof Failure) return e.code; throw e } }",
  ),
  clean(
    "inheritance",
    "class Shape { n; constructor(n) { this.n = n } area() { return 0 } } class Square extends Shape { area() { return super.area() + this.n ** 2 } }",
    "({ n }) => new Square(n).area()",
  ),
  clean(
    "functions of functions",
    "const compose = (...fs) => (x) => fs.reduce((v, f) => f(v), x); const run = compose((x) => x + 1, (x) => x * 2); const STEPS = [(x) => x + 1];",
    "({ x }) => { for (const step of STEPS) x = step(x); return run(x) }",
  ),
  clean(
    "a table of functions",
    "const ops = { add: (a, b) => a + b, sub: (a, b) => a - b };",
    "({ op, a, b }) => ops[op](a, b)",
  ),
  clean(
    "a closure of the attempt",
    "const counter = () => { let n = 0; return () => ++n }; const memo = (f) => { const seen = new Map(); return (x) => { if (!seen.has(x)) seen.set(x, f(x)); return seen.get(x) } };",
    "({ xs }) => { const next = counter(); const square = memo((x) => x * x); return xs.map((x) => square(x) + next()) }",
  ),
  clean(
    "a seeded random generator of the attempt",
    "const rng = (s) => () => (s = (s * 48271) % 2147483647);",
    "({ seed }) => { const random = rng(seed); return [random(), random()] }",
  ),
  clean(
    "a parser",
    "const parse = (s) => { let at = 0; const next = () => s[at++]; const out = []; for (let c = next(); c !== undefined; c = next()) out.push(c); return out };",
    "({ s }) => parse(s)",
  ),
  clean(
    "recursion",
    "const fact = (n) => n <= 1 ? 1 : n * fact(n - 1); function walk(t, visit) { visit(t.value); for (const c of t.children ?? []) walk(c, visit) }",
    "({ tree }) => { let sum = 0; walk(tree, (v) => { sum += fact(v) }); return sum }",
  ),
  clean(
    "a generator of the attempt",
    "function* chunks(xs, n) { for (let i = 0; i < xs.length; i += n) yield xs.slice(i, i + n) }",
    "({ xs }) => [...chunks(xs, 2)].map((c) => c.join('-'))",
  ),
  clean(
    "promises",
    "",
    "async ({ xs }) => { const out = []; for await (const x of xs.map(async (x) => x)) out.push(x); const ys = await Promise.all(out.map(async (x) => x * 2)); return ys.toSorted((a, b) => a - b) }",
  ),
  clean(
    "a timer that is awaited",
    "async function retry(f, n) { for (let i = 0; ; i++) { try { return await f(i) } catch (e) { if (i >= n) throw e; await new Promise((done) => setTimeout(done, 1)) } } }",
    "({ n }) => retry(async (i) => { if (i < 1) throw new Error('x'); return n }, 3)",
  ),
  clean(
    "groups",
    "",
    "({ xs }) => Object.fromEntries(Object.entries(Object.groupBy(xs, (x) => x.k)).map(([k, v]) => [k, v.length]))",
  ),
  clean(
    "a date",
    "",
    "({ d }) => { const t = new Date(d); t.setUTCDate(t.getUTCDate() + 1); return t.toISOString() }",
  ),
  clean("a URL", "", "({ s }) => { const u = new URL(s); u.searchParams.set('a', '1'); return u.href }"),
  clean(
    "a copy",
    "const DEFAULTS = { list: [1] };",
    "({ x }) => { const copy = structuredClone(DEFAULTS); copy.list.push(x); return copy.list }",
  ),
  clean(
    "the context",
    "import { getContext } from 'memodag';",
    "({ n }) => { console.log('runs', n); return getContext().params.scale }",
  ),
  clean(
    "a handler made by a factory",
    "const scale = (k: number) => ({ x }: { x: number }) => x * k;",
    "scale(3)",
  ),
  clean("a method as a handler", "const service = { seen: 0, run({ x }) { return x } };", "service.run"),
  clean("an enum", "enum Color { Red, Green }", "({ n }) => Color[n]"),
  clean(
    "a table filled while the file is loaded",
    "const table: Record<string, number> = {}; for (const [i, k] of ['a', 'b'].entries()) table[k] = i; let size = 0; for (const k in table) size += table[k];",
    "({ k }) => table[k] + size",
  ),
  clean(
    "a package that another task uses",
    "import kit from 'kit'; const schema = kit({ a: 1 });",
    "({ x }) => x",
  ),
  clean(
    "a bound function",
    "const add = (a: number, b: number) => a + b; const add2 = add.bind(null, 2);",
    "({ n }) => add2(n)",
  ),
  clean(
    "a CommonJS module",
    "import stats from './stats.cjs'; import rows from './rows.json';",
    "({ xs }) => stats.mean(xs) + rows.length",
    {
      "stats.cjs": "exports.mean = (xs) => xs.reduce((a, b) => a + b, 0) / xs.length;",
      "rows.json": "[1, 2]",
    },
    "dag.js",
  ),
];
