// What an artifact's code does with its Dags beside declaring tasks.

import { isFunction, PARENT, part, parts, type Node } from "../program/node.ts";
import type { Program } from "../program/program.ts";
import type { Constants } from "./constants.ts";
import type { SdkObjects } from "./sdk-objects.ts";

/** What happens to the Dags of an artifact. */
export interface DagUses {
  /** A Dag is handed to something that cannot be told: it may read which tasks there are. */
  readonly escapes: boolean;
  /** A property of a Dag is read or written that is none of the SDK's calls. */
  readonly isTouched: boolean;
}

/** Looks at every place where a Dag is named. */
export function findDagUses(program: Program, sdk: SdkObjects, constants: Constants): DagUses {
  let escapes = false;
  let isTouched = false;
  for (const node of program.identifiers()) {
    if (!sdk.isDag(node)) continue;
    const use = useOf(node, sdk, constants);
    if (use === "escapes") escapes = true;
    if (use === "touched") isTouched = true;
  }
  return { escapes, isTouched };
}

function useOf(node: Node, sdk: SdkObjects, constants: Constants): "declares" | "escapes" | "touched" {
  const parent = node[PARENT];
  switch (parent?.type) {
    case "MemberExpression": {
      if (part(parent, "object") !== node) return "escapes";
      const call = parent[PARENT];
      const isCalled = call?.type === "CallExpression" && part(call, "callee") === parent;
      return sdk.isId(parent) || (isCalled && sdk.isCall(call)) ? "declares" : "touched";
    }
    case "CallExpression":
      return isParameterDag(node, parent, sdk, constants) ? "declares" : "escapes";
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

/** True when the function called is known, and takes the Dag as a parameter that is always one. */
function isParameterDag(node: Node, call: Node, sdk: SdkObjects, constants: Constants): boolean {
  const callee = constants.resolve(part(call, "callee"));
  const index = parts(call, "arguments").indexOf(node);
  return index >= 0 && isFunction(callee) && sdk.isDag(parts(callee, "params")[index]);
}
