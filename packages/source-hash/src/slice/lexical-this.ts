// Decides whether a function uses something of the activation around it that the inspector does not show.

import { isFunction, PARENT, pushChildren, type Node } from "../program/node.ts";

/**
 * True if an arrow function uses the surrounding `this`, `arguments` or `super`, or a method its `super`.
 */
export function usesSurroundings(node: Node): boolean {
  if (!isNested(node)) return false;
  const isArrow = node.type === "ArrowFunctionExpression";
  const pending: Node[] = [];
  pushChildren(node, pending);
  for (let inner = pending.pop(); inner; inner = pending.pop()) {
    if (inner.type === "Super" || (isArrow && isActivation(inner))) return true;
    if (!hasOwnThis(inner)) pushChildren(inner, pending);
  }
  return false;
}

function isActivation(node: Node): boolean {
  return (
    node.type === "ThisExpression" ||
    node.type === "MetaProperty" ||
    (node.type === "Identifier" && node["name"] === "arguments")
  );
}

function hasOwnThis(node: Node): boolean {
  return node.type === "ClassBody" || (isFunction(node) && node.type !== "ArrowFunctionExpression");
}

/** A module's top level has no `this`. */
function isNested(node: Node): boolean {
  for (let outer = node[PARENT]; outer; outer = outer[PARENT]) {
    if (isFunction(outer) || outer.type === "ClassBody" || outer.type === "ObjectExpression") return true;
  }
  return false;
}
