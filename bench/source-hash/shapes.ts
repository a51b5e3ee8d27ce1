// Projects of the shapes that cost the most to look through, of any size.

/** A project, with the Dag files in it. */
export interface Shape {
  readonly files: Readonly<Record<string, string>>;
  readonly entries: readonly string[];
}

const DAG_FILES = 10;
const TASKS_PER_FILE = 12;
const MODULES = 200;

const list = (length: number, line: (index: number) => string): string =>
  Array.from({ length }, (_, index) => line(index)).join("\n");

const single = (library: string, handler: string, imports: string): Shape => ({
  files: {
    "dag.ts": `import { Dag } from "memodag";
import { ${imports} } from "./library.ts";
export const dag = new Dag("d");
dag.task("t", ${handler})();
dag.task("plain", () => 1)();
`,
    "library.ts": library,
  },
  entries: ["dag.ts"],
});

/** A value made of the one before by a call that counts. */
export function chainOfValues(length: number): Shape {
  const library = `let calls = 0;
const link = (below: unknown, n: number) => { calls += 1; return { below, n, calls } };
const v0 = link(null, 0);
${list(length, (index) => `const v${index + 1} = link(v${index}, ${index});`)}
export const last = v${length};`;
  return single(library, "() => last", "last");
}

/** Functions that call one another, and one call. */
export function chainOfFunctions(length: number): Shape {
  const library = `${list(length, (index) => `function f${index}(n: number): number { return f${index + 1}(n) + 1 }`)}
function f${length}(n: number): number { return n }
export const total = f0(1);`;
  return single(library, "() => total", "total");
}

/** Functions that call one another, each of which is called at the top level as well, and all of which count. */
export function chainOfCalls(length: number): Shape {
  const library = `export const seen: number[] = [];
${list(length, (index) => `function f${index}(n: number): void { seen.push(n); if (n > ${length}) f${index + 1}(n) }\nf${index}(${index});`)}
function f${length}(n: number): void { seen.push(n) }`;
  return single(library, "() => seen.length", "seen");
}

/** Functions in a map, each put there by a statement. */
export function registry(length: number): Shape {
  const library = `export const registry = new Map<string, (n: number) => number>();
${list(length, (index) => `function add${index}(n: number): number { return n + ${index} }\nregistry.set("add${index}", add${index});`)}`;
  return single(library, `(n: number) => registry.get("add1")!(n)`, "registry");
}

/** Statements that fill a table. */
export function statements(length: number): Shape {
  const library = `export const table: Record<string, number> = {};
${list(length, (index) => `table["k${index}"] = ${index};`)}`;
  return single(library, "() => table", "table");
}

/** Ten Dag files of twelve tasks over modules that import one another in a tree. */
export function ordinary(): Shape {
  const files: Record<string, string> = {};
  for (let index = 0; index < MODULES; index += 1) {
    const below = [2 * index + 1, 2 * index + 2].filter((child) => child < MODULES);
    files[`lib/m${index}.ts`] = `
${below.map((child) => `import { step${child} } from "./m${child}.ts";`).join("\n")}
export interface Row { readonly value: number; readonly name: string }
const SCALE_${index} = ${index} * 0.5;
const names${index} = new Map<string, number>([["row", ${index}]]);
function weigh(rows: readonly Row[]): number {
  let sum = 0;
  for (const row of rows) sum += row.value * SCALE_${index} + (names${index}.get(row.name) ?? row.name.length);
  return sum;
}
export function step${index}(rows: readonly Row[]): number {
  return weigh(rows) + ${below.map((child) => `step${child}(rows)`).join(" + ") || "0"};
}
`;
  }
  const entries = Array.from({ length: DAG_FILES }, (_, file) => `dag${file}.ts`);
  entries.forEach((entry, file) => {
    const used = Array.from(
      { length: TASKS_PER_FILE },
      (_, task) => (file * TASKS_PER_FILE + task) % MODULES,
    );
    files[entry] = `import { Dag } from "memodag";
${used.map((index) => `import { step${index} } from "./lib/m${index}.ts";`).join("\n")}
export const dag = new Dag("dag${file}");
${used
  .map(
    (index, task) =>
      `dag.task("t${task}", async ({ n }: { n: number }) => step${index}([{ value: n, name: "x" }]))({ n: ${task} });`,
  )
  .join("\n")}
`;
  });
  return { files, entries };
}
