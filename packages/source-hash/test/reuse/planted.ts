// Tasks that leave something for the next attempt in their process, each in its own way, and tasks that leave nothing.

import type { ProjectFiles } from "../support/bundle-project.ts";

/** A Dag file with the task `d.t`. */
export interface Planted {
  readonly title: string;
  readonly files: ProjectFiles;
  readonly entry: "dag.ts" | "dag.js";
  /** The place of what is left, as `path:line` and a part of the line from its start. */
  readonly at: readonly [path: string, text: string];
}

type Files = Readonly<Record<string, string>>;

/** A Dag file. `»` marks the place. */
function plant(
  title: string,
  setup: string,
  handler: string,
  others: Files = {},
  entry: "dag.ts" | "dag.js" = "dag.ts",
): Planted {
  const dag = `import { Dag } from "memodag";\n${setup}\nexport const dag = new Dag("d");\ndag.task("t", ${handler}, { cache: true })({});\n`;
  const marked: Files = { [entry]: dag, ...others };
  const [path = "", text = ""] = Object.entries(marked).find(([, each]) => each.includes("»")) ?? [];
  const files = Object.fromEntries(
    Object.entries(marked).map(([name, each]) => [name, each.replace("»", "")]),
  );
  return { title, files, entry, at: [path, text] };
}

/** Leaks. The place is that of the code that changes something, or of what cannot be followed. */
export const LEAKS: readonly Planted[] = [
  plant("a variable that is counted up", "let n = 0;", "() => ++»n"),
  plant("a variable that is assigned", "let last: unknown;", "({ x }) => { »last = x; return 1 }"),
  plant(
    "a variable that is filled once",
    "let cached: number[] | undefined;",
    "() => (»cached ??= [1]).length",
  ),
  plant("a variable in a pattern", "let last: unknown;", "({ x }) => { [»last] = [x]; return 1 }"),
  plant("a variable of a loop", "let at: string;", "({ o }) => { for (»at in o); return at }"),
  plant("a list", "const seen: number[] = [];", "({ x }) => »seen.push(x)"),
  plant(
    "an element of a list",
    "const seen: number[] = [];",
    "({ x }) => { »seen[seen.length] = x; return 1 }",
  ),
  plant("a list that is sorted", "const list = [2, 1];", "() => »list.sort()[0]"),
  plant("a map", "const memo = new Map<string, number>();", "({ k }) => »memo.set(k, 1).size"),
  plant(
    "a set by a callback",
    "const seen = new Set();",
    "({ xs }) => { xs.forEach((x) => { »seen.add(x) }); return seen.size }",
  ),
  plant(
    "a set by a method as a value",
    "const seen = new Set();",
    "({ xs }) => { »xs.forEach(seen.add, seen); return seen.size }",
  ),
  plant(
    "a list that the method of an argument fills",
    "const seen: unknown[] = [];",
    "({ xs }) => { »xs.forEach(xs.push, seen); return seen.length }",
  ),
  plant(
    "a list that the method of a result of JSON fills",
    "const seen: unknown[] = [];",
    "({ text }) => { const list = JSON.parse(text); »[1].forEach(list.push, seen); return seen.length }",
  ),
  plant("a weak map", "const of = new WeakMap(); const key = {};", "() => { »of.set(key, 1); return 1 }"),
  plant("a property of an object", "const state = { n: 0 };", "() => »state.n++"),
  plant(
    "a property that is deleted",
    "const state: { n?: number } = { n: 0 };",
    "() => { delete »state.n; return 1 }",
  ),
  plant("a nested object", "const state = { in: { list: [] } };", "() => »state.in.list.push(1)"),
  plant(
    "an object by another name",
    "const state = { n: 0 }; const view = { state };",
    "() => { const { state: s } = view; »s.n = 1; return 1 }",
  ),
  plant(
    "an object by a copy that shares",
    "const state = { list: [] };",
    "() => { const copy = { ...state }; return »copy.list.push(1) }",
  ),
  plant(
    "an object through entries",
    "const state = { list: [] };",
    "() => { for (const [, v] of Object.entries(state)) »v.push(1); return 1 }",
  ),
  plant(
    "an object through a promise",
    "const state = { n: 0 };",
    "async () => { const s = await Promise.resolve(state); return »s.n++ }",
  ),
  plant(
    "an object through Object.assign",
    "const state = {};",
    "({ x }) => { »Object.assign(state, { x }); return 1 }",
  ),
  plant("an object that is frozen", "const state = { n: 0 };", "() => { »Object.freeze(state); return 1 }"),
  plant(
    "a property that is defined",
    "const state = {};",
    "() => { »Object.defineProperty(state, 'x', { value: 1 }); return 1 }",
  ),
  plant(
    "an inherited object",
    "const base = { items: [] }; const child = Object.create(base);",
    "() => »child.items.push(1)",
  ),
  plant(
    "a default parameter",
    "const SHARED = []; const add = (x: number, to = SHARED) => »to.push(x);",
    "({ x }) => add(x)",
  ),
  plant(
    "an argument of a helper",
    "const state = { n: 0 }; function bump(o: { n: number }) { »o.n++ }",
    "() => { bump(state); return 1 }",
  ),
  plant(
    "a closure of a factory",
    "const make = () => { let n = 0; return () => »n++ }; const next = make();",
    "() => next()",
  ),
  plant(
    "a memo helper",
    "const memo = (f) => { const seen = new Map(); return (x) => { if (!seen.has(x)) »seen.set(x, f(x)); return seen.get(x) } }; const square = memo((x) => x * x);",
    "({ x }) => square(x)",
  ),
  plant(
    "a seeded random generator",
    "const rng = (s: number) => () => (»s = (s * 48271) % 2147483647); const random = rng(1);",
    "() => random()",
  ),
  plant(
    "a handler made by a factory",
    "const make = (k: number) => { let n = 0; return ({ x }) => x * k + »n++ };",
    "make(3)",
  ),
  plant(
    "a wrapped function",
    "let calls = 0; const counted = (f) => (...a) => { »calls++; return f(...a) }; const f = counted((x) => x);",
    "({ x }) => f(x)",
  ),
  plant(
    "a bound function",
    "const state = { n: 0 }; function inc() { »this.n++ } const next = inc.bind(state);",
    "() => { inc.call({ n: 1 }); next(); return 1 }",
  ),
  plant(
    "a function called on an object",
    "const state = { n: 0 }; function inc() { »this.n++ }",
    "() => { inc.call(state); return 1 }",
  ),
  plant(
    "`this` of a callback",
    "const state = { n: 0 };",
    "() => { [1].forEach(function () { »this.n++ }, state); return 1 }",
  ),
  plant(
    "a property of a function",
    "const f = () => { »f.calls = (f.calls ?? 0) + 1; return f.calls };",
    "() => f()",
  ),
  plant(
    "a static field",
    "class Ids { static last = 0; static next() { return ++»this.last } }",
    "() => Ids.next()",
  ),
  plant(
    "a static list by the constructor of an instance",
    "class Ids { static all = []; add() { »this.constructor.all.push(1) } }",
    "() => { new Ids().add(); return 1 }",
  ),
  plant(
    "a singleton",
    "class Config { static #one; static get() { return (»this.#one ??= new Config()) } }",
    "() => Config.get() instanceof Config",
  ),
  plant(
    "a private field of an instance",
    "class Meter { #n = 0; add(x) { »this.#n += x; return this.#n } } const meter = new Meter();",
    "({ x }) => meter.add(x)",
  ),
  plant(
    "a field of a subclass",
    "class A { list = []; } class B extends A { add() { return »this.list.push(1) } } const b = new B();",
    "() => b.add()",
  ),
  plant(
    "a class that extends Map",
    "class Cache extends Map {} const cache = new Cache();",
    "({ k }) => »cache.set(k, 1).size",
  ),
  plant(
    "a constructor that returns another object",
    "const one = []; class A { constructor() { return one } }",
    "() => »new A().push(1)",
  ),
  plant("a getter that counts", "let n = 0; const o = { get x() { return »n++ } };", "() => o.x"),
  plant("a getter that is copied", "let n = 0; const o = { get x() { return »n++ } };", "() => ({ ...o })"),
  plant("a setter", "let n = 0; class A { set v(x) { »n += x } }", "() => { new A().v = 2; return 1 }"),
  plant(
    "a conversion to text",
    "let n = 0; const o = { toString() { return String(»n++) } };",
    "() => `${o}`",
  ),
  plant(
    "a conversion to JSON",
    "let n = 0; const o = { toJSON() { return »n++ } };",
    "() => JSON.stringify({ o })",
  ),
  plant(
    "an iterator of an object",
    "let n = 0; const o = { [Symbol.iterator]() { »n++; return [1].values() } };",
    "() => [...o].length",
  ),
  plant(
    "a generator",
    "function* ids() { let n = 0; for (;;) yield n++ } const it = ids();",
    "() => »it.next().value",
  ),
  plant(
    "an iterator in a loop",
    "const it = [1, 2, 3].values();",
    "() => { »for (const x of it) return x; return 0 }",
  ),
  plant("a pattern with the flag g", "const RE = /a/g;", "({ s }) => »RE.test(s)"),
  plant("a sticky pattern", "const RE = /a/y;", "({ s }) => »s.replace(RE, '')"),
  plant("the last match of the process", "", "() => »RegExp.$1"),
  plant("the position of a pattern", "const RE = /a/g;", "() => { »RE.lastIndex = 0; return 1 }"),
  plant(
    "the texts of a template",
    "const tag = (texts) => { »texts.seen = true; return 1 };",
    "() => tag`a`",
  ),
  plant("a date", "const at = new Date(0);", "() => »at.setFullYear(2001)"),
  plant("bytes", "const bytes = new Uint8Array(4);", "() => »bytes[0]++"),
  plant(
    "bytes by a view",
    "const bytes = new Uint8Array(4);",
    "() => { const view = new DataView(bytes.buffer); »view.setInt8(0, 1); return 1 }",
  ),
  plant(
    "a part of a buffer",
    "const bytes = Buffer.from('abc');",
    "() => { »bytes.subarray(1).fill(1); return 1 }",
  ),
  plant(
    "a URL",
    "const url = new URL('http://a/b');",
    "() => { »url.searchParams.append('a', 'b'); return 1 }",
  ),
  plant(
    "an error that is thrown",
    "const failure = new Error('x');",
    "() => { try { throw failure } catch (e) { »e.count = 1 } return 1 }",
  ),
  plant(
    "a promise that is settled",
    "const gate = Promise.withResolvers();",
    "() => { »gate.resolve(1); return 1 }",
  ),
  plant("work after an await", "let n = 0; async function f() { await null; return »n++ }", "() => f()"),
  plant("work of a timer", "let n = 0;", "() => new Promise((done) => setTimeout(() => done(»n++), 1))"),
  plant(
    "a queue of callbacks",
    "const queue = []; const bus = { on: (f) => »queue.push(f) };",
    "() => bus.on((x) => x)",
  ),
  plant("a global", "", "() => { »globalThis.count = 1; return 1 }"),
  plant("an undeclared global", "", "() => { »count = 1; return 1 }"),
  plant("a method of all lists", "", "() => { »Array.prototype.last = () => 1; return 1 }"),
  plant("a prototype by an instance", "", "() => { »Object.getPrototypeOf([]).last = 1; return 1 }"),
  plant("a prototype by __proto__", "", "() => { »[].__proto__.last = 1; return 1 }"),
  plant("a prototype by its constructor", "", "() => { »[].constructor.prototype.last = 1; return 1 }"),
  plant("a function of Node", "import fs from 'node:fs';", "() => { »fs.readFileSync = () => ''; return 1 }"),
  plant("the environment", "", "() => { »process.env.MODE = 'x'; return 1 }"),
  plant("the working directory", "", "() => { »process.chdir('/'); return 1 }"),
  plant("the umask", "", "() => »process.umask(0)"),
  plant("a listener of the process", "", "() => { »process.on('exit', () => {}); return 1 }"),
  plant("a count of the console", "", "() => { »console.count('x'); return 1 }"),
  plant(
    "an event emitter",
    "import { EventEmitter } from 'node:events'; const bus = new EventEmitter();",
    "() => { »bus.on('x', () => {}); return 1 }",
  ),
  plant(
    "a context over awaits",
    "import { AsyncLocalStorage } from 'node:async_hooks'; const als = new AsyncLocalStorage();",
    "() => { »als.enterWith(1); return 1 }",
  ),
  plant(
    "a digest",
    "import { createHash } from 'node:crypto'; const hash = createHash('sha256');",
    "({ s }) => »hash.update(s).copy().digest('hex')",
  ),
  plant(
    "a decoder of a stream",
    "const decoder = new TextDecoder();",
    "({ s }) => »decoder.decode(new Uint8Array(s), { stream: true })",
  ),
  plant(
    "a file in the temporary folder",
    "import { writeFileSync } from 'node:fs';",
    "() => { »writeFileSync('/tmp/x', '1'); return 1 }",
  ),
  plant(
    "an agent of http",
    "import { globalAgent } from 'node:http';",
    "() => { »globalAgent.maxSockets = 1; return 1 }",
  ),
  plant(
    "an engine of crypto",
    "import { setEngine } from 'node:crypto';",
    "() => { »setEngine('x'); return 1 }",
  ),
  plant("a request over the network", "", "async () => (await »fetch('http://a')).status"),
  plant("a package", "import sum from 'kit';", "({ x }) => »sum(x)"),
  plant("a generator of a package", "import seeded from 'kit'; const random = seeded(1);", "() => »random()"),
  plant("an object of a package", "import load from 'kit'; const config = load({});", "() => »config.limit"),
  plant(
    "an object that a package was given",
    "import track from 'kit'; const table = { a: (x) => x }; track(table);",
    "({ x }) => »table.a(x)",
  ),
  plant("a proxy", "let n = 0; const o = new Proxy({}, { get: () => n++ });", "() => »o.x"),
  plant("code made of text", "", "() => »eval('globalThis.n = 1')"),
  plant("a module that is loaded later", "", "async () => (await »import('./counter.ts')).next()", {
    "counter.ts": "let n = 0; export const next = () => ++n;",
  }),
  plant("a module", "import { next } from './counter.ts';", "() => next()", {
    "counter.ts": "let n = 0; export const next = () => ++»n;",
  }),
  plant("a module that is exported again", "import { next } from './index.ts';", "() => next()", {
    "index.ts": "export * from './counter.ts';",
    "counter.ts": "let n = 0;\nexport function next() {\n  return ++»n;\n}",
  }),
  plant(
    "a module by its namespace",
    "import * as counter from './counter.ts'; const table = { counter };",
    "({ k }) => table.counter[k]()",
    {
      "counter.ts": "let n = 0; export const one = () => 1; export const next = () => ++»n;",
    },
  ),
  plant("a variable of a JavaScript file", "let n = 0;", "() => ++»n", {}, "dag.js"),
  plant(
    "a class of a JavaScript file",
    "import { Meter } from './meter.js'; const meter = new Meter();",
    "({ x }) => meter.add(x)",
    { "meter.js": "export class Meter {\n  n = 0;\n  add(x) {\n    return (»this.n += x);\n  }\n}" },
    "dag.js",
  ),
  plant(
    "a CommonJS module",
    "import stats from './stats.cjs';",
    "({ xs }) => stats.mean(xs)",
    { "stats.cjs": "let n = 0;\nexports.mean = (xs) => xs.length + »n++;" },
    "dag.js",
  ),
  plant(
    "the exports of a CommonJS module",
    "import stats from './stats.cjs';",
    "({ xs }) => stats.mean(xs)",
    { "stats.cjs": "module.exports = { seen: [], mean(xs) { return »this.seen.push(xs) } };" },
    "dag.js",
  ),
];
