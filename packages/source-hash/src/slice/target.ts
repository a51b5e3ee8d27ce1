// The references of a piece of code to other code.

import type { Binding, ImportedName, Unit } from "../program/program.ts";

/**
 * - `units`: a top-level binding.
 * - `import`: a name imported from outside of the artifact, statically or by `import("…")`.
 * - `captured`: a variable of an enclosing function, whose value belongs to the activation.
 */
export type Target =
  | { readonly kind: "units"; readonly binding: Binding; readonly units: readonly Unit[] }
  | ({ readonly kind: "import" } & ImportedName)
  | { readonly kind: "captured"; readonly binding: Binding };
