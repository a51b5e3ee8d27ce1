// Recognizes expressions that give code access to built-in objects, which all code of the process shares.

import { isClass, isFunction, memberName, nameOf, PARENT, part, textOf, type Node } from "../program/node.ts";
import type { Program } from "../program/program.ts";
import { isKnownGlobal } from "./builtins.ts";
import type { Constants } from "./constants.ts";
import { isWritten } from "./written.ts";

const GLOBAL_OBJECTS = new Set(["global", "globalThis"]);
const PROTOTYPE_OF = new Set(["__lookupGetter__", "__lookupSetter__", "getPrototypeOf"]);
const PROTOTYPES = new Set(["__proto__", "constructor", "prototype"]);
/** Functions on primitive values that code passes on as callbacks: `names.filter(Boolean)`. */
const PRIMITIVE_FUNCTIONS = new Set("BigInt Boolean Number String isNaN parseFloat parseInt".split(" "));
/** Pieces from which a name such as `__proto__` can be composed. */
const PIECES = /__p|o__|\bprototype\b|\bconstructor\b/;

/** True if the node's value may be such an object, and it is not only called or read by one property. */
export function isSharedObject(node: Node, program: Program, constants: Constants): boolean {
  switch (node.type) {
    case "Identifier":
      return program.bindingOf(node) === null && isSharedGlobal(node);
    case "MemberExpression":
      return isSharedMember(node, program, constants);
    case "Property":
      return isPatternKey(node);
    case "Literal":
      return isPiece(node);
    case "TemplateElement":
      return PIECES.test(String((node["value"] as { cooked?: unknown }).cooked));
    default:
      return false;
  }
}

function isSharedMember(node: Node, program: Program, constants: Constants): boolean {
  const object = part(node, "object");
  const isGlobal = object?.type === "Identifier" && program.bindingOf(object) === null;
  // `Symbol.iterator` is the key of a function that loops call, whatever name it is used by later.
  if (isGlobal && nameOf(object) === "Symbol") return !isSymbolUse(node);
  const name = memberName(node);
  if (name === undefined) return false;
  if (PROTOTYPE_OF.has(name)) return true;
  if (name === "__proto__") return isEscaping(node);
  if (name === "constructor") return isEscaping(node) && object?.type !== "ThisExpression";
  if (name === "prototype") return isEscaping(node) && !isOwnClass(object, constants);
  return isGlobal && nameOf(object) !== "process" && isWritten(node);
}

/** A class or function of the artifact; unknown for a parameter. */
function isOwnClass(node: Node | undefined, constants: Constants): boolean {
  const value = constants.resolve(node);
  return isClass(value) || isFunction(value);
}

/** `Symbol.for(…)`, and a member of a literal or class that defines iteration. */
function isSymbolUse(node: Node): boolean {
  const parent = node[PARENT];
  if (parent?.type === "CallExpression") return part(parent, "callee") === node;
  const isKey = part(parent, "key") === node && parent?.["computed"] === true;
  return isKey && parent?.[PARENT]?.type !== "ObjectPattern";
}

/** `const { __proto__: p } = []`. */
function isPatternKey(property: Node): boolean {
  if (property[PARENT]?.type !== "ObjectPattern") return false;
  const key = part(property, "key");
  return PROTOTYPES.has(nameOf(key) ?? textOf(key) ?? "");
}

function isPiece(node: Node): boolean {
  const text = textOf(node);
  if (text === undefined || !PIECES.test(text)) return false;
  const parent = node[PARENT];
  if (parent?.type === "Property" && part(parent, "key") === node && parent["computed"] !== true)
    return false;
  return !/^(?:Import|Export)/.test(parent?.type ?? "");
}

/** True unless only one named property of the value is read, such as `Object.prototype.toString`. */
function isEscaping(node: Node): boolean {
  const parent = node[PARENT];
  return (
    parent?.type !== "MemberExpression" ||
    part(parent, "object") !== node ||
    memberName(parent) === undefined ||
    PROTOTYPES.has(memberName(parent) as string) ||
    isWritten(parent)
  );
}

function isSharedGlobal(node: Node): boolean {
  const name = nameOf(node) as string;
  const parent = node[PARENT];
  if (GLOBAL_OBJECTS.has(name)) return true;
  if (name === "Reflect") return part(parent, "object") !== node || memberName(parent) === undefined;
  if (name === "Proxy") return parent?.type !== "NewExpression" || part(parent, "callee") !== node;
  if (!isKnownGlobal(name) || name === "undefined" || name === "NaN" || name === "Infinity") return false;
  switch (parent?.type) {
    case "CallExpression":
      return part(parent, "callee") !== node && !PRIMITIVE_FUNCTIONS.has(name);
    case "Property":
      return !PRIMITIVE_FUNCTIONS.has(name) || parent["computed"] === true;
    case "NewExpression":
      return part(parent, "callee") !== node;
    case "MemberExpression":
      return part(parent, "object") !== node || memberName(parent) === undefined;
    case "BinaryExpression":
      return parent["operator"] !== "instanceof" || part(parent, "right") !== node;
    case "UnaryExpression":
      return parent["operator"] !== "typeof";
    case "ClassDeclaration":
    case "ClassExpression":
      return part(parent, "superClass") !== node;
    default:
      return true;
  }
}
