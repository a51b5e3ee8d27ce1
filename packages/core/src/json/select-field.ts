// How a field of an upstream's result is found: the same in the key and in the worker.

import type { JsonValue } from "./json-value.ts";

/**
 * The member of `value` at `path`, or `undefined` where there is none. Strings select own members of
 * objects, whole numbers select elements of lists; anything else (`"length"` of a list, say) is not there.
 */
export function findField(value: JsonValue, path: readonly (string | number)[]): JsonValue | undefined {
  let current: JsonValue = value;
  for (const step of path) {
    const member = memberOf(current, step);
    if (member === undefined) return undefined;
    current = member;
  }
  return current;
}

/** Like {@link findField}, with `null` for what is not there: what a task gets as its argument. */
export function selectField(value: JsonValue, path: readonly (string | number)[]): JsonValue {
  return findField(value, path) ?? null;
}

function memberOf(value: JsonValue, step: string | number): JsonValue | undefined {
  if (value === null || typeof value !== "object") return undefined;
  if (typeof step === "number") return Array.isArray(value) ? value[step] : undefined;
  if (Array.isArray(value) || !Object.hasOwn(value, step)) return undefined;
  return (value as { readonly [name: string]: JsonValue })[step];
}
