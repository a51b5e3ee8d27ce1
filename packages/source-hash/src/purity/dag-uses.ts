// Finds uses of Dags in an artifact's code other than declaring tasks.

import { isFunction, memberName, nameOf, PARENT, part, parts, textOf, type Node } from "../program/node.ts";
import type { Program } from "../program/program.ts";
import type { Constants } from "./constants.ts";
import { METHODS, type SdkObjects } from "./sdk-objects.ts";
import type { Tampering } from "./tampering.ts";

/** The uses of an artifact's Dags. */
export interface DagUses {
  /** Where a Dag escapes to unknown code, which may read its tasks. */
  readonly escapes: readonly Node[];
  /** True unless the methods of the SDK's objects are certainly the original ones. */
  readonly mayReplaceMethods: boolean;
}

type Use = "declares" | "escapes" | "leaves" | "touched";

/** Examines every reference to a Dag. */
export function findDagUses(
  program: Program,
  sdk: SdkObjects,
  constants: Constants,
  tampering: Tampering,
): DagUses {
  const escapes: Node[] = [];
  let isTouched = false;
  for (const node of program.identifiers()) {
    if (sdk.isEscapingClass(node)) isTouched = true;
    if (!sdk.isDag(node)) continue;
    const use = useOf(node, program, sdk, constants);
    if (use === "escapes" || use === "leaves") escapes.push(node);
    if (use === "touched" || use === "leaves") isTouched = true;
  }
  const { writtenProperties, definers } = tampering;
  const writesMethods =
    writtenProperties === null
      ? escapes.length > 0
      : [...METHODS].some((method) => writtenProperties.has(method));
  const defines = definers.some((call) => mayDefineMethod(call, sdk, constants, escapes.length > 0));
  return { escapes, mayReplaceMethods: isTouched || writesMethods || defines };
}

/** `Object.assign(group, { task })`, and any such call on a possible Dag. */
function mayDefineMethod(call: Node, sdk: SdkObjects, constants: Constants, escapes: boolean): boolean {
  const [target, ...others] = parts(call, "arguments");
  if (sdk.isObject(target)) return true;
  const kept = constants.resolve(target);
  if (kept?.type === "ObjectExpression" || kept?.type === "ArrayExpression" || isFunction(kept)) return false;
  if (escapes) return true;
  return others.some((argument) => {
    if (METHODS.has(textOf(argument) ?? "")) return true;
    const literal = constants.resolve(argument);
    return parts(literal, "properties").some((property) => {
      const key = part(property, "key");
      return METHODS.has(nameOf(key) ?? textOf(key) ?? "");
    });
  });
}

function useOf(node: Node, program: Program, sdk: SdkObjects, constants: Constants): Use {
  const parent = node[PARENT];
  switch (parent?.type) {
    case "MemberExpression": {
      if (part(parent, "object") !== node) return "escapes";
      const call = parent[PARENT];
      const isCalled = call?.type === "CallExpression" && part(call, "callee") === parent;
      return sdk.isId(parent) || (isCalled && sdk.isCall(call)) ? "declares" : "touched";
    }
    case "CallExpression":
    case "NewExpression":
      return useInCall(node, parent, program, sdk, constants);
    case "VariableDeclarator":
      return part(parent, "id") === node || part(parent, "id")?.type === "Identifier"
        ? "declares"
        : "escapes";
    case "ArrowFunctionExpression":
    case "FunctionDeclaration":
    case "FunctionExpression":
      return parts(parent, "params").includes(node) ? "declares" : "escapes";
    case "ExportSpecifier":
    case "ExpressionStatement":
      return "declares";
    default:
      return "escapes";
  }
}

/** A known function receives it as a parameter; code outside of the artifact may do anything with it. */
function useInCall(node: Node, call: Node, program: Program, sdk: SdkObjects, constants: Constants): Use {
  // A Bundle only stores it.
  if (sdk.isCall(call)) return "declares";
  const callee = part(call, "callee");
  const resolved = constants.resolve(callee);
  const index = parts(call, "arguments").indexOf(node);
  if (isFunction(resolved)) {
    return index >= 0 && sdk.isDag(parts(resolved, "params")[index]) ? "declares" : "escapes";
  }
  return isForeign(callee, program) ? "leaves" : "escapes";
}

/** A function imported from outside, a built-in function, or a member of either. */
function isForeign(callee: Node | undefined, program: Program): boolean {
  if (callee?.type === "MemberExpression") {
    // `list.push(dag)` stores it unchanged.
    const isKept = ["push", "set", "add", "unshift"].includes(memberName(callee) ?? "");
    return !isKept && isForeign(part(callee, "object"), program);
  }
  if (callee?.type !== "Identifier") return false;
  const binding = program.bindingOf(callee);
  return !binding || program.importOf(binding) !== undefined;
}
