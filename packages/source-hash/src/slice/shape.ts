// A piece of code without its formatting and names, as it is hashed.

import type { Digest } from "@memodag/core";
import type { Node } from "../program/node.ts";
import type { Binding } from "../program/program.ts";
import type { Target } from "./target.ts";

/** The hashed form of a piece of code, and its references. */
export interface Shape {
  /**
   * Digest of the syntax tree. Names of bindings are replaced by numbers in order of first use, so that
   * renaming or moving them changes nothing.
   */
  readonly digest: Digest;
  /** In order of first use. */
  readonly targets: readonly Target[];
  /** Reasons why the code that it reaches is unknown. */
  readonly hazards: readonly string[];
  /** True if handlers of tasks are left out of it. */
  readonly prunes: boolean;
  /** True if it may inspect the SDK's objects, and find the handlers in them. */
  readonly reveals: boolean;
  /** True if it may convert a function or class to a string. */
  readonly readsText: boolean;
  /** The outermost functions and classes in it: their source text, if some code reads it. */
  readonly code: readonly Node[];
  /** Names given to functions and classes in it, which are values as well. */
  readonly names: readonly string[];
  /** The numbers of the bindings declared in it. */
  readonly locals: ReadonlyMap<Binding, number>;
}
