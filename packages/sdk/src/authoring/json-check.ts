// Compile-time check that a handler returns JSON, so that a Date, for example, is a type error
// where it is written.

import type { GraphNode } from "./graph-node.ts";

/** The message for a type outside JSON: its name and the fix. `never` for JSON types. */
type NotJsonLeaf<T> = T extends Date
  ? "a Date is not JSON: return toISOString()"
  : T extends ReadonlyMap<unknown, unknown>
    ? "a Map is not JSON: return Object.fromEntries(it), or [...it]"
    : T extends ReadonlySet<unknown>
      ? "a Set is not JSON: return [...it]"
      : T extends bigint
        ? "a bigint is not JSON: return String(it)"
        : T extends symbol
          ? "a symbol is not JSON: return its description"
          : T extends (...args: never[]) => unknown
            ? "a function is not JSON: call it, or leave it out"
            : T extends ArrayBuffer | ArrayBufferView
              ? "bytes are not JSON: return them as base64 text, or Array.from(it)"
              : T extends RegExp
                ? "a RegExp is not JSON: return its source"
                : T extends PromiseLike<unknown>
                  ? "a Promise is not JSON: await it"
                  : never;

/** Levels that the type check descends. The encoder checks all levels at run time. */
type Levels = [never, 0, 1, 2];

/** The messages for all parts of a type that JSON cannot represent. `never` if there are none. */
type NotJson<T, Level extends number = 3> = 0 extends 1 & T
  ? never
  : [Level] extends [never]
    ? never
    : T extends string | number | boolean | null | undefined
      ? never
      : [NotJsonLeaf<T>] extends [never]
        ? T extends readonly (infer Item)[]
          ? NotJson<Item, Levels[Level]>
          : T extends object
            ? { [Name in keyof T]: NotJson<T[Name], Levels[Level]> }[keyof T]
            : never
        : NotJsonLeaf<T>;

/**
 * `unknown` for a result that JSON can represent and for a task or group, which becomes its id.
 * Otherwise a type whose name states the problem.
 */
export type JsonResult<Result> = [NotJson<Exclude<Result, GraphNode>>] extends [never]
  ? unknown
  : { readonly "the handler's result is not JSON": NotJson<Exclude<Result, GraphNode>> };
