// Finds the function whose activation runs a piece of code.

import { isFunction, PARENT, type Node } from "../program/node.ts";

/**
 * Returns the innermost function, field initialiser or static block around a node; `null` at the top
 * level.
 */
export function enclosingFunction(node: Node): Node | null {
  for (let outer = node[PARENT]; outer; outer = outer[PARENT]) {
    if (isFunction(outer) || outer.type === "StaticBlock" || outer.type === "PropertyDefinition")
      return outer;
  }
  return null;
}
