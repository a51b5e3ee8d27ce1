// Links every node to its parent, and finds functions and calls by position.

import { isClass, isFunction, isNode, PARENT, type Node } from "./node.ts";

/** Nodes of a program that are looked up. */
export interface LinkedNodes {
  /** Functions and classes sorted by start, outer ones first. */
  readonly functions: readonly Node[];
  /** Every call. */
  readonly calls: readonly Node[];
}

/** Sets each node's parent. */
export function linkNodes(root: Node): LinkedNodes {
  const functions: Node[] = [];
  const calls: Node[] = [];
  const pending: Node[] = [root];
  // Without recursion: a generated file may nest deeper than the stack allows.
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (node.type === "CallExpression") calls.push(node);
    else if (isFunction(node) || isClass(node)) functions.push(node);
    for (const field in node) {
      const value = node[field];
      if (typeof value !== "object" || value === null) continue;
      if (Array.isArray(value)) {
        for (const item of value) if (isNode(item)) link(item, node, pending);
      } else if (isNode(value)) {
        link(value, node, pending);
      }
    }
  }
  functions.sort((a, b) => a.start - b.start || b.end - a.end);
  return { functions, calls };
}

function link(child: Node, parent: Node, pending: Node[]): void {
  // `{ a }` has one identifier in two fields; it is visited in the one that shows its use.
  child[PARENT] ??= parent;
  pending.push(child);
}
