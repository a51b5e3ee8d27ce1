// Generated tasks: what an accepted one returns in a process that ran attempts before is what it returns in a fresh one.

import { createContext, runInContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memberName, part, parts } from "../../src/program/node.ts";
import { readProgram } from "../../src/program/read-program.ts";
import { findKeptState } from "../../src/reuse/find-kept-state.ts";

/** What modules hold: objects and functions, some of them with state. */
const SETUP = `
let n = 0;
const list = [3, 1, 2];
const rows = [{ a: 1, list: [1] }, { a: 2, list: [] }];
const map = new Map([["a", { a: 1 }], ["b", { a: 2 }]]);
const set = new Set(["a"]);
const obj = { a: 1, inner: { a: 1, list: [1] }, list: [1, 2] };
const frozen = Object.freeze({ a: 1, list: [1] });
const re = /a/g;
const bytes = new Uint8Array([1, 2, 3]);
const iterator = [1, 2, 3, 4, 5, 6, 7, 8].values();
class Meter { static made = []; a = 0; list = []; add(x) { this.a += x; return this; } get last() { return this.list.at(-1); } static note(x) { this.made.push(x); return this.made.length; } clone() { return Object.assign(new Meter(), { a: this.a }); } }
class Loud extends Meter { add(x) { this.list.push(x); return super.add(x); } }
const meter = new Meter();
const loud = new Loud();
const lazy = { get a() { return (this.cached ??= { a: n }).a; }, set a(x) { n = x; } };
const counter = () => { let k = 0; return { next: () => ++k, peek: () => k }; };
const shared = counter();
const memo = (f) => { const seen = new Map(); return (x) => { if (!seen.has(x)) seen.set(x, f(x)); return seen.get(x); }; };
const keep = memo((x) => ({ a: x, list: [] }));
const ops = { up: (x) => { n += 1; return x; }, same: (x) => x, bump: (x) => { x.a = (x.a ?? 0) + 1; return x; } };
const same = (x) => x;
const first = (...xs) => xs[0];
const copy = (x) => ({ ...x });
const apply = (f, x) => f(x);
const wrap = (x) => ({ a: 1, inner: x, list: [x] });
function* each(xs) { for (const x of xs) yield x; }
async function later(x) { await null; return x; }
function fill(x, to = { a: 0, list: [] }) { to.list.push(x); return to; }
function bump() { this.a = (this.a ?? 0) + 1; return this; }
const bound = bump.bind(obj);
`;

const SHARED =
  "list rows rows[1] map set obj obj.inner obj.list frozen frozen.list bytes meter loud lazy shared ops Meter".split(
    " ",
  );
const OWN = [
  "{ a: 1, list: [1], inner: { a: 1, list: [] } }",
  "[1, 2, 3]",
  "new Map([['a', { a: 1 }]])",
  "new Set([1])",
  "new Meter()",
  "new Loud()",
  "counter()",
  "new Uint8Array(3)",
  "args",
  "args.row",
  "fill(1)",
  "structuredClone(obj)",
  "JSON.parse(JSON.stringify(rows))",
];

/** An object that the attempt has: of the module, of its own, or made of another one. */
const object: fc.Arbitrary<string> = fc.letrec<{ object: string }>((tie) => ({
  object: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 3, arbitrary: fc.constantFrom(...OWN) },
    { weight: 2, arbitrary: fc.constantFrom(...SHARED) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(
          fc.constantFrom(
            "same(@)",
            "first(@, 1)",
            "copy(@)",
            "wrap(@)",
            "wrap(@).inner",
            "wrap(@).list[0]",
            "apply(same, @)",
            "ops.same(@)",
            "({ ...(@) })",
            "[...Object.values(@)]",
            "Object.values(@)[0]",
            "Object.assign({}, @)",
            "Object.create(@)",
            "[@].map((x) => x)[0]",
            "[@].filter(Boolean).at(0)",
            "[...each([@])][0]",
            "(await later(@))",
            "(await Promise.all([@]))[0]",
            "new Map([['k', @]]).get('k')",
            "Object.entries({ k: @ })[0][1]",
            "[@].reduce((a, x) => a ?? x, null)",
            "(await (async () => { const { inner = @ } = {}; return inner; })())",
            "(await (async () => { try { throw @; } catch (e) { return e; } })())",
            "Object.fromEntries([['k', @]]).k",
            "Array.from([@], (x) => x)[0]",
            "structuredClone(Object.keys(@))",
            "[@].flat()[0]",
            "[@].toSorted()[0]",
            "(args.n > 1 ? @ : { a: 1 })",
            "(await memo(async (x) => (@))(1))",
            "(@).list",
            "(@).inner",
            "(@).clone?.()",
          ),
          tie("object"),
        )
        .map(([form, inner]) => form.replace("@", inner)),
    },
  ),
})).object;

/** Something that is done with an object, often a change. */
const action = fc.constantFrom(
  "x.a",
  "x.length",
  "x.size",
  "Object.keys(x).length",
  "JSON.stringify(x)",
  "String(x)",
  "[...x].length",
  "x.peek?.()",
  "x.last",
  "x.at?.(-1)",
  "x.map?.((y) => y).length",
  "x.toSorted?.()",
  "x.has?.('a')",
  "x.get?.('a')?.a",
  "'aa'.replace(re, 'b')",
  "same(x) === x",
  "x.a = args.n",
  "x.a += 1",
  "x.push?.(args.n)",
  "x.list.push(args.n)",
  "x.set?.('a', args.n)",
  "x.add?.(args.n)",
  "x.sort?.()",
  "x[0] = args.n",
  "delete x.a",
  "Object.assign(x, { a: args.n })",
  "ops.bump(x).a",
  "bump.call(x).a",
  "x.next?.()",
  "x.clear?.()",
  "[1].forEach(function () { this.a = args.n; }, x)",
  "Reflect.set(x, 'a', args.n)",
  "fill(args.n, x).list.length",
  "x.note?.(args.n)",
  "Object.defineProperty(x, 'b', { value: args.n, configurable: true, enumerable: true }).b",
  "([x.a] = [args.n])",
  "x.reverse?.()",
);

/** Something that is done without an object. */
const alone = fc.constantFrom(
  "n",
  "re.test('aa')",
  "re.exec('xa')?.index",
  "'aXa'.match(re).length",
  "keep(args.n).a",
  "keep(args.n).list.push(1)",
  "shared.next()",
  "iterator.next().value",
  "lazy.a",
  "ops.up(args.n)",
  "++n",
  "bound().a",
  "Meter.note(args.n)",
  "counter().next()",
  "memo((x) => x * 2)(args.n)",
  "[...'aba'.matchAll(re)].length",
  "new Meter().add(args.n).a",
  "fill(args.n).list.length",
  "Math.max(...list)",
  "[...each(list)].join()",
  "globalThis.left = args.n",
  "globalThis.left",
  "Array.prototype.left",
  "(Array.prototype.left = args.n)",
  "RegExp.lastMatch",
);

const step: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(object, action)
      .map(([of, what]) => `{ const x = ${of}; told.push(await (${what}) ?? null); }`),
  },
  { weight: 1, arbitrary: alone.map((what) => `told.push(${what} ?? null);`) },
);

/** The state that a leak would show in. */
const LOOK = `told.push(n, list, rows, [...map], [...set], obj, frozen, re.lastIndex, [...bytes], meter, loud, Meter.made, shared.peek(), lazy.cached ?? null)`;

const task = fc.tuple(fc.array(step, { minLength: 1, maxLength: 3 }), fc.boolean()).map(([steps, looks]) => {
  const tried = steps
    .map((each) => `try { ${each} } catch (e) { told.push(e.constructor.name); }`)
    .join("\n");
  return `async (args) => { const told = []; ${tried}\n ${looks ? LOOK : ""}; return told; }`;
});

const ARGS = [1, 2, 3, 1].map((n) => ({ n, row: { a: n, list: [n], inner: { a: n, list: [] } } }));

/** The task in a realm of its own, as a process has one. */
function load(handler: string): (json: string) => Promise<string> {
  const context = createContext({ structuredClone });
  return runInContext(
    `"use strict"; ${SETUP}; const handler = ${handler}; async (json) => JSON.stringify(await handler(JSON.parse(json)))`,
    context,
  ) as never;
}

/** What is found for the task of a module. */
function keptBy(source: string): readonly unknown[] {
  const program = readProgram(source);
  const call = [...program.calls()].find((each) => memberName(part(each, "callee")) === "task");
  const handler = parts(call, "arguments")[1];
  if (!handler) throw new Error("there is no handler");
  return findKeptState(program, [handler]).get(handler) ?? [];
}

async function outputs(run: (json: string) => Promise<string>, args: readonly object[]): Promise<string[]> {
  const told: string[] = [];
  for (const each of args) told.push(await run(JSON.stringify(each)));
  return told;
}

describe("generated tasks", () => {
  it("that are accepted return the same in a process that ran others before", async () => {
    const counts = { accepted: 0, refused: 0, leaking: 0 };
    await fc.assert(
      fc.asyncProperty(task, async (handler) => {
        const source = `import { Dag } from "memodag";\n${SETUP}\nexport const dag = new Dag("d");\ndag.task("t", ${handler}, { cache: true })({});`;
        const kept = keptBy(source);
        const reused = await outputs(load(handler), ARGS);
        const fresh = await Promise.all(ARGS.map(async (args) => (await outputs(load(handler), [args]))[0]));
        const isSame = JSON.stringify(reused) === JSON.stringify(fresh);
        counts[kept.length > 0 ? "refused" : "accepted"] += 1;
        if (!isSame) counts.leaking += 1;
        expect(isSame || kept.length > 0, `${handler}\n${reused.join("\n")}\n${fresh.join("\n")}`).toBe(true);
      }),
      { numRuns: RUNS },
    );
    expect(counts.accepted).toBeGreaterThan(RUNS / 10);
    expect(counts.leaking).toBeGreaterThan(RUNS / 10);
  }, 120_000);
});

const RUNS = 300;
