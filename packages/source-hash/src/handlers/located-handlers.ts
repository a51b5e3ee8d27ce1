// The locations of handlers in an artifact and their captured values, as a message between processes.

import type { Digest } from "@memodag/core";

/** The location of a function in the artifact. */
export interface FunctionPlace {
  /** Starts at 0. */
  readonly line: number;
  /** UTF-16 code units from the start of the line. */
  readonly column: number;
  /**
   * Length and digest of the function's text, so that a location in another file is not mistaken for one
   * here.
   */
  readonly length: number;
  readonly digest: Digest;
}

/** A labelled reference from one value to another: a property, an element, or a captured variable. */
export type HeapEdge = readonly [label: string, index: number];

/**
 * A value that a handler captured.
 *
 * - `primitive`: `text` contains its type and value.
 * - `object`: a plain object, list, map, set, date or similar; `tag` is its type.
 * - `function`: a function of the artifact, with the variables of the enclosing functions.
 * - `opaque`: a value that cannot be compared; `what` describes it to the author.
 */
export type HeapValue =
  | { readonly kind: "primitive"; readonly text: string }
  | { readonly kind: "object"; readonly tag: string; readonly edges: readonly HeapEdge[] }
  | {
      readonly kind: "function";
      readonly place: FunctionPlace;
      /** Innermost scope first. If a name occurs several times, the function sees the first one. */
      readonly captured: readonly HeapEdge[];
      readonly properties: readonly HeapEdge[];
    }
  | { readonly kind: "opaque"; readonly what: string };

/** The handlers of an artifact, as plain data. */
export interface LocatedHandlers {
  /** Index into `heap`, by the handler's key. */
  readonly handlers: readonly (readonly [key: string, index: number])[];
  readonly heap: readonly HeapValue[];
}
