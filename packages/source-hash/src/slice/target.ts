// The references of a piece of code to other code.

import type { Binding, ImportedName, Unit } from "../program/program.ts";

/**
 * - `units`: a binding of the top level.
 * - `import`: a name imported from outside of the artifact, statically or by `import("…")`.
 * - `captured`: a variable of a function around the code, whose value is the activation's.
 */
export type Target =
  | { readonly kind: "units"; readonly binding: Binding; readonly units: readonly Unit[] }
  | ({ readonly kind: "import" } & ImportedName)
  | { readonly kind: "captured"; readonly binding: Binding };
