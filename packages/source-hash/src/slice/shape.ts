// A piece of code without its formatting and its names: what of it is in a hash.

import type { Digest } from "@memodag/core";
import type { Binding } from "../program/program.ts";
import type { Target } from "./target.ts";

/** What is hashed of a piece of code, and what it leads to. */
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
  /** True when it asks for the names of functions or classes. */
  readonly readsNames: boolean;
  /** Names given to functions and classes in it. */
  readonly names: readonly string[];
  /** The numbers that stand for the bindings declared in it. */
  readonly locals: ReadonlyMap<Binding, number>;
}
