// What a handler is: a function of one object of named arguments that returns JSON, at once or later.

import type { GraphNode } from "./graph-node.ts";

/** The arguments of a handler that takes none. */
export type NoArguments = { readonly [name: string]: never };

/** A handler as an author writes it. */
export type Handler<Args extends object, Result> = (args: Args) => Result;

/** A handler whose types are forgotten, as the runtime calls it. */
export type AnyHandler = (args: never) => unknown;

/**
 * What a handler's result is to the tasks downstream: awaited, and nothing is `null`. A task or a group
 * that a handler returns is its id.
 */
export type ResultOf<Result> =
  Awaited<Result> extends infer Value
    ? Value extends undefined | void
      ? null
      : Value extends GraphNode
        ? string
        : Value
    : never;

/** The union of a handler's arguments' names. */
export type NamesOf<Args extends object> = keyof Args & string;
