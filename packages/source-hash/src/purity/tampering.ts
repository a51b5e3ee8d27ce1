// Determines whether code may have changed built-in behavior, and which properties it writes.

import { memberName, nameOf, PARENT, part, parts, pushChildren, type Node } from "../program/node.ts";
import type { Program } from "../program/program.ts";
import type { Constants } from "./constants.ts";
import { isEnumBody } from "./enum-body.ts";
import { isSharedObject } from "./shared-objects.ts";
import { isWritten } from "./written.ts";

/** The changes that an artifact's code may make beyond the bindings that it names. */
export interface Tampering {
  /** False if a prototype, an accessor or a built-in global may have been replaced. */
  readonly builtinsPristine: boolean;
  /** True if accessors may have been added to objects of the artifact after their creation. */
  readonly definesAccessors: boolean;
  /** True if a literal or class has a getter or setter. */
  readonly hasAccessors: boolean;
  /** Names of properties that are written somewhere; `null` if a computed one is. */
  readonly writtenProperties: ReadonlySet<string> | null;
  /** Calls that write properties of their arguments, such as `Object.assign(target, …)`. */
  readonly definers: readonly Node[];
}

const DEFINING = new Set([
  "__defineGetter__",
  "__defineSetter__",
  "assign",
  "defineProperties",
  "defineProperty",
  "setPrototypeOf",
]);

/** Properties that code may set on functions such as Number, which a table may contain. */
const OF_PRIMITIVES: ReadonlySet<string> = new Set(
  [BigInt, Boolean, Number, String]
    .flatMap((made) => Object.getOwnPropertyNames(made))
    .filter((name) => name !== "length" && name !== "name"),
);

/** Examines all nodes of a program except the bundler's helpers. */
export function findTampering(program: Program, constants: Constants): Tampering {
  let builtinsPristine = true;
  let definesAccessors = false;
  let hasAccessors = false;
  let computed = false;
  const writtenProperties = new Set<string>();
  const definers: Node[] = [];
  const pending: Node[] = program.units
    .filter((unit) => !program.isHelperUnit(unit))
    .map((unit) => unit.node);
  for (let node = pending.pop(); node; node = pending.pop()) {
    // An enum fills an object of its own, and writes literal names.
    if (node.type === "CallExpression" && isEnumBody(node, program)) continue;
    if (isSharedObject(node, program, constants)) builtinsPristine = false;
    if (node.type === "MemberExpression") {
      const name = memberName(node);
      if (isWritten(node) && part(node, "property")?.type !== "PrivateIdentifier") {
        if (name === undefined) computed = true;
        else writtenProperties.add(name);
        // `casts.number` may be the built-in Number.
        if (name !== undefined && OF_PRIMITIVES.has(name)) builtinsPristine = false;
      }
    }
    if (node.type === "CallExpression" && isDefiner(node)) {
      definers.push(node);
      if (memberName(part(node, "callee")) !== "assign") definesAccessors = true;
    }
    if (node["kind"] === "get" || node["kind"] === "set") hasAccessors = true;
    if (makesAccessors(node)) definesAccessors = true;
    pushChildren(node, pending);
  }
  return {
    builtinsPristine,
    definesAccessors: definesAccessors || !builtinsPristine,
    hasAccessors,
    writtenProperties: computed ? null : writtenProperties,
    definers,
  };
}

/** `Object.assign(…)` and similar; under another name, the function itself escapes. */
function isDefiner(call: Node): boolean {
  return DEFINING.has(memberName(part(call, "callee")) ?? "");
}

/** A proxy, a prototype set on an object, or one of the defining functions under another name. */
function makesAccessors(node: Node): boolean {
  if (node.type === "NewExpression") return nameOf(part(node, "callee")) === "Proxy";
  if (node.type === "CallExpression")
    return memberName(part(node, "callee")) === "create" && parts(node, "arguments").length > 0;
  if (node.type === "MemberExpression") {
    const name = memberName(node) ?? "";
    return name === "__proto__" || (DEFINING.has(name) && !isCallee(node));
  }
  return false;
}

function isCallee(node: Node): boolean {
  const parent = node[PARENT];
  return parent?.type === "CallExpression" && part(parent, "callee") === node;
}
