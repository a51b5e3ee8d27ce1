// Key functions: an author's function whose answer is a part of a task's cache key.

import type { JsonObject, JsonValue } from "@memodag/core";
import { isPlainObject } from "./plain-object.ts";
import type { OptionReader } from "./option-reader.ts";

/** The properties of its run that a key function may read. Dates are ISO 8601 in UTC. */
export interface KeyContext {
  readonly params: JsonObject;
  readonly dagRun: {
    readonly runId: string;
    readonly runType: string;
    readonly logicalDate: string | null;
    readonly conf: JsonObject;
  };
  readonly logicalDate: string | null;
  readonly dataInterval: { readonly start: string; readonly end: string } | null;
  readonly taskInstance: { readonly mapIndex: number };
}

/**
 * Returns a part of the cache key as JSON, or a promise of it; `null` for a result that is not to be cached this time.
 * The arguments are frozen. A function that is `pure` gets no context.
 */
export type KeyFunction<Args extends object = object> = (
  args: Args,
  context: KeyContext,
) => JsonValue | Promise<JsonValue>;

/** A key function that is `pure` or not asked again. */
export interface KeyFunctionOptions {
  /**
   * The answer depends on the arguments alone: neither on files, services, the environment or the time. Then answers
   * are remembered, and a run of hits asks nothing. Default: false.
   */
  readonly pure?: boolean;
  /**
   * Whether the function is asked again after the task has run, so that a result is not stored under an answer that has
   * become another one. Set it to `false` if you vouch that it does not. Default: true.
   */
  readonly confirm?: boolean;
}

/** A key function with options. */
export interface KeyOption<Args extends object = object> extends KeyFunctionOptions {
  readonly of: KeyFunction<Args>;
}

/** A key function of unknown types, as the runtime calls it. */
export type AnyKeyFunction = (args: never, context: KeyContext | undefined) => unknown;

/** A key function after reading. */
export interface ReadKeyFunction {
  readonly call: AnyKeyFunction;
  readonly trust?: "pure" | "unconfirmed";
}

/** Reads a key function or its options; undefined if it is neither. */
export function findKeyFunction(value: unknown): ReadKeyFunction | undefined {
  if (typeof value === "function") return { call: value as AnyKeyFunction };
  if (!isPlainObject(value)) return undefined;
  const { of, pure, confirm, ...others } = value;
  if (typeof of !== "function" || Object.keys(others).length > 0) return undefined;
  if (![pure, confirm].every((flag) => flag === undefined || typeof flag === "boolean")) return undefined;
  const trust = pure === true ? "pure" : confirm === false ? "unconfirmed" : undefined;
  return { call: of as AnyKeyFunction, ...(trust && { trust }) };
}

/** Reads the option `key`. */
export function readKeyFunction(reader: OptionReader): ReadKeyFunction | undefined {
  const value = reader.get("key");
  if (value === undefined) return undefined;
  const found = findKeyFunction(value);
  if (found) return found;
  throw reader.wrong("key", value, "use a function of the task's arguments, or { of: function, pure: true }");
}
