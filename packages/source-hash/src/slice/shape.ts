// A piece of code without its formatting and its names: what of it is in a hash.

import type { Digest } from "@memodag/core";
import type { Node } from "../program/node.ts";
import type { Binding } from "../program/program.ts";
import type { Target } from "./target.ts";

/** The hashed form of a piece of code, and its references. */
export interface Shape {
  /**
   * Digest of the syntax tree. Names of bindings are replaced by numbers in order of their first use,
   * so that another name or place changes nothing.
   */
  readonly digest: Digest;
  /** In order of first use. */
  readonly targets: readonly Target[];
  /** Reasons why what it reaches cannot be told. */
  readonly hazards: readonly string[];
  /** True when handlers of tasks are left out of it. */
  readonly prunes: boolean;
  /** True when it may take the SDK's objects apart, and find the handlers in them. */
  readonly reveals: boolean;
  /** True if it may convert a function or class to a string. */
  readonly readsText: boolean;
  /** The functions and classes in it, outermost only: their text, where some code reads it. */
  readonly code: readonly Node[];
  /** Names given to functions and classes in it, which are values as well. */
  readonly names: readonly string[];
  /** The numbers that stand for the bindings declared in it. */
  readonly locals: ReadonlyMap<Binding, number>;
}
