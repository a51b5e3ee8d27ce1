// Determines which variables code writes to, and which code can observe that.

import { PARENT, part, type Node } from "../program/node.ts";
import type { Binding, Program } from "../program/program.ts";
import { enclosingFunction } from "../purity/enclosing-function.ts";

/** True for a variable of the activation that writes it: no other code can observe that. */
export function isOfSameActivation(binding: Binding, node: Node): boolean {
  if (binding.scope.type === "module" || binding.scope.type === "global") return false;
  const [definition] = binding.defs;
  if (definition?.type === "Parameter")
    return (definition.node as unknown as Node) === enclosingFunction(node);
  return (
    definition !== undefined &&
    enclosingFunction(definition.name as unknown as Node) === enclosingFunction(node)
  );
}

/** Identifiers that are written to, not counting their definitions. */
export function writtenNames(program: Program): Set<Node> {
  const bindings = new Set<Binding>();
  const written = new Set<Node>();
  for (const node of program.identifiers()) {
    const binding = program.bindingOf(node);
    if (binding) bindings.add(binding);
    else if (binding === null && isAssigned(node)) written.add(node);
  }
  for (const binding of bindings) {
    for (const use of binding.references) {
      if (use.isWrite() && !use.init) written.add(use.identifier as unknown as Node);
    }
  }
  return written;
}

function isAssigned(node: Node): boolean {
  const parent = node[PARENT];
  if (parent?.type === "UpdateExpression") return true;
  return /^(?:Assignment|For(?:In|Of)Statement)/.test(parent?.type ?? "") && part(parent, "left") === node;
}
