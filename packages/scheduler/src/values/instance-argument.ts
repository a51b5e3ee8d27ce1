// An argument of one instance: a template, or one element of a list that the instance is mapped over.

import type { ArgTemplate } from "@memodag/core";
import type { ListElements } from "./list-elements.ts";

/** One element of a list. */
export interface ElementArgument {
  readonly kind: "element";
  readonly elements: ListElements;
  readonly index: number;
}

/** The source of an instance's argument. */
export type InstanceArgument = ArgTemplate | ElementArgument;

/** An argument's name and source. */
export type NamedArgument = readonly [name: string, argument: InstanceArgument];
