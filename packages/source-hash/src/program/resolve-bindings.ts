// Resolves the binding of every identifier.

import { analyze, type Scope } from "eslint-scope";
import type { Node } from "./node.ts";
import type { Binding } from "./binding.ts";

/** The bindings of a module. */
export interface ResolvedBindings {
  /** Those of the module's top level. */
  readonly topLevel: readonly Binding[];
  /** By identifier; `null` for a global. */
  readonly byIdentifier: ReadonlyMap<Node, Binding | null>;
}

/** Resolves the identifiers of a module's syntax tree. */
export function resolveBindings(root: Node): ResolvedBindings {
  const manager = analyze(root as never, { ecmaVersion: 2025, sourceType: "module", ignoreEval: true });
  const byIdentifier = new Map<Node, Binding | null>();
  const topLevel: Binding[] = [];
  for (const scope of manager.scopes) {
    collect(scope, byIdentifier);
    if (scope.type === "module") for (const variable of scope.variables) topLevel.push(variable);
  }
  return { topLevel, byIdentifier };
}

function collect(scope: Scope, byIdentifier: Map<Node, Binding | null>): void {
  for (const variable of scope.variables) {
    for (const identifier of variable.identifiers) byIdentifier.set(identifier as unknown as Node, variable);
  }
  for (const reference of scope.references) {
    byIdentifier.set(reference.identifier as unknown as Node, reference.resolved ?? null);
  }
}
