// Effects of conversions, of accessors and of error paths.

import type { Row } from "./row.ts";

/** An object whose conversion counts, and code that converts it. */
const converted = (title: string, member: string, use: string): Row => [
  title,
  `let n = 0;\nconst o: any = { ${member} };\n${use}`,
  `() => n`,
  `n += 1`,
  `n += 2`,
];

export const CONVERSIONS: readonly Row[] = [
  converted("toString in a template", `toString() { n += 1; return "a" }`, "const x = `${o}`;"),
  converted("toString of an error's message", `toString() { n += 1; return "a" }`, "const x = new Error(o);"),
  converted("toString of a key", `toString() { n += 1; return "a" }`, "const x = ({} as any)[o];"),
  converted("toString in sort", `toString() { n += 1; return "a" }`, "const x = [o, o].sort();"),
  converted("valueOf in a sum", `valueOf() { n += 1; return 1 }`, "const x = o + 1;"),
  converted("valueOf in a comparison", `valueOf() { n += 1; return 1 }`, "const x = o < 1;"),
  converted("valueOf in a power", `valueOf() { n += 1; return 1 }`, "const x = o ** 2;"),
  converted("valueOf in Math.max", `valueOf() { n += 1; return 1 }`, "const x = Math.max(o, 1);"),
  converted("valueOf in a date", `valueOf() { n += 1; return 1 }`, "const x = new Date(o);"),
  converted("toPrimitive", `[Symbol.toPrimitive]() { n += 1; return 1 }`, "const x = +o;"),
  converted("toStringTag", `get [Symbol.toStringTag]() { n += 1; return "a" }`, "const x = `${o}`;"),
  converted("toJSON", `toJSON() { n += 1; return 1 }`, "const x = JSON.stringify({ o });"),
  converted(
    "then",
    `then(f: any) { n += 1; f(1) }`,
    "const p = (async () => { await o })();\nexport const q = p;",
  ),
  converted("a getter by spread", `get a() { n += 1; return 1 }`, "const x = { ...o };"),
  converted("a getter by destructuring", `get a() { n += 1; return 1 }`, "const { a } = o;"),
  converted("a getter by Object.assign", `get a() { n += 1; return 1 }`, "const x = Object.assign({}, o);"),
  converted("a getter by JSON", `get a() { n += 1; return 1 }`, "const x = JSON.stringify(o);"),
  converted("a getter by structuredClone", `get a() { n += 1; return 1 }`, "const x = structuredClone(o);"),
  converted("a getter by Object.values", `get a() { n += 1; return 1 }`, "const x = Object.values(o);"),
  converted("a getter by for in", `get a() { n += 1; return 1 }`, "for (const k in o) o[k];"),
  converted("a getter that throws", `get a() { n += 1; throw 1 }`, "try { o.a } catch {}"),
  converted("a setter", `set a(k: number) { n += 1 }`, "o.a = 1;"),
  converted("a setter by Object.assign", `set a(k: number) { n += 1 }`, "Object.assign(o, { a: 1 });"),
  converted(
    "isConcatSpreadable",
    `get [Symbol.isConcatSpreadable]() { n += 1; return true }, length: 0`,
    "const x = [].concat(o);",
  ),
  converted("raw of String.raw", `get raw() { n += 1; return [] }`, "const x = String.raw(o);"),
  converted(
    "options of Intl",
    `get style() { n += 1; return "decimal" }`,
    "const x = new Intl.NumberFormat('en', o);",
  ),
  converted("length of what is like a list", `get length() { n += 1; return 0 }`, "const x = Array.from(o);"),
  converted("a search by a symbol", `[Symbol.search]() { n += 1; return 0 }`, 'const x = "a".search(o);'),
  converted(
    "a replacement by a symbol",
    `[Symbol.replace]() { n += 1; return "" }`,
    'const x = "a".replace(o, "");',
  ),
  [
    "a throw in finally",
    `let n = 0;\ntry { try { throw 1 } finally { n += 1 } } catch { n *= 3 }`,
    `() => n`,
    `n *= 3`,
    `n *= 4`,
  ],
  [
    "a catch that is reached by a call",
    `let n = 0;\nfunction risky(k: number) { if (k > 1) throw new Error("x"); return k }\ntry { n = risky(1) } catch { n = 9 }`,
    `() => n`,
    `risky(1)`,
    `risky(2)`,
  ],
  [
    "a catch's parameter",
    `const o: any = { n: 1 };\nfunction go(k: number) { try { throw o } catch (e: any) { e.n = k } }\ngo(2);`,
    `() => o.n`,
    `go(2)`,
    `go(3)`,
  ],
  [
    "a fall through",
    `let n = 0;\nswitch (1 as number) { case 1: n += 1; case 2: n += 10; break; default: n = 5 }`,
    `() => n`,
    `n += 10`,
    `n += 20`,
  ],
  [
    "a labelled loop",
    `let n = 0;\nouter: for (let i = 0; i < 3; i++) for (let j = 0; j < 3; j++) { if (j === 1) continue outer; n += 1 }`,
    `() => n`,
    `j === 1`,
    `j === 2`,
  ],
  ["a logical assignment", `const o: any = { n: 0 };\no.n ||= 5;`, `() => o.n`, `||= 5`, `||= 6`],
  ["a bigint", `let n = 2n;\nn **= 3n;`, `() => String(n)`, `3n`, `4n`],
];
