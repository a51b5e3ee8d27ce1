// Random JSON values, with the names and texts that encoders get wrong among them.

import type { JsonValue } from "@memodag/core";
import * as fc from "fast-check";

const AWKWARD_NAMES = ["__proto__", "constructor", "toJSON", "", "10", "9", "€", "\r", "😀", "\ufb33", 'a"b'];

const name = fc.oneof(fc.constantFrom(...AWKWARD_NAMES), fc.string({ unit: "binary", maxLength: 6 }));

const leaf: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constantFrom<JsonValue>(null, true, false, 0, 1, "", "a", "\u2028", "\u007f", "\u0000", "😀"),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.string({ unit: "binary", maxLength: 8 }),
);

/** An object whose every name is an own property, `__proto__` too. */
export function objectOf<T>(entries: Iterable<readonly [string, T]>): Record<string, T> {
  return Object.fromEntries(entries);
}

/** Any JSON value. */
export const jsonValue: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie("value"), { maxLength: 5 }),
    fc.array(fc.tuple(name, tie("value")), { maxLength: 24 }).map(objectOf),
  ),
})).value;

/** Values of so small a domain that two of them are often equal. */
export const smallValue: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom<JsonValue>(null, false, 0, -0, 1, "0", "", "null"),
    fc.array(tie("value"), { maxLength: 2 }),
    fc.array(fc.tuple(fc.constantFrom("a", "b", "0"), tie("value")), { maxLength: 2 }).map(objectOf),
  ),
})).value;

/** Equality of values as JSON means it: order of names does not matter, -0 is 0. */
export function sameJson(left: JsonValue, right: JsonValue): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || !left || !right) return false;
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((key) => Object.hasOwn(right, key) && sameJson(member(left, key), member(right, key)))
  );
}

function member(value: object, key: string): JsonValue {
  return Object.getOwnPropertyDescriptor(value, key)?.value as JsonValue;
}
