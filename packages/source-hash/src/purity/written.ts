// Decides where a property is written rather than read.

import { PARENT, part, type Node } from "../program/node.ts";

/** True for the target of an assignment, `++`, `delete`, a loop or destructuring. */
export function isWritten(node: Node): boolean {
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
