// Makes mutants of a project: one small change each, of which it is known what it may change.

import { stripTypeScriptTypes } from "node:module";
import { posix } from "node:path";
import { parse } from "acorn";
import { transformSync } from "esbuild";
import type { ProjectFiles } from "./bundle-project.ts";

/** What a mutant changes. */
export type MutantKind = "asset" | "condition" | "literal" | "neutral" | "operator" | "package" | "statement";

/** A project with one change. */
export interface Mutant {
  readonly kind: MutantKind;
  /** What was changed, for messages. */
  readonly title: string;
  readonly path: string;
  readonly files: ProjectFiles;
  /** The id of the task in whose own body the change lies; `null` outside of handlers written in place. */
  readonly task: string | null;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

interface Edit {
  readonly kind: MutantKind;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const OPERATORS: Readonly<Record<string, string>> = {
  "+": "-",
  "-": "+",
  "*": "+",
  "/": "*",
  "%": "*",
  "**": "*",
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "===": "!==",
  "!==": "===",
  "&&": "||",
  "||": "&&",
  "??": "&&",
};

/** Every mutant of a project, made one at a time. */
export function* makeMutants(files: ProjectFiles): Generator<Mutant> {
  for (const path of Object.keys(files).sort()) {
    const source = files[path]!;
    const edits = editsOf(path, source);
    for (const edit of edits) yield mutantOf(files, path, edit, taskBodies(path, source));
    if (/\.(?:ts|cjs)$/.test(path)) yield* neutralMutants(files, path, source);
  }
}

function mutantOf(files: ProjectFiles, path: string, edit: Edit, bodies: readonly TaskBody[]): Mutant {
  const source = files[path]!;
  const line = source.slice(0, edit.start).split("\n").length;
  const before = source.slice(edit.start, edit.end).split("\n", 1)[0];
  const body = bodies.find(({ start, end }) => start <= edit.start && edit.end <= end);
  return {
    kind: edit.kind,
    title: `${path}:${line} ${edit.kind}: ${before} → ${edit.text}`,
    path,
    files: { ...files, [path]: source.slice(0, edit.start) + edit.text + source.slice(edit.end) },
    task: body?.task ?? null,
  };
}

function editsOf(path: string, source: string): Edit[] {
  switch (posix.extname(path)) {
    case ".json":
    case ".sql":
      return assetEdits(source);
    case ".js":
      return [...source.matchAll(/\b2\b|\+/g)].map(({ index, 0: text }) => ({
        kind: "package",
        start: index,
        end: index + text.length,
        text: text === "2" ? "3" : "-",
      }));
    default:
      return codeEdits(source);
  }
}

function assetEdits(source: string): Edit[] {
  return [...source.matchAll(/\d+(?:\.\d+)?|[a-z]{3,}/g)]
    .filter(({ 0: text }) => !["name", "mass", "null"].includes(text))
    .map(({ index, 0: text }) => ({
      kind: "asset",
      start: index,
      end: index + text.length,
      text: /\d/.test(text) ? `${Number(text) + 1}` : `${text}x`,
    }));
}

function codeEdits(source: string): Edit[] {
  const root = parseCode(source);
  if (!root) return enumEdits(source);
  const edits: Edit[] = [];
  visit(root, (node, parent) => {
    const edit =
      literalEdit(node, parent, source) ?? operatorEdit(node, source) ?? conditionEdit(node, source);
    if (edit) edits.push(edit);
    if (isRemovable(node, parent))
      edits.push({ kind: "statement", start: node.start, end: node.end, text: ";" });
  });
  return edits;
}

/** Positions are the source's own: types are blanked out, not cut. `undefined` for code that is more than JavaScript with types. */
function parseCode(source: string): Node | undefined {
  try {
    const code = stripTypeScriptTypes(source, { mode: "strip" });
    return parse(code, { ecmaVersion: "latest", sourceType: "module" }) as unknown as Node;
  } catch {
    return undefined;
  }
}

function enumEdits(source: string): Edit[] {
  return [...source.matchAll(/\b\d+\b|"[a-z]+"/g)].map(({ index, 0: text }) => ({
    kind: "literal",
    start: index,
    end: index + text.length,
    text: text.startsWith('"') ? `${text.slice(0, -1)}~"` : `${Number(text) + 1}`,
  }));
}

function literalEdit(node: Node, parent: Node | undefined, source: string): Edit | undefined {
  if (node.type === "TemplateElement") {
    return { kind: "literal", start: node.end, end: node.end, text: "~" };
  }
  if (node.type !== "Literal" || /^(?:Import|Export)/.test(parent?.type ?? "")) return undefined;
  const { start, end } = node;
  const value = node["value"];
  if (typeof value === "number") return { kind: "literal", start, end, text: `${value + 1}` };
  if (typeof value === "boolean") return { kind: "literal", start, end, text: `${!value}` };
  if (typeof value !== "string") return undefined;
  return { kind: "literal", start, end, text: `${source.slice(start, end - 1)}~${source[end - 1]}` };
}

function operatorEdit(node: Node, source: string): Edit | undefined {
  const operator = node["operator"];
  if (node.type !== "BinaryExpression" && node.type !== "LogicalExpression") return undefined;
  const other = OPERATORS[operator as string];
  if (other === undefined) return undefined;
  const from = (node["left"] as Node).end;
  const at = source.indexOf(operator as string, from);
  return at < 0
    ? undefined
    : { kind: "operator", start: at, end: at + (operator as string).length, text: other };
}

function conditionEdit(node: Node, source: string): Edit | undefined {
  if (node.type !== "IfStatement" && node.type !== "ConditionalExpression") return undefined;
  const test = node["test"] as Node;
  return {
    kind: "condition",
    start: test.start,
    end: test.end,
    text: `!(${source.slice(test.start, test.end)})`,
  };
}

function isRemovable(node: Node, parent: Node | undefined): boolean {
  if (parent?.type === "ClassBody") return true;
  if (parent?.type !== "Program" && parent?.type !== "BlockStatement") return false;
  return !node.type.startsWith("Import") && !node.type.startsWith("ExportAll");
}

interface TaskBody {
  readonly task: string;
  readonly start: number;
  readonly end: number;
}

/** Where handlers are written in place: `dag.task("id", …)`, whatever wraps them. */
function taskBodies(path: string, source: string): TaskBody[] {
  const root = posix.extname(path) === ".ts" ? parseCode(source) : undefined;
  const bodies: TaskBody[] = [];
  if (!root) return bodies;
  visit(root, (node) => {
    const callee = node["callee"] as Node | undefined;
    if (node.type !== "CallExpression" || (callee?.["property"] as Node | undefined)?.["name"] !== "task")
      return;
    const [id, handler] = node["arguments"] as Node[];
    if (!id || !handler) return;
    const text = source.slice(id.start + 1, id.end - 1).split("${")[0]!;
    bodies.push({ task: text, start: handler.start, end: handler.end });
  });
  return bodies;
}

/** Changes that must change no hash: comments, formatting, types. */
function* neutralMutants(files: ProjectFiles, path: string, source: string): Generator<Mutant> {
  const mutant = (title: string, text: string): Mutant => ({
    kind: "neutral",
    title: `${path}: ${title}`,
    path,
    files: { ...files, [path]: text },
    task: null,
  });
  const root = parseCode(source);
  if (root) {
    const starts: number[] = [];
    visit(root, (node, parent) => {
      if (parent?.type === "Program" || parent?.type === "BlockStatement") starts.push(node.start);
    });
    let commented = source;
    for (const start of starts.toSorted((a, b) => b - a)) {
      commented = `${commented.slice(0, start)}\n /* comment */ ${commented.slice(start)}`;
    }
    yield mutant("comments and blank lines", `// first\n${commented}\n// last\n`);
  }
  // An enum is more than a type: without it, the code is another.
  if (root && path.endsWith(".ts")) {
    const options = { loader: "ts", charset: "utf8", tsconfigRaw: "{}" } as const;
    yield mutant("without types", transformSync(source, { ...options, format: "esm" }).code);
    const packed = transformSync(source, { ...options, minifyWhitespace: true, legalComments: "none" });
    yield mutant("formatted as one line", packed.code);
  }
}

function visit(node: Node, see: (node: Node, parent: Node | undefined) => void, parent?: Node): void {
  see(node, parent);
  for (const field of Object.values(node)) {
    for (const child of Array.isArray(field) ? field : [field]) {
      if (typeof (child as Node | null)?.type === "string") visit(child as Node, see, node);
    }
  }
}
