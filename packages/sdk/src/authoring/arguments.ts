// The types of what a factory is called with: values, refs to values, and values with refs in them.

import type { JsonValue } from "@memodag/core";
import type { TaskRef } from "./task-ref.ts";

/** A value of type `T`, a task's result of that type, or a list or object in which members are. */
export type Argument<T> = JsonValue extends T ? T | JsonArgument : T | TaskRef<T> | ArgumentParts<T>;

/** Any JSON with refs in it: what an argument is that may be any JSON. */
export type JsonArgument =
  | JsonValue
  | TaskRef<unknown>
  | readonly JsonArgument[]
  | { readonly [name: string]: JsonArgument };

/** Lists and objects in whose place refs may stand; lists apart from tuples, which may be recursive. */
type ArgumentParts<T> = T extends string | number | boolean | null | undefined
  ? never
  : T extends readonly unknown[]
    ? number extends T["length"]
      ? readonly Argument<T[number]>[]
      : { readonly [Index in keyof T]: Argument<T[Index]> }
    : T extends object
      ? { readonly [Name in keyof T]: Argument<T[Name]> }
      : never;

/** What a handler's arguments are given as. */
export type ArgumentsFor<Args extends object> = { readonly [Name in keyof Args]: Argument<Args[Name]> };

/** What an argument is mapped over: a list of its values, or a task's result that is such a list. */
export type Mapped<T> = readonly Argument<T>[] | TaskRef<readonly T[]>;

/** What a handler's arguments are mapped over. */
export type MappedFor<Args extends object> = { readonly [Name in keyof Args]: Mapped<Args[Name]> };
