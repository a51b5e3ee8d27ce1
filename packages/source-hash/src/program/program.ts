// An artifact as a syntax tree with its bindings resolved, cut into the units that a hash is made of.

import type { Binding, Use } from "./binding.ts";
import type { HelperName } from "./bundler-helpers.ts";
import type { Node } from "./node.ts";

export type { Binding, Use };

/**
 * The smallest piece that is in a hash or is not: a function, a class, one declared variable with its
 * initialiser, or a statement of the top level.
 */
export interface Unit {
  /** Position among the artifact's units, which is the order of evaluation. */
  readonly index: number;
  readonly kind: "function" | "class" | "variable" | "statement";
  /** The declaration, the declarator or the statement. */
  readonly node: Node;
  /** Nodes that belong to it besides `node`: the bundler's registration of a namespace's getters. */
  readonly attached: Node[];
  readonly bindings: Binding[];
}

/** The target of a name bound by an import declaration. */
export interface ImportedName {
  readonly specifier: string;
  /** The exported name, `default`, or `*` for the namespace. */
  readonly imported: string;
}

/** An artifact, parsed. */
export interface Program {
  readonly code: string;
  readonly root: Node;
  readonly units: readonly Unit[];
  /** Packages imported for their side effects alone, or re-exported. */
  readonly bareImports: readonly string[];
  /**
   * Specifiers imported from outside of the artifact by declarations, with or without names, in order.
   */
  readonly imports: readonly string[];
  /** The binding that an identifier names; `null` for a global, `undefined` for a property's name or a label. */
  bindingOf(identifier: Node): Binding | null | undefined;
  /** The units that declare a binding of the top level: several when `var` does so twice, none for others. */
  unitsOf(binding: Binding): readonly Unit[];
  importOf(binding: Binding): ImportedName | undefined;
  /** True when the expression names the bundler's helper of that name. */
  isHelper(node: Node | undefined, name: HelperName): boolean;
  /** The unit that is one of the bundler's helpers. */
  isHelperUnit(unit: Unit): boolean;
  /** The `name` of the function or class that a binding declares, whatever the bundler calls it. */
  givenName(binding: Binding): string;
  /** The innermost function or class that an offset lies in. */
  functionAt(offset: number): Node | undefined;
  /** The unit that a node lies in. */
  unitAround(node: Node): Unit | undefined;
  /** Every identifier that names a binding or a global. */
  identifiers(): Iterable<Node>;
  /** Every call. */
  calls(): Iterable<Node>;
  /** The expression itself, where the bundler wrapped it to keep its name. */
  unwrap(node: Node | undefined): Node | undefined;
}
