// What calls of code from outside of the artifact do to the objects of this process.

const words = (...lines: readonly string[]): ReadonlySet<string> => new Set(lines.join(" ").split(" "));

/** Methods of the language's objects that change the object they are called on. */
export const MUTATORS: ReadonlySet<string> = words(
  "abort add addEventListener addListener append assign clear copyWithin delete emit exec fill next off on once",
  "pop prependListener push register removeAllListeners removeEventListener removeListener return reverse set",
  "shift sort splice test throw unregister unshift write",
);

/** Methods that keep or read what they are given and never call it. */
export const KEEPING: ReadonlySet<string> = words(
  "add append at charAt charCodeAt clear codePointAt concat delete endsWith entries get getTime has includes",
  "indexOf join keys lastIndexOf padEnd padStart pop push repeat set shift slice split startsWith substring",
  "toFixed toISOString toLowerCase toUpperCase trim trimEnd trimStart unshift values",
);

/** Functions of the language that leave what exists as it is; `X.*` is all of a global's. */
const HARMLESS: ReadonlySet<string> = words(
  "Array.* BigInt BigInt.* Boolean Buffer.* Date Date.* Error Intl.* JSON.* Math.* Number Number.* Promise.*",
  "Reflect.apply Reflect.construct Reflect.get Reflect.getOwnPropertyDescriptor Reflect.has Reflect.ownKeys",
  "String String.* Symbol Symbol.for URL.* console.* crypto.* performance.now process.cwd process.hrtime",
  "process.memoryUsage process.nextTick process.uptime clearInterval clearTimeout decodeURIComponent",
  "encodeURIComponent fetch isFinite isNaN parseFloat parseInt queueMicrotask setImmediate setInterval",
  "setTimeout structuredClone Object.create Object.entries Object.fromEntries Object.getOwnPropertyNames",
  "Object.groupBy Object.hasOwn Object.is Object.isFrozen Object.isSealed Object.keys Object.values",
);

/** Those that change their first argument. */
const CHANGING: ReadonlySet<string> = words(
  "Object.assign Object.defineProperties Object.defineProperty Object.freeze Object.preventExtensions Object.seal",
  "Object.setPrototypeOf Reflect.defineProperty Reflect.deleteProperty Reflect.preventExtensions Reflect.set",
  "Reflect.setPrototypeOf",
);

/** Of Node's modules, those whose functions change nothing in this process but what they are called on. */
const HARMLESS_MODULES: ReadonlySet<string> = words(
  "assert assert/strict buffer crypto fs fs/promises os path path/posix path/win32 querystring",
  "string_decoder timers/promises url zlib",
);

const HARMLESS_NAMES: Readonly<Record<string, ReadonlySet<string>>> = {
  events: words("EventEmitter once"),
  util: words("callbackify deprecate format inspect isDeepStrictEqual parseArgs promisify types TextDecoder"),
  async_hooks: words("AsyncLocalStorage"),
  perf_hooks: words("performance"),
};

/** What calling a global function does; `path` is such as `Object.freeze`. */
export function effectOfGlobal(path: string): "changes_argument" | "harmless" | "unknown" {
  if (CHANGING.has(path)) return "changes_argument";
  const [object] = path.split(".");
  return HARMLESS.has(path) || HARMLESS.has(`${object}.*`) ? "harmless" : "unknown";
}

/** True for a function of Node's own that leaves the objects of other code alone. */
export function isHarmlessImport(specifier: string, name: string | undefined): boolean {
  const bare = specifier.replace(/^node:/, "");
  if (HARMLESS_MODULES.has(bare)) return true;
  return name !== undefined && HARMLESS_NAMES[bare]?.has(name) === true;
}
