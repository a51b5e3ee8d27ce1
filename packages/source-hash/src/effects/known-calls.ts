// The effects of calls of code outside of the artifact on the objects of this process.

const words = (...lines: readonly string[]): ReadonlySet<string> => new Set(lines.join(" ").split(" "));

/** Methods of built-in objects that change the object they are called on. */
export const MUTATORS: ReadonlySet<string> = words(
  "__defineGetter__ __defineSetter__ abort add addEventListener addListener append assign clear copyWithin delete emit exec fill next off on once",
  "digest dispatchEvent enterWith final getOrInsert getOrInsertComputed",
  "pop prependListener push register removeAllListeners removeEventListener removeListener return reverse set",
  "shift sort splice test throw unregister unshift update write",
);

/** Methods of built-in objects that do not change the object. */
export const READERS: ReadonlySet<string> = words(
  "anchor apply at bind call catch charAt charCodeAt codePointAt compare concat deref description difference",
  "endsWith entries every filter finally find findIndex findLast findLastIndex flat flatMap forEach format",
  "formatRange formatRangeToParts formatToParts get getAll getStore getTimezoneOffset getUint8 getInt8",
  "has hasOwnProperty hasOwn includes indexOf intersection isDisjointFrom isPrototypeOf isSubsetOf isSupersetOf",
  "isWellFormed join keys lastIndexOf listenerCount localeCompare map match matchAll normalize padEnd padStart",
  "propertyIsEnumerable reduce reduceRight repeat replace replaceAll resolvedOptions search select slice some",
  "split startsWith subarray substr substring symmetricDifference then toExponential toFixed toISOString toJSON",
  "toLocaleDateString toLocaleLowerCase toLocaleString toLocaleTimeString toLocaleUpperCase toLowerCase",
  "toPrecision toReversed toSorted toSpliced toString toUTCString toUpperCase toWellFormed trim trimEnd trimStart",
  "union valueOf values with getTime getDate getDay getFullYear getHours getMilliseconds getMinutes getMonth",
  "getSeconds getUTCDate getUTCDay getUTCFullYear getUTCHours getUTCMilliseconds getUTCMinutes getUTCMonth",
  "getUTCSeconds equals readUInt8 readInt8 readUInt16BE readUInt32BE readUInt16LE readUInt32LE",
);

/** Methods that change their arguments. */
export const CHANGING_ARGUMENTS: ReadonlySet<string> = words("copy encodeInto getRandomValues pipe pipeTo");

/** Methods that move the last index of a regular expression. */
export const MATCHING: ReadonlySet<string> = words("match matchAll replace replaceAll search split");

/** Built-in functions that iterate over their arguments. */
export const GOING_THROUGH: ReadonlySet<string> = words(
  "Array.from Array.fromAsync Iterator.from Map.groupBy Object.fromEntries Object.groupBy Promise.all",
  "Promise.allSettled Promise.any Promise.race",
);

/** Methods that create an iterator. */
export const ITERATORS: ReadonlySet<string> = words("entries keys matchAll values");

/** Methods of lists that iterators have, too, where they consume the iterator. */
export const TAKING: ReadonlySet<string> = words(
  "drop every filter find flatMap forEach map reduce some take toArray",
);

/** Functions that read an object's values without naming them. */
export const READING_ALL: ReadonlySet<string> = words(
  "Array.from Object.entries Object.getOwnPropertyNames Object.keys Object.values Reflect.get Reflect.ownKeys",
);

/** Functions that call their arguments later. */
export const DEFERRING: ReadonlySet<string> = words(
  "process.nextTick queueMicrotask setImmediate setInterval setTimeout",
);

/** Methods that store or read their arguments and never call them. */
export const KEEPING: ReadonlySet<string> = words(
  "add append at charAt charCodeAt clear codePointAt concat delete endsWith entries get getTime has includes",
  "indexOf join keys lastIndexOf padEnd padStart pop push repeat set shift slice split startsWith substring",
  "toFixed toISOString toLowerCase toUpperCase trim trimEnd trimStart unshift values",
);

/** Built-in functions that do not change existing objects; `X.*` is all of a global. */
const HARMLESS: ReadonlySet<string> = words(
  "Array.* BigInt BigInt.* Boolean Buffer.* Date Date.* Error Intl.* JSON.* Math.* Number Number.* Promise.*",
  "Reflect.apply Reflect.construct Reflect.get Reflect.getOwnPropertyDescriptor Reflect.has Reflect.ownKeys",
  "String String.* Symbol Symbol.for URL.* console.* crypto.* performance.now process.cwd process.hrtime",
  "process.memoryUsage process.nextTick process.uptime decodeURIComponent",
  "encodeURIComponent fetch isFinite isNaN parseFloat parseInt queueMicrotask setImmediate setInterval",
  "setTimeout structuredClone Object.create Object.entries Object.fromEntries Object.getOwnPropertyNames",
  "Object.groupBy Object.hasOwn Object.is Object.isFrozen Object.isSealed Object.keys Object.values",
);

/** Those that change their first argument. */
const CHANGING: ReadonlySet<string> = words(
  "clearImmediate clearInterval clearTimeout crypto.getRandomValues",
  "Object.assign Object.defineProperties Object.defineProperty Object.freeze Object.preventExtensions Object.seal",
  "Object.setPrototypeOf Reflect.defineProperty Reflect.deleteProperty Reflect.preventExtensions Reflect.set",
  "Reflect.setPrototypeOf",
);

/** Node modules whose functions change nothing in this process except the object they are called on. */
const HARMLESS_MODULES: ReadonlySet<string> = words(
  "assert assert/strict buffer path path/posix path/win32 querystring string_decoder timers/promises url zlib",
);

const READING_FILES = words(
  "access accessSync createReadStream existsSync lstat lstatSync readFile readFileSync readdir readdirSync",
  "readlink readlinkSync realpath realpathSync stat statSync",
);

const HARMLESS_NAMES: Readonly<Record<string, ReadonlySet<string>>> = {
  crypto: words(
    "createHash createHmac createPrivateKey createPublicKey createSecretKey hash getHashes pbkdf2Sync randomBytes",
    "randomInt randomUUID scryptSync timingSafeEqual webcrypto",
  ),
  fs: READING_FILES,
  "fs/promises": READING_FILES,
  os: words(
    "EOL arch availableParallelism cpus endianness freemem homedir hostname loadavg machine platform release",
    "tmpdir totalmem type uptime userInfo version",
  ),
  events: words("EventEmitter once"),
  util: words("callbackify deprecate format inspect isDeepStrictEqual parseArgs promisify types TextDecoder"),
  async_hooks: words("AsyncLocalStorage"),
  perf_hooks: words("performance"),
};

/** Returns the effect of calling a global function; `path` is such as `Object.freeze`. */
export function effectOfGlobal(path: string): "changes_argument" | "harmless" | "unknown" {
  if (CHANGING.has(path)) return "changes_argument";
  const [object] = path.split(".");
  return HARMLESS.has(path) || HARMLESS.has(`${object}.*`) ? "harmless" : "unknown";
}

/** True for a Node function that does not change objects of other code. */
export function isHarmlessImport(specifier: string, name: string | undefined): boolean {
  const bare = specifier.replace(/^node:/, "");
  if (HARMLESS_MODULES.has(bare)) return true;
  return name !== undefined && HARMLESS_NAMES[bare]?.has(name) === true;
}
