// Whether code may have changed what the language itself does, and which properties it writes.

import { memberName, nameOf, PARENT, part, pushChildren, type Node } from "../program/node.ts";
import type { Program } from "../program/program.ts";
import { isKnownGlobal } from "./builtins.ts";
import { isEnumBody } from "./enum-body.ts";

/** What an artifact's code may change beyond the bindings that it names. */
export interface Tampering {
  /** False when a prototype, an accessor or a global of the language may be another than Node's. */
  readonly builtinsPristine: boolean;
  /** Names of properties that are written somewhere; `null` when a computed one is. */
  readonly writtenProperties: ReadonlySet<string> | null;
}

const DEFINING = new Set([
  "__defineGetter__",
  "__defineSetter__",
  "__proto__",
  "assign",
  "defineProperties",
  "defineProperty",
  "setPrototypeOf",
]);

const META_GLOBALS = new Set(["Proxy", "Reflect", "global", "globalThis"]);

/** Looks through all nodes of a program, the bundler's helpers left out. */
export function findTampering(program: Program): Tampering {
  let builtinsPristine = true;
  let computed = false;
  const writtenProperties = new Set<string>();
  const pending: Node[] = program.units
    .filter((unit) => !program.isHelperUnit(unit))
    .map((unit) => unit.node);
  for (let node = pending.pop(); node; node = pending.pop()) {
    // An enum fills an object of its own, and names what it writes by literals.
    if (node.type === "CallExpression" && isEnumBody(node, program)) continue;
    if (node.type === "MemberExpression") {
      if (isWritten(node) && part(node, "property")?.type !== "PrivateIdentifier") {
        const name = memberName(node);
        if (name === undefined) computed = true;
        else writtenProperties.add(name);
      }
      if (isMetaMember(node, program)) builtinsPristine = false;
    } else if (node.type === "Identifier" && program.bindingOf(node) === null) {
      if (isMetaGlobal(node)) builtinsPristine = false;
    }
    pushChildren(node, pending);
  }
  return { builtinsPristine, writtenProperties: computed ? null : writtenProperties };
}

/** True for the target of an assignment, of `++`, of `delete`, of a loop or of destructuring. */
function isWritten(node: Node): boolean {
  const parent = node[PARENT];
  switch (parent?.type) {
    case "AssignmentExpression":
    case "ForInStatement":
    case "ForOfStatement":
    case "AssignmentPattern":
      return part(parent, "left") === node;
    case "UpdateExpression":
    case "ArrayPattern":
    case "RestElement":
      return true;
    case "UnaryExpression":
      return parent["operator"] === "delete";
    case "Property":
      return parent[PARENT]?.type === "ObjectPattern" && part(parent, "value") === node;
    default:
      return false;
  }
}

function isMetaMember(node: Node, program: Program): boolean {
  const property = part(node, "property");
  if (node["computed"] === true && nameOf(part(property, "object")) === "Symbol") return true;
  const name = memberName(node);
  if (name === undefined) return false;
  if (DEFINING.has(name)) return true;
  if (name === "constructor") return isEscaping(node);
  if (name === "prototype") return isEscaping(node);
  const object = part(node, "object");
  return object?.type === "Identifier" && program.bindingOf(object) === null && isWritten(node);
}

/** True unless the value is only asked for one named property, such as `Object.prototype.toString`. */
function isEscaping(node: Node): boolean {
  const parent = node[PARENT];
  return (
    parent?.type !== "MemberExpression" ||
    part(parent, "object") !== node ||
    memberName(parent) === undefined ||
    isWritten(parent)
  );
}

function isMetaGlobal(node: Node): boolean {
  const name = nameOf(node) as string;
  if (META_GLOBALS.has(name)) return true;
  if (!isKnownGlobal(name) || name === "undefined" || name === "NaN" || name === "Infinity") return false;
  const parent = node[PARENT];
  switch (parent?.type) {
    case "CallExpression":
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
      // `xs.filter(Boolean)`, `xs.map(String)`: a primitive's constructor has nothing that Node relies on.
      return true;
  }
}
