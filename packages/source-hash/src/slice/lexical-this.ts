// Whether a function uses what only the activation around it has, and the inspector does not show.

import { children, isFunction, PARENT, type Node } from "../program/node.ts";

/** True when an arrow function uses its surroundings' `this`, `arguments` or `super`, or a method its `super`. */
export function usesSurroundings(node: Node): boolean {
  const isArrow = node.type === "ArrowFunctionExpression";
  return isNested(node) && search(node, isArrow);
}

/** A module's top level has no `this`. */
function isNested(node: Node): boolean {
  for (let outer = node[PARENT]; outer; outer = outer[PARENT]) {
    if (isFunction(outer) || outer.type === "ClassBody" || outer.type === "ObjectExpression") return true;
  }
  return false;
}

function search(node: Node, ownThis: boolean): boolean {
  for (const child of children(node)) {
    if (child.type === "Super") return true;
    if (ownThis && child.type === "ThisExpression") return true;
    if (ownThis && child.type === "Identifier" && child["name"] === "arguments") return true;
    if (ownThis && child.type === "MetaProperty") return true;
    if (child.type === "ClassBody") continue;
    const isOwn = isFunction(child) && child.type !== "ArrowFunctionExpression";
    if (isOwn ? false : search(child, ownThis)) return true;
  }
  return false;
}
