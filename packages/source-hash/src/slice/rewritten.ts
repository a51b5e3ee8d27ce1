// Decides whether a variable's value can change after its definition.

import { contains, part, type Node } from "../program/node.ts";
import type { Binding } from "../program/program.ts";

/** True if a variable is written to after its definition, except by the loop that declares it. */
export function isRewritten(binding: Binding): boolean {
  return binding.references.some((use) => {
    if (!use.isWrite() || use.init) return false;
    return !isStep(binding, use.identifier as unknown as Node);
  });
}

/** `i++` of `for (let i = 0; …; i++)`: each iteration has its own `i`. */
function isStep(binding: Binding, written: Node): boolean {
  if (binding.scope.type !== "for") return false;
  const loop = binding.scope.block as unknown as Node;
  if (loop.type === "ForOfStatement" || loop.type === "ForInStatement") {
    const left = part(loop, "left");
    return left !== undefined && contains(left, written);
  }
  const update = part(loop, "update");
  return update !== undefined && contains(update, written);
}
