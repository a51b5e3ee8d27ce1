// Whether a variable's value can change after it was made.

import { contains, part, type Node } from "../program/node.ts";
import type { Binding } from "../program/program.ts";

/** True when a variable is written to after its definition, other than by the loop that makes it anew each time. */
export function isRewritten(binding: Binding): boolean {
  return binding.references.some((use) => {
    if (!use.isWrite() || use.init) return false;
    return !isStep(binding, use.identifier as unknown as Node);
  });
}

/** `i++` of `for (let i = 0; …; i++)`: each round has an `i` of its own. */
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
