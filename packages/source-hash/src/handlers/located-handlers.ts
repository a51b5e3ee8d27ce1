// Where handlers are in an artifact and which values they captured, as a message between processes.

import type { Digest } from "@memodag/core";

/** A function's place in the artifact. */
export interface FunctionPlace {
  /** From 0. */
  readonly line: number;
  /** UTF-16 code units from the start of the line. */
  readonly column: number;
  /** Length and digest of the function's own text, so that a place in another file is not taken for one here. */
  readonly length: number;
  readonly digest: Digest;
}

/** A named way from one value to another: a property, an element, a captured variable. */
export type HeapEdge = readonly [label: string, index: number];

/**
 * A value that a handler captured.
 *
 * - `primitive`: `text` has its type and its value.
 * - `object`: a plain object, list, map, set, date or the like; `tag` says which.
 * - `function`: one of the artifact's own, with the variables of the functions around it.
 * - `opaque`: nothing that can be compared; `what` names it for the author.
 */
export type HeapValue =
  | { readonly kind: "primitive"; readonly text: string }
  | { readonly kind: "object"; readonly tag: string; readonly edges: readonly HeapEdge[] }
  | {
      readonly kind: "function";
      readonly place: FunctionPlace;
      /** Innermost scope first; the first of a name is the one that the function sees. */
      readonly captured: readonly HeapEdge[];
      readonly properties: readonly HeapEdge[];
    }
  | { readonly kind: "opaque"; readonly what: string };

/** The handlers of an artifact. Plain data. */
export interface LocatedHandlers {
  /** Index into `heap` by the handler's key. */
  readonly handlers: readonly (readonly [key: string, index: number])[];
  readonly heap: readonly HeapValue[];
}
