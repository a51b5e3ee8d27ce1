// Names that code can refer to, and where it does.

import type { Reference, Variable } from "eslint-scope";

/** A name that code can refer to. */
export type Binding = Variable;

/** A use of a binding. */
export type Use = Reference;
