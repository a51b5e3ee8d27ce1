// Types of the arguments that a factory accepts: values, refs to values, and values that contain
// refs.

import type { JsonValue } from "@memodag/core";
import type { TaskRef } from "./task-ref.ts";

/**
 * A value of type `T`, a ref to a task result of that type, or a list or object that contains such
 * refs.
 *
 * @example
 * ```ts
 * report({ rows: load(), title: "Penguins", parts: [fit({ depth: 3 }), fit({ depth: 4 })] });
 * ```
 */
export type Argument<T> = JsonValue extends T ? T | JsonArgument : T | TaskRef<T> | ArgumentParts<T>;

/**
 * Any JSON value in which refs may stand for values. The type of an argument that accepts any JSON.
 */
export type JsonArgument =
  | JsonValue
  | TaskRef<unknown>
  | readonly JsonArgument[]
  | { readonly [name: string]: JsonArgument };

/**
 * Lists and objects whose members may be refs. Lists are handled apart from tuples, which may be
 * recursive.
 */
type ArgumentParts<T> = T extends string | number | boolean | null | undefined
  ? never
  : T extends readonly unknown[]
    ? number extends T["length"]
      ? readonly Argument<T[number]>[]
      : { readonly [Index in keyof T]: Argument<T[Index]> }
    : T extends object
      ? { readonly [Name in keyof T]: Argument<T[Name]> }
      : never;

/** The arguments object that a factory accepts for a handler with arguments `Args`. */
export type ArgumentsFor<Args extends object> = { readonly [Name in keyof Args]: Argument<Args[Name]> };

/** An argument to map over: a list of values, or a ref to a task result that is such a list. */
export type Mapped<T> = readonly Argument<T>[] | TaskRef<readonly T[]>;

/** The arguments object that `expand()` accepts for a handler with arguments `Args`. */
export type MappedFor<Args extends object> = { readonly [Name in keyof Args]: Mapped<Args[Name]> };
