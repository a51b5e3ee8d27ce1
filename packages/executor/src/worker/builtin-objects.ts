// The language's own objects, and whether a program has changed them.

const { is } = Object;
const { getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;

/** Globals whose members are compared, and those of their prototypes. Looking at others makes Node load them. */
const NAMES = [
  "AggregateError Array ArrayBuffer BigInt BigInt64Array BigUint64Array Boolean Buffer DataView Date Error EvalError",
  "Event EventTarget Float32Array Float64Array Function Int16Array Int32Array Int8Array Intl JSON Map Math Number",
  "Object Promise RangeError ReferenceError Reflect RegExp Set String Symbol SyntaxError TextDecoder TextEncoder",
  "TypeError URIError URL URLSearchParams Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakSet",
].flatMap((line) => line.split(" "));

const GLOBAL_FUNCTIONS = [
  "atob btoa clearImmediate clearInterval clearTimeout decodeURI decodeURIComponent encodeURI encodeURIComponent",
  "isFinite isNaN parseFloat parseInt queueMicrotask setImmediate setInterval setTimeout structuredClone",
].flatMap((line) => line.split(" "));

/** Functions of objects that hold state of Node itself besides. */
const FUNCTIONS: readonly (readonly [holder: object, name: string, members: readonly string[]])[] = [
  [console, "console", ["debug", "dir", "error", "info", "log", "table", "trace", "warn"]],
  [process, "process", ["cwd", "emit", "exit", "hrtime", "memoryUsage", "nextTick", "on", "uptime"]],
];

/** A property that is known to have changed when its value is another one. */
interface Kept {
  readonly holder: object;
  readonly key: string | symbol;
  readonly value: unknown;
}

/** A view of all of them at one time. Accessors, and what is created on first use, are left out. */
export class BuiltinObjects {
  readonly #kept: Kept[] = [];
  readonly #counts = new Map<object, number>();
  readonly #names = new Map<object, string>();

  constructor() {
    this.#names.set(globalThis, "globalThis");
    this.#counts.set(globalThis, countOf(globalThis));
    for (const name of [...NAMES, ...GLOBAL_FUNCTIONS]) this.#keep(globalThis, name);
    for (const name of NAMES) {
      const value: unknown = getOwnPropertyDescriptor(globalThis, name)?.value;
      if (!isObject(value)) continue;
      this.#keepAll(value, name);
      const prototype: unknown = getOwnPropertyDescriptor(value, "prototype")?.value;
      if (isObject(prototype)) this.#keepAll(prototype, `${name}.prototype`);
    }
    for (const [value, name] of UNNAMED) this.#keepAll(value, name);
    for (const [holder, name, members] of FUNCTIONS) {
      this.#names.set(holder, name);
      for (const key of members) this.#keep(holder, key);
    }
  }

  /** Returns the name of a property that has changed since; `null` if none has. */
  findChange(): string | null {
    for (const { holder, key, value } of this.#kept) {
      if (!is(getOwnPropertyDescriptor(holder, key)?.value, value))
        return `${this.#names.get(holder)}.${String(key)}`;
    }
    for (const [holder, count] of this.#counts) {
      if (countOf(holder) !== count) return `the properties of ${this.#names.get(holder)}`;
    }
    return null;
  }

  #keepAll(holder: object, name: string): void {
    if (this.#names.has(holder)) return;
    this.#names.set(holder, name);
    this.#counts.set(holder, countOf(holder));
    for (const key of ownKeys(holder)) if (!isOwn(holder, key)) this.#keep(holder, key);
  }

  #keep(holder: object, key: string | symbol): void {
    const descriptor = getOwnPropertyDescriptor(holder, key);
    if (descriptor && "value" in descriptor) this.#kept.push({ holder, key, value: descriptor.value });
  }
}

function countOf(holder: object): number {
  return ownKeys(holder).filter((key) => !isOwn(holder, key)).length;
}

/** True for additions of memodag and Node: objects of their own, and a property of Error when a stack is looked at. */
function isOwn(holder: object, key: string | symbol): boolean {
  if (typeof key === "symbol") return /^(?:memodag|undici)\./.test(Symbol.keyFor(key) ?? "");
  return holder === Error && key === "prepareStackTrace";
}

const ITERATORS = [[][Symbol.iterator](), new Map().entries(), new Set().values(), ""[Symbol.iterator]()];
const CODE = [async () => {}, function* () {}, async function* () {}];
const TYPED = getPrototypeOf(Uint8Array) as { readonly prototype: object };

/** Objects of the language that no global name leads to. */
const UNNAMED: readonly (readonly [object, string])[] = [
  [TYPED, "TypedArray"],
  [TYPED.prototype, "TypedArray.prototype"],
  ...[...ITERATORS, ...CODE].map(
    (value) => [getPrototypeOf(value) as object, "a prototype of iterators or functions"] as const,
  ),
];

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}
