// Functions of the language and of Node that leave nothing behind in the process.
//
// A function that is not here is refused in an attempt: what it leaves is not known.

import type { Kind } from "./values.ts";

const setOf = (...lines: readonly string[]): ReadonlySet<string> => new Set(lines.join(" ").split(" "));

/** Functions that return a primitive value, or nothing. */
const TO_PRIMITIVE = setOf(
  "Array.isArray ArrayBuffer.isView BigInt BigInt.asIntN BigInt.asUintN Boolean Buffer.byteLength Buffer.compare",
  "Buffer.isBuffer Buffer.isEncoding Date Date.UTC Date.now Date.parse Error.isError JSON.stringify Number",
  "Number.isFinite Number.isInteger Number.isNaN Number.isSafeInteger Number.parseFloat Number.parseInt",
  "Object.hasOwn Object.is Object.isExtensible Object.isFrozen Object.isSealed Object.prototype.hasOwnProperty.call",
  "Reflect.has RegExp.escape String String.fromCharCode String.fromCodePoint String.raw Symbol Symbol.for",
  "Symbol.keyFor URL.canParse atob btoa decodeURI decodeURIComponent encodeURI encodeURIComponent isFinite isNaN",
  "parseFloat parseInt queueMicrotask performance.now process.cwd process.hrtime.bigint process.nextTick",
  "process.stderr.write process.stdout.write process.uptime crypto.randomUUID console.assert console.debug console.dir",
  "console.error console.info console.log console.table console.trace console.warn",
);

/** Functions that return a copy, or new objects that hold nothing else. */
const COPYING = setOf(
  "JSON.parse structuredClone Object.getOwnPropertyNames Object.keys Intl.getCanonicalLocales Intl.supportedValuesOf",
  "process.hrtime process.memoryUsage URL.parse",
);

/** Functions whose result may hold their arguments. */
const HARMLESS = setOf(
  "Array Array.from Array.fromAsync Array.of Buffer.alloc Buffer.concat Buffer.from Error EvalError RangeError",
  "ReferenceError SyntaxError TypeError URIError Iterator.from Map.groupBy Object Object.entries Object.fromEntries",
  "Object.groupBy Object.values Reflect.ownKeys RegExp setImmediate setInterval setTimeout",
);

/** Functions that change their first argument, and may return it. */
const CHANGING = setOf(
  "Error.captureStackTrace clearImmediate clearInterval clearTimeout Object.assign Object.freeze Object.preventExtensions Object.seal",
  "Reflect.deleteProperty Reflect.set crypto.getRandomValues node:crypto.getRandomValues node:crypto.randomFillSync",
);

/** Classes whose objects hold what they are given, by the kind of their objects. */
const CLASSES: Readonly<Partial<Record<Kind, ReadonlySet<string>>>> = {
  list: setOf("Array"),
  map: setOf("Map WeakMap"),
  bytes: setOf(
    "ArrayBuffer BigInt64Array BigUint64Array DataView Float32Array Float64Array Int16Array Int32Array Int8Array",
    "Uint16Array Uint32Array Uint8Array Uint8ClampedArray",
  ),
  native: setOf(
    "AggregateError Date Error EvalError RangeError ReferenceError Set SyntaxError TextDecoder TextEncoder TypeError",
    "URIError URL URLSearchParams WeakSet Intl.Collator Intl.DateTimeFormat Intl.DisplayNames Intl.ListFormat",
    "Intl.Locale Intl.NumberFormat Intl.PluralRules Intl.RelativeTimeFormat Intl.Segmenter node:url.URL",
    "node:url.URLSearchParams node:util.TextDecoder node:util.TextEncoder",
  ),
  pattern: setOf("RegExp"),
  plain: setOf("Object"),
  data: setOf("memodag.FailTask memodag.MemodagError memodag.SkipTask"),
};

/** Functions that return new bytes, or a view of bytes that they are given. */
const OF_BYTES = setOf("Buffer.alloc Buffer.concat Buffer.from");

const FILES = setOf(
  "access accessSync existsSync lstat lstatSync readFile readFileSync readdir readdirSync readlink readlinkSync",
  "realpath realpathSync stat statSync",
);

/** Functions of Node's modules. */
const MODULES: Readonly<Record<string, ReadonlySet<string>>> = {
  assert: setOf(
    "deepEqual deepStrictEqual default doesNotMatch doesNotThrow equal fail ifError match notDeepEqual",
    "notDeepStrictEqual notEqual notStrictEqual ok rejects doesNotReject strictEqual throws",
  ),
  buffer: setOf(
    "Buffer.alloc Buffer.byteLength Buffer.compare Buffer.concat Buffer.from Buffer.isBuffer atob btoa",
  ),
  crypto: setOf(
    "createHash createHmac getHashes hash hkdfSync pbkdf2Sync randomBytes randomInt randomUUID scryptSync",
    "timingSafeEqual",
  ),
  fs: FILES,
  "fs/promises": FILES,
  os: setOf(
    "arch availableParallelism cpus endianness freemem homedir hostname loadavg machine platform release tmpdir",
    "totalmem type uptime userInfo version",
  ),
  path: setOf(
    "basename dirname extname format isAbsolute join matchesGlob normalize parse relative resolve toNamespacedPath",
  ),
  querystring: setOf("decode encode escape parse stringify unescape"),
  "timers/promises": setOf("setImmediate setTimeout"),
  timers: setOf("clearImmediate clearInterval clearTimeout setImmediate setInterval setTimeout"),
  url: setOf(
    "domainToASCII domainToUnicode fileURLToPath format parse pathToFileURL resolve urlToHttpOptions",
  ),
  util: setOf("format inspect isDeepStrictEqual parseArgs stripVTControlCharacters toUSVString"),
  zlib: setOf(
    "brotliCompressSync brotliDecompressSync crc32 deflateRawSync deflateSync gunzipSync gzipSync inflateRawSync",
    "inflateSync unzipSync zstdCompressSync zstdDecompressSync",
  ),
};

/** Functions of the SDK that belong to the attempt. */
const OF_ATTEMPT = setOf("memodag.getCache memodag.getClient memodag.getContext memodag.getValueCache");

/** The effect of calling a builtin. */
export type BuiltinEffect =
  | { readonly kind: "attempt" | "bytes" | "change" | "compute" | "copy" | "primitive" | "promise" }
  | { readonly kind: "unknown" };

const PROMISES = setOf(
  "Promise.all Promise.allSettled Promise.any Promise.race Promise.reject Promise.resolve Promise.try",
);

/** Returns what a call of a builtin does, such as `Math.max` or `node:crypto.createHash`. */
export function effectOfCall(path: string): BuiltinEffect {
  if (/^Math\.\w+$/.test(path) || TO_PRIMITIVE.has(path)) return { kind: "primitive" };
  if (COPYING.has(path)) return { kind: "copy" };
  if (HARMLESS.has(path)) return { kind: OF_BYTES.has(path) ? "bytes" : "compute" };
  if (CHANGING.has(path)) return { kind: "change" };
  if (PROMISES.has(path)) return { kind: "promise" };
  if (OF_ATTEMPT.has(path)) return { kind: "attempt" };
  const [, module = "", name = "default"] = /^node:([^.]*)(?:\.(.*))?$/.exec(path) ?? [];
  const bare = name.replace(/^(?:default|posix|win32|promises|strict)\./, "");
  const known = MODULES[module.replace(/\/(?:posix|strict|win32)$/, "")];
  const isPromised = module === "fs" && /(?:^|\.)promises\./.test(name);
  if (!known?.has(bare)) return { kind: "unknown" };
  if (bare.startsWith("Buffer.")) return { kind: "bytes" };
  return { kind: isPromised || module.endsWith("/promises") ? "promise" : "compute" };
}

/** Returns the kind of the objects that `new` makes of a builtin class; `undefined` if it is not known. */
export function kindOfNew(path: string): Kind | undefined {
  for (const [kind, paths] of Object.entries(CLASSES)) if (paths.has(path)) return kind as Kind;
  return undefined;
}

/** Objects of Node that hold strings, or the values of variables. */
export function holdsStrings(path: string): boolean {
  return path === "process.env" || path === "process.versions" || path === "import.meta";
}

/** Properties that tell of what ran before, such as `RegExp.$1`. */
export function tellsOfBefore(path: string): boolean {
  return /^RegExp\.(?!prototype$|escape$|\*$|name$)/.test(path);
}
