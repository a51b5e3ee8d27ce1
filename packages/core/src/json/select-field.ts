// Selects a field of an upstream result, in the same way for the key and in the worker.

import type { JsonValue } from "./json-value.ts";

/**
 * Returns the member of `value` at `path`, or `undefined`. Strings select own properties of objects, and
 * integers select elements of lists. Nothing else exists, such as the `length` of a list.
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

/** Like {@link findField}, but returns `null` instead of `undefined`, as tasks receive it. */
export function selectField(value: JsonValue, path: readonly (string | number)[]): JsonValue {
  return findField(value, path) ?? null;
}

const INDEX = /^(?:0|[1-9]\d*)$/;

/**
 * Returns the member of `value` at a path of names and indexes with dots between them, such as `models.0.name`, or
 * `undefined`. A number selects an element of a list, or else the property of that name.
 */
export function findDotted(value: JsonValue, path: string): JsonValue | undefined {
  let current: JsonValue | undefined = value;
  for (const step of path.split(".")) {
    if (current === undefined) return undefined;
    current = memberOf(current, Array.isArray(current) && INDEX.test(step) ? Number(step) : step);
  }
  return current;
}

function memberOf(value: JsonValue, step: string | number): JsonValue | undefined {
  if (value === null || typeof value !== "object") return undefined;
  if (typeof step === "number") return Array.isArray(value) ? value[step] : undefined;
  if (Array.isArray(value) || !Object.hasOwn(value, step)) return undefined;
  return (value as { readonly [name: string]: JsonValue })[step];
}
