// Methods of the language's and Node's own objects: what each does to its object, and what it returns.

/** The effect of a built-in method. */
export interface BuiltinMethod {
  /** True if it changes its object. */
  readonly writes: boolean;
  /** True if it keeps its arguments in its object, and calls none of them. */
  readonly keeps: boolean;
  /** True if it changes its arguments. */
  readonly writesArguments: boolean;
  /** Its result besides primitive values. `fresh`: a new object with what its object holds. */
  readonly returns: "element" | "fresh" | "iterator" | "none" | "promise" | "results" | "self";
}

/** Flags: w writes, k keeps, a writes arguments; e element, f fresh, i iterator, p promise, r results, s self. */
const METHODS: Readonly<Record<string, string>> = {
  "": "every findIndex findLastIndex forEach includes indexOf join lastIndexOf some has charAt charCodeAt",
  f: "concat filter flat flatMap slice split toReversed toSorted toSpliced with match intersection union",
  e: "at find findLast get reduce reduceRight",
  r: "map",
  i: "entries keys values matchAll",
  w: "clear delete digest setDate setFullYear setHours setMilliseconds setMinutes setMonth setSeconds setTime",
  wk: "push unshift append",
  wks: "add set fill",
  ws: "reverse sort copyWithin update",
  we: "pop shift next return throw",
  wf: "splice final",
  wi: "drop take",
  s: "subarray normalize",
  p: "then catch finally",
  a: "encodeInto",
  fa: "copy",
};

const MORE: Readonly<Record<string, string>> = {
  "": [
    "codePointAt endsWith localeCompare padEnd padStart repeat search startsWith substr substring test toLowerCase",
    "toLocaleLowerCase toLocaleUpperCase toUpperCase trim trimEnd trimStart isWellFormed toWellFormed",
    "toExponential toFixed toPrecision toString toLocaleString toLocaleDateString toLocaleTimeString valueOf toJSON",
    "hasOwnProperty isPrototypeOf propertyIsEnumerable getDate getDay getFullYear getHours getMilliseconds",
    "getMinutes getMonth getSeconds getTime getTimezoneOffset getUTCDate getUTCDay getUTCFullYear getUTCHours",
    "getUTCMilliseconds getUTCMinutes getUTCMonth getUTCSeconds toDateString toISOString toTimeString toUTCString",
    "isDisjointFrom isSubsetOf isSupersetOf format formatRange select compare equals decode getInt8 getUint8",
    "getInt16 getUint16 getInt32 getUint32 getFloat32 getFloat64 getBigInt64 getBigUint64 readUInt8 readInt8",
    "readUInt16BE readUInt16LE readUInt32BE readUInt32LE readInt16BE readInt16LE readInt32BE readInt32LE readDoubleBE",
    "readDoubleLE readFloatBE readFloatLE readBigInt64BE readBigInt64LE readBigUInt64BE readBigUInt64LE",
  ].join(" "),
  f: [
    "difference symmetricDifference exec replace replaceAll toArray getAll encode formatToParts formatRangeToParts",
    "resolvedOptions segment",
  ].join(" "),
  w: [
    "setUTCDate setUTCFullYear setUTCHours setUTCMilliseconds setUTCMinutes setUTCMonth setUTCSeconds setInt8",
    "setUint8 setInt16 setUint16 setInt32 setUint32 setFloat32 setFloat64 setBigInt64 setBigUint64 swap16 swap32 swap64",
    "write writeUInt8 writeInt8 writeUInt16BE writeUInt16LE writeUInt32BE writeUInt32LE writeInt16BE writeInt16LE",
    "writeInt32BE writeInt32LE writeDoubleBE writeDoubleLE writeFloatBE writeFloatLE writeBigInt64BE writeBigInt64LE",
  ].join(" "),
};

/** Methods of iterators that consume them, and that lists have as well. */
const CONSUMING: ReadonlySet<string> = new Set(
  "every filter find flatMap forEach map reduce some toArray".split(" "),
);

const RETURNS = { e: "element", f: "fresh", i: "iterator", p: "promise", r: "results", s: "self" } as const;

const methods = new Map<string, BuiltinMethod>();
for (const table of [METHODS, MORE]) {
  for (const [flags, names] of Object.entries(table)) {
    const returned = [...flags].find((flag) => flag in RETURNS) as keyof typeof RETURNS | undefined;
    const method: BuiltinMethod = {
      writes: flags.includes("w"),
      keeps: flags.includes("k"),
      writesArguments: flags.includes("a"),
      returns: returned ? RETURNS[returned] : "none",
    };
    for (const name of names.split(" ")) methods.set(name, method);
  }
}

/** Returns what a built-in method with that name does; `undefined` if it is not known. */
export function builtinMethod(name: string): BuiltinMethod | undefined {
  return methods.get(name);
}

/** True for a method that may change the object that it is called on. */
export function leavesTraces(name: string): boolean {
  return methods.get(name)?.writes === true || name === "test" || name === "exec";
}

/** True for a method that consumes the iterator that it is called on. */
export function consumesIterator(name: string): boolean {
  return CONSUMING.has(name);
}

/**
 * True if a pattern keeps a position for the next use: one with the flag `g` starts anew when it replaces, matches or
 * splits, and so does none with the flag `y` alone.
 */
export function movesPattern(flags: string, name: string): boolean {
  if (name === "test" || name === "exec") return /[gy]/.test(flags);
  return flags.includes("y") && !flags.includes("g") && name !== "split" && name !== "search";
}

/** Methods of strings that use a pattern. */
export const MATCHING: ReadonlySet<string> = new Set(
  "match matchAll replace replaceAll search split".split(" "),
);
