// Splits a value into its parts without running any of its code.

import { types } from "node:util";

/** The parts of a value. */
export type ValueParts =
  | { readonly kind: "primitive"; readonly text: string }
  | { readonly kind: "object"; readonly tag: string; readonly parts: readonly (readonly [string, unknown])[] }
  | { readonly kind: "function" }
  | { readonly kind: "opaque"; readonly what: string };

type Parts = readonly (readonly [string, unknown])[];

/** Splits a value. Instances of custom classes, and values with private state or traps, are opaque. */
export function readValue(value: unknown): ValueParts {
  if (typeof value === "function") {
    return types.isProxy(value) ? { kind: "opaque", what: "a proxy" } : { kind: "function" };
  }
  if (typeof value !== "object" || value === null) return readPrimitive(value);
  if (types.isProxy(value)) return { kind: "opaque", what: "a proxy" };
  const prototype: unknown = Object.getPrototypeOf(value);
  const special = readSpecial(value, prototype);
  if (special) return special;
  const className = classNameOf(prototype);
  return { kind: "opaque", what: className === undefined ? "an object" : `an instance of ${className}` };
}

function readPrimitive(value: unknown): ValueParts {
  if (typeof value === "symbol") {
    const key = Symbol.keyFor(value);
    return key === undefined
      ? { kind: "opaque", what: "a symbol" }
      : { kind: "primitive", text: `symbol ${JSON.stringify(key)}` };
  }
  const text =
    typeof value === "string" ? JSON.stringify(value) : Object.is(value, -0) ? "-0" : String(value);
  return { kind: "primitive", text: `${typeof value} ${text}` };
}

function readSpecial(value: object, prototype: unknown): ValueParts | undefined {
  if (prototype === Object.prototype || prototype === null) {
    return { kind: "object", tag: prototype === null ? "null" : "object", parts: propertiesOf(value) };
  }
  const own = propertiesOf(value);
  if (Array.isArray(value) && prototype === Array.prototype)
    return { kind: "object", tag: "list", parts: own };
  if (types.isMap(value) && prototype === Map.prototype) {
    const entries = [...Map.prototype.entries.call(value)].flatMap(([key, inner], index): Parts => [
      [`key ${index}`, key],
      [`value ${index}`, inner],
    ]);
    return { kind: "object", tag: "map", parts: [...entries, ...own] };
  }
  if (types.isSet(value) && prototype === Set.prototype) {
    const members = [...Set.prototype.values.call(value)].map((member, index): readonly [string, unknown] => [
      `member ${index}`,
      member,
    ]);
    return { kind: "object", tag: "set", parts: [...members, ...own] };
  }
  if (types.isDate(value) && prototype === Date.prototype) {
    return { kind: "object", tag: "date", parts: [["time", Date.prototype.getTime.call(value)], ...own] };
  }
  if (types.isRegExp(value) && prototype === RegExp.prototype) {
    return { kind: "object", tag: "pattern", parts: [["text", String(value)], ...own] };
  }
  if (types.isTypedArray(value) && Object.values(TYPED).includes(prototype)) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
    return {
      kind: "object",
      tag: "bytes",
      parts: [
        ["type", classNameOf(prototype)],
        ["bytes", bytes],
      ],
    };
  }
  return undefined;
}

const TYPED = {
  Uint8Array: Uint8Array.prototype,
  Uint8ClampedArray: Uint8ClampedArray.prototype,
  Uint16Array: Uint16Array.prototype,
  Uint32Array: Uint32Array.prototype,
  Int8Array: Int8Array.prototype,
  Int16Array: Int16Array.prototype,
  Int32Array: Int32Array.prototype,
  Float32Array: Float32Array.prototype,
  Float64Array: Float64Array.prototype,
  BigInt64Array: BigInt64Array.prototype,
  BigUint64Array: BigUint64Array.prototype,
  Buffer: Buffer.prototype,
} as const satisfies Readonly<Record<string, unknown>>;

/**
 * Returns own properties in order, including hidden ones and those of functions, without calling getters.
 */
export function propertiesOf(value: object, skip: readonly string[] = []): Parts {
  const parts: (readonly [string, unknown])[] = [];
  if (!Object.isExtensible(value)) parts.push(["fixed", Object.isFrozen(value) ? "frozen" : "sealed"]);
  for (const key of Reflect.ownKeys(value)) {
    if (typeof key === "string" && skip.includes(key)) continue;
    const descriptor = Object.getOwnPropertyDescriptor(value, key);
    if (!descriptor) continue;
    const label = typeof key === "string" ? `.${key}` : "symbol";
    if (typeof key === "symbol") parts.push(["named", key]);
    if ("value" in descriptor)
      parts.push([descriptor.enumerable ? label : `hidden ${label}`, descriptor.value]);
    else parts.push([`get ${label}`, descriptor.get], [`set ${label}`, descriptor.set]);
  }
  return parts;
}

function classNameOf(prototype: unknown): string | undefined {
  const constructor: unknown =
    typeof prototype === "object" && prototype !== null
      ? Object.getOwnPropertyDescriptor(prototype, "constructor")?.value
      : undefined;
  const name: unknown =
    typeof constructor === "function"
      ? Object.getOwnPropertyDescriptor(constructor, "name")?.value
      : undefined;
  return typeof name === "string" && name !== "" ? name : undefined;
}
