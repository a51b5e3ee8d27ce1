// An artifact as a syntax tree with resolved bindings, split into the units of a hash.

import type { Binding, Use } from "./binding.ts";
import type { HelperName } from "./bundler-helpers.ts";
import type { Node } from "./node.ts";

export type { Binding, Use };

/**
 * The smallest piece that is part of a hash or not: a function, a class, one declared variable with its
 * initialiser, or a top-level statement.
 */
export interface Unit {
  /** Index among the artifact's units, which is the order of evaluation. */
  readonly index: number;
  readonly kind: "function" | "class" | "variable" | "statement";
  /** The declaration, declarator or statement. */
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

/** A parsed artifact. */
export interface Program {
  readonly code: string;
  readonly root: Node;
  readonly units: readonly Unit[];
  /** Packages imported only for their side effects, or re-exported. */
  readonly bareImports: readonly string[];
  /**
   * Specifiers imported from outside of the artifact by declarations, with or without names, in order.
   */
  readonly imports: readonly string[];
  /**
   * Returns the binding of an identifier; `null` for a global, `undefined` for a property name or a
   * label.
   */
  bindingOf(identifier: Node): Binding | null | undefined;
  /**
   * Returns the units that declare a top-level binding: several if `var` repeats it, none for other
   * bindings.
   */
  unitsOf(binding: Binding): readonly Unit[];
  importOf(binding: Binding): ImportedName | undefined;
  /** True if the expression refers to the bundler's helper with that name. */
  isHelper(node: Node | undefined, name: HelperName): boolean;
  /** True for a unit that defines one of the bundler's helpers. */
  isHelperUnit(unit: Unit): boolean;
  /**
   * Returns the `name` of the function or class that a binding declares, even if the bundler renamed the
   * binding.
   */
  givenName(binding: Binding): string;
  /** Returns the innermost function or class at an offset. */
  functionAt(offset: number): Node | undefined;
  /** Returns the unit that contains a node. */
  unitAround(node: Node): Unit | undefined;
  /** Every identifier that refers to a binding or a global. */
  identifiers(): Iterable<Node>;
  /** Every call. */
  calls(): Iterable<Node>;
  /** Returns the expression itself if the bundler wrapped it to keep its name. */
  unwrap(node: Node | undefined): Node | undefined;
}
