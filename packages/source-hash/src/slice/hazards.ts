// Code that can reach what no analysis of names can tell.

import {
  isClass,
  isFunction,
  memberName,
  nameOf,
  PARENT,
  part,
  parts,
  textOf,
  type Node,
} from "../program/node.ts";
import type { Program } from "../program/program.ts";

const OWN_PLACE = new Set(["dirname", "filename", "url"]);

/** Why what a node reaches cannot be told; `undefined` when it can. */
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
  // A CommonJS source's own require, or one that nothing declares.
  return name === "require" ? "a require() that was not bundled" : undefined;
}

function ofMember(node: Node, program: Program): string | undefined {
  const name = memberName(node);
  if (name === "eval" || name === "Function") return name;
  const object = part(node, "object");
  const isGlobalObject =
    object?.type === "Identifier" &&
    program.bindingOf(object) === null &&
    (object["name"] === "globalThis" || object["name"] === "global");
  return isGlobalObject && name === undefined ? "a computed property of globalThis" : undefined;
}

function ofMeta(node: Node): string | undefined {
  if (nameOf(part(node, "meta")) !== "import") return undefined;
  const name = memberName(node[PARENT]);
  return name !== undefined && OWN_PLACE.has(name) ? undefined : "import.meta";
}

/**
 * True when a node may ask for a function's or a class's own name or text. Any `.name` may: which object
 * it is asked of cannot be told.
 */
export function readsNames(node: Node, program: Program): boolean {
  switch (node.type) {
    case "CallExpression":
      return (
        nameOf(part(node, "callee")) === "String" &&
        parts(node, "arguments").some((argument) => isCode(argument, program))
      );
    case "MemberExpression":
      if (memberName(node) === "name") return true;
      return memberName(node) === "toString" && isCode(part(node, "object"), program);
    case "Property":
      return node[PARENT]?.type === "ObjectPattern" && isNamed(part(node, "key"));
    case "Literal":
      return isNamed(node) && node[PARENT]?.type !== "Property";
    default:
      return false;
  }
}

function isNamed(node: Node | undefined): boolean {
  return nameOf(node) === "name" || textOf(node) === "name";
}

function isCode(node: Node | undefined, program: Program): boolean {
  const bare = program.unwrap(node);
  if (isFunction(bare) || isClass(bare) || bare?.type === "ThisExpression") return true;
  const binding = bare?.type === "Identifier" ? program.bindingOf(bare) : undefined;
  if (!binding) return false;
  return binding.defs.some((definition) => {
    if (definition.type === "FunctionName" || definition.type === "ClassName") return true;
    const init = program.unwrap(part(definition.node as unknown as Node, "init"));
    return isFunction(init) || isClass(init);
  });
}
