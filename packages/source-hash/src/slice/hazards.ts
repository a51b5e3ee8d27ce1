// Code that can reach more than an analysis of names can determine.

import { memberName, nameOf, PARENT, part, parts, textOf, type Node } from "../program/node.ts";
import type { Program } from "../program/program.ts";

/**
 * Hazards that run code which cannot be inspected: it may read the names of surrounding variables, and
 * the text of any function that it can access.
 */
const READING_CODE: ReadonlySet<string> = new Set([
  "Function",
  "a computed property of globalThis",
  "a constructor called by property",
  "eval",
  "with",
]);

/** True for a hazard that makes the exact source text count. */
export function readsCode(hazard: string): boolean {
  return READING_CODE.has(hazard);
}

const OWN_PLACE = new Set(["dirname", "filename", "url"]);

/** Returns why the code that a node reaches is unknown, or `undefined`. */
export function findHazard(node: Node, program: Program): string | undefined {
  switch (node.type) {
    case "Identifier":
      return ofGlobal(node);
    case "MemberExpression":
      return ofMember(node, program);
    case "WithStatement":
      return "with";
    case "ImportExpression":
      return "a computed import()";
    case "MetaProperty":
      return ofMeta(node);
    case "CallExpression":
    case "NewExpression":
      // `(() => {}).constructor("…")` is Function by another name.
      return memberName(part(node, "callee")) === "constructor"
        ? "a constructor called by property"
        : undefined;
    default:
      return undefined;
  }
}

function ofGlobal(node: Node): string | undefined {
  const name = nameOf(node);
  if (name === "eval") return "eval";
  if (name === "Function") return "Function";
  // A CommonJS source's own require, or an undeclared one.
  return name === "require" ? "a require() that was not bundled" : undefined;
}

function ofMember(node: Node, program: Program): string | undefined {
  const name = memberName(node);
  if (name === "eval" || name === "Function") return name;
  if (name === "getBuiltinModule" && !isNamedBuiltin(node)) return "process.getBuiltinModule()";
  const object = part(node, "object");
  const isGlobalObject =
    object?.type === "Identifier" &&
    program.bindingOf(object) === null &&
    (object["name"] === "globalThis" || object["name"] === "global");
  return isGlobalObject && name === undefined ? "a computed property of globalThis" : undefined;
}

/** False if it may return the module that creates a `require`. */
function isNamedBuiltin(member: Node): boolean {
  const call = member[PARENT];
  if (call?.type !== "CallExpression" || part(call, "callee") !== member) return false;
  const name = textOf(parts(call, "arguments")[0]);
  return name !== undefined && !/^(?:node:)?module$/.test(name);
}

function ofMeta(node: Node): string | undefined {
  if (nameOf(part(node, "meta")) !== "import") return undefined;
  const name = memberName(node[PARENT]);
  return name !== undefined && OWN_PLACE.has(name) ? undefined : "import.meta";
}

const REVEALING = new Set(["getOwnPropertyDescriptor", "getOwnPropertyDescriptors", "getOwnPropertySymbols"]);

/** True for code that can find unnamed properties: the SDK stores handlers in such properties. */
export function revealsHidden(node: Node, program: Program): boolean {
  if (node.type === "MemberExpression") return REVEALING.has(memberName(node) ?? "");
  if (node.type !== "Identifier") return false;
  const binding = program.bindingOf(node);
  const imported = binding ? program.importOf(binding) : undefined;
  if (imported) return /^(?:node:)?util$/.test(imported.specifier) && SHOWING.has(imported.imported);
  if (binding) return false;
  if (nameOf(node) === "Reflect") return true;
  const parent = node[PARENT];
  // `Symbol("kind")` is unique.
  if (nameOf(node) !== "Symbol" || part(parent, "callee") === node) return false;
  return !WELL_KNOWN.has(memberName(parent) ?? "");
}

const SHOWING = new Set(["*", "default", "format", "inspect"]);
const WELL_KNOWN = new Set([
  "asyncDispose",
  "asyncIterator",
  "dispose",
  "iterator",
  "toPrimitive",
  "toStringTag",
]);
