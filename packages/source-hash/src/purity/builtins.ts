// The parts of JavaScript's standard library that only create a value, unless they have been modified.

const CONSTRUCTORS = [
  "AbortController AggregateError Array ArrayBuffer BigInt64Array BigUint64Array Blob DataView Date Error",
  "EvalError Float32Array Float64Array Int16Array Int32Array Int8Array Map Object RangeError ReferenceError",
  "RegExp Set SyntaxError TextDecoder TextEncoder TypeError URIError URL URLSearchParams Uint16Array",
  "Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakSet",
];

const OTHER_GLOBALS = [
  "BigInt Boolean Buffer Infinity Intl JSON Math NaN Number Promise String Symbol WeakRef clearInterval",
  "clearTimeout console crypto decodeURIComponent encodeURIComponent fetch isFinite isNaN parseFloat parseInt",
  "performance process queueMicrotask setImmediate setInterval setTimeout structuredClone undefined",
];

/** Calls that only compute if every argument is a primitive value; `Math.*` is all of its functions. */
const OF_PRIMITIVES = [
  "Array.of BigInt Boolean Buffer.from Date.UTC Date.now Date.parse JSON.parse JSON.stringify Math.* Number",
  "Number.isFinite Number.isInteger Number.isNaN Number.isSafeInteger Number.parseFloat Number.parseInt",
  "Object.create Object.is String String.fromCharCode String.fromCodePoint Symbol Symbol.for",
  "decodeURIComponent encodeURIComponent isFinite isNaN parseFloat parseInt structuredClone",
];

/** Those of them that return a primitive value. */
const TO_PRIMITIVE = [
  "BigInt Boolean Date.UTC Date.now Date.parse JSON.stringify Math.* Number Number.isFinite Number.isInteger",
  "Number.isNaN Number.isSafeInteger Number.parseFloat Number.parseInt Object.is String String.fromCharCode",
  "String.fromCodePoint decodeURIComponent encodeURIComponent isFinite isNaN parseFloat parseInt",
];

/** Calls that only read a plain literal. */
const OF_LITERALS = ["Object.entries Object.freeze Object.keys Object.values"];

const setOf = (lines: readonly string[]): ReadonlySet<string> => new Set(lines.join(" ").split(" "));

const constructors = setOf(CONSTRUCTORS);
const globals = setOf([...CONSTRUCTORS, ...OTHER_GLOBALS]);
const ofPrimitives = setOf(OF_PRIMITIVES);
const toPrimitive = setOf(TO_PRIMITIVE);
const ofLiterals = setOf(OF_LITERALS);

const has = (set: ReadonlySet<string>, path: string): boolean =>
  set.has(path) || (path.startsWith("Math.") && set.has("Math.*"));

/** True for a global that always exists and has no getter. */
export const isKnownGlobal = (name: string): boolean => globals.has(name);
/** True for a constructor that only creates an object from primitive values or plain literals. */
export const isPureConstructor = (path: string): boolean =>
  constructors.has(path) || path.startsWith("Intl.");
/**
 * True for a function that only computes if it is given primitive values; `path` is such as `Math.max`.
 */
export const isPureOfPrimitives = (path: string): boolean => has(ofPrimitives, path);
/** True for one that also returns a primitive value. */
export const isPrimitiveOfPrimitives = (path: string): boolean => has(toPrimitive, path);
/** True for a function that only reads the plain literal that it is given. */
export const isPureOfLiterals = (path: string): boolean => has(ofLiterals, path);
