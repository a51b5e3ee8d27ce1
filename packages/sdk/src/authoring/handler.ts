// The type of a handler: a function of one object of named arguments that returns JSON, or a
// promise of it.

import type { GraphNode } from "./graph-node.ts";

/** The arguments of a handler without arguments. */
export type NoArguments = { readonly [name: string]: never };

/**
 * A handler as its author writes it: one object of named arguments in, JSON or a promise of JSON
 * out.
 *
 * @example
 * ```ts
 * const load: Handler<{ path: string }, Promise<Row[]>> = async ({ path }) => readRows(path);
 * ```
 */
export type Handler<Args extends object, Result> = (args: Args) => Result;

/** A handler of unknown types, as the runtime calls it. */
export type AnyHandler = (args: never) => unknown;

/**
 * The type of a handler's result as downstream tasks receive it: promises are awaited, `undefined`
 * becomes `null`, and a returned task or group becomes its id.
 */
export type ResultOf<Result> =
  Awaited<Result> extends infer Value
    ? Value extends undefined | void
      ? null
      : Value extends GraphNode
        ? string
        : Value
    : never;

/** The union of the names of a handler's arguments. */
export type NamesOf<Args extends object> = keyof Args & string;
