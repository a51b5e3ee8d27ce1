// Gives every node its way up.

import { isNode, PARENT, type Node } from "./node.ts";

/** Sets each node's parent, and lists all nodes in order of their start, outer ones first. */
export function linkNodes(root: Node): Node[] {
  const nodes: Node[] = [];
  const pending: Node[] = [root];
  // Without recursion: a generated file may nest deeper than the stack.
  for (let node = pending.pop(); node; node = pending.pop()) {
    nodes.push(node);
    for (const field in node) {
      const value = node[field];
      if (Array.isArray(value)) {
        for (const item of value) if (isNode(item)) link(item, node, pending);
      } else if (isNode(value)) {
        link(value, node, pending);
      }
    }
  }
  return nodes.sort((a, b) => a.start - b.start || b.end - a.end);
}

function link(child: Node, parent: Node, pending: Node[]): void {
  // `{ a }` has one identifier in two fields; it is met in the one that says what it is used for.
  child[PARENT] ??= parent;
  pending.push(child);
}
