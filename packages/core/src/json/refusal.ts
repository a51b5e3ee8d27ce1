// Describes values that JSON cannot represent, and what to return instead.

/** A rejected value: its description and the fix. */
export interface Refusal {
  /** Such as `Date` or `instance of Penguin`. */
  readonly found: string;
  /** An imperative, such as `return toISOString()`. */
  readonly fix: string;
}

const FIX_BY_TYPE: Readonly<Record<string, string>> = {
  Array: "return a plain array, such as Array.from(it)",
  ArrayBuffer: 'return Buffer.from(it).toString("base64")',
  BigInt64Array: "return Array.from(it, String)",
  BigUint64Array: "return Array.from(it, String)",
  Boolean: "return valueOf()",
  Buffer: 'return toString("base64")',
  DataView: "return its bytes as base64 text",
  Date: "return toISOString()",
  Error: "return its message",
  Map: "return Object.fromEntries(it), or [...it]",
  Number: "return valueOf()",
  Promise: "await it",
  RegExp: "return its source",
  Set: "return [...it]",
  SharedArrayBuffer: 'return Buffer.from(it).toString("base64")',
  String: "return valueOf()",
  URL: "return its href",
  WeakMap: "leave it out",
  WeakSet: "leave it out",
};

/** An element that is `undefined`. */
export const UNDEFINED_ELEMENT: Refusal = { found: "undefined in a list", fix: "return null in its place" };
/** A missing element of a sparse list. */
export const HOLE: Refusal = { found: "hole in a list", fix: "return null in its place" };
/** A getter or setter. */
export const ACCESSOR: Refusal = { found: "accessor", fix: "return its value as a plain property" };
/** An object with a symbol among its property names. */
export const SYMBOL_NAME: Refusal = { found: "property named by a symbol", fix: "name it by a string" };
/** A string that UTF-8 cannot represent. */
export const LONE_SURROGATE: Refusal = {
  found: "string with a lone surrogate",
  fix: "return toWellFormed()",
};
/** A property name that UTF-8 cannot represent. */
export const LONE_SURROGATE_NAME: Refusal = {
  found: "property name with a lone surrogate",
  fix: "name it by toWellFormed()",
};
/** Describes an object that is neither a plain object nor a plain array. */
export function refuseInstance(value: object): Refusal {
  const types = constructorNames(value);
  const type = types[0] ?? "unknown class";
  const known = types.find((name) => Object.hasOwn(FIX_BY_TYPE, name));
  if (known !== undefined) {
    const found = known === type && known !== "Array" ? type : `${type} (${known})`;
    return {
      found: known === "Array" ? `subclass ${type} of Array` : found,
      fix: FIX_BY_TYPE[known] ?? "",
    };
  }
  if (ArrayBuffer.isView(value)) return { found: type, fix: "return Array.from(it)" };
  return { found: `instance of ${type}`, fix: "return a plain object, such as { ...it }" };
}

/** Describes a primitive or function that JSON cannot represent. */
export function refusePrimitive(value: unknown): Refusal {
  switch (typeof value) {
    case "number":
      return { found: String(value), fix: "return null or a finite number" };
    case "bigint":
      return { found: "bigint", fix: "return String(it)" };
    case "function":
      return {
        found: value.name === "" ? "function" : `function ${value.name}`,
        fix: "call it, or leave it out",
      };
    case "symbol":
      return { found: "symbol", fix: "return its description, or leave it out" };
    default:
      return { found: typeof value, fix: "return null" };
  }
}

/**
 * Returns the names of the value's class and its superclasses, nearest first, without calling a getter.
 */
function constructorNames(value: object): string[] {
  const names: string[] = [];
  for (let proto: unknown = Object.getPrototypeOf(value); proto; proto = Object.getPrototypeOf(proto)) {
    const name = dataProperty(dataProperty(proto, "constructor"), "name");
    if (typeof name === "string" && name !== "" && name !== "Object") names.push(name);
  }
  return names;
}

function dataProperty(holder: unknown, name: string): unknown {
  const isObject = (typeof holder === "object" && holder !== null) || typeof holder === "function";
  return isObject ? Object.getOwnPropertyDescriptor(holder, name)?.value : undefined;
}
