// Saves the language's built-in objects before a Dag file runs, and restores them before its Dags are
// serialized: a library that adds a `toJSON` to arrays, or replaces `Promise`, affects only its own
// process.

const { is, setPrototypeOf } = Object;
const { ownKeys, getOwnPropertyDescriptor, defineProperty, deleteProperty, getPrototypeOf } = Reflect;

type Key = string | symbol;

interface Kept {
  readonly holder: object;
  readonly name: string;
  readonly keys: readonly Key[];
  readonly descriptors: readonly PropertyDescriptor[];
}

/** Globals whose members are not part of the language, or are created on first use. */
const LEFT_OUT = new Set(["globalThis", "global", "process", "console", "navigator"]);

/** Saves the current state. Call it before any code that may replace it. */
export class Intrinsics {
  readonly #kept: Kept[] = [];
  readonly #globals: Kept;

  constructor() {
    const seen = new Set<object>();
    const names = ownKeys(globalThis).filter(
      (key) =>
        typeof key === "string" && !LEFT_OUT.has(key) && "value" in (descriptorOf(globalThis, key) ?? {}),
    ) as string[];
    this.#globals = keep(globalThis, "globalThis", names);
    for (const name of names) {
      const value: unknown = descriptorOf(globalThis, name)?.value;
      if (!isObject(value)) continue;
      this.#keep(value, name, seen);
      const prototype: unknown = descriptorOf(value, "prototype")?.value;
      if (isObject(prototype)) this.#keep(prototype, `${name}.prototype`, seen);
    }
    for (const [name, value] of unnamed()) this.#keep(value, name, seen);
  }

  /** Restores everything. Returns the name of something that cannot be restored, or `null`. */
  restore(): string | null {
    // Uses neither iterators nor methods of arrays: they may have been replaced.
    let lost: string | null = null;
    for (let at = 0; at < this.#kept.length; at++) {
      lost = restoreOne(this.#kept[at] as Kept, true) ?? lost;
    }
    return restoreOne(this.#globals, false) ?? lost;
  }

  #keep(holder: object, name: string, seen: Set<object>): void {
    if (seen.has(holder)) return;
    seen.add(holder);
    this.#kept[this.#kept.length] = keep(holder, name, ownKeys(holder));
  }
}

/** Built-in objects that are not reachable by a global name. */
function unnamed(): [string, object][] {
  const typed = getPrototypeOf(Uint8Array) as { prototype: object };
  const iterated = [[][Symbol.iterator](), new Map().entries(), new Set().values(), ""[Symbol.iterator]()];
  const functions = [async () => {}, function* () {}, async function* () {}];
  const objects = [...iterated, ...functions].map((value) => getPrototypeOf(value) as object);
  return [
    ["TypedArray", typed],
    ["TypedArray.prototype", typed.prototype],
    ["Iterator.prototype", getPrototypeOf(objects[0] as object) as object],
    ...objects.map((value): [string, object] => ["a prototype of iterators or functions", value]),
  ];
}

function keep(holder: object, name: string, keys: readonly Key[]): Kept {
  return {
    holder,
    name,
    keys,
    descriptors: keys.map((key) => descriptorOf(holder, key) as PropertyDescriptor),
  };
}

function restoreOne({ holder, name, keys, descriptors }: Kept, removesOthers: boolean): string | null {
  let lost: string | null = null;
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at] as Key;
    const before = descriptors[at] as PropertyDescriptor;
    if (isSame(getOwnPropertyDescriptor(holder, key), before)) continue;
    if (!defineProperty(holder, key, before)) lost = `${name}.${label(key)}`;
  }
  if (!removesOthers) return lost;
  const now = ownKeys(holder);
  for (let at = 0; at < now.length; at++) {
    const key = now[at] as Key;
    if (!has(keys, key) && !deleteProperty(holder, key)) lost = `${name}.${label(key)}`;
  }
  return lost;
}

function isSame(now: PropertyDescriptor | undefined, before: PropertyDescriptor): boolean {
  return (
    now !== undefined &&
    is(now.value, before.value) &&
    now.get === before.get &&
    now.set === before.set &&
    now.enumerable === before.enumerable
  );
}

/**
 * Without a prototype: a member named `get` of `Object.prototype` would be taken for part of the
 * descriptor.
 */
function descriptorOf(holder: object, key: Key): PropertyDescriptor | undefined {
  const descriptor = getOwnPropertyDescriptor(holder, key);
  return descriptor && (setPrototypeOf(descriptor, null) as PropertyDescriptor);
}

function has(keys: readonly Key[], key: Key): boolean {
  for (let at = 0; at < keys.length; at++) if (keys[at] === key) return true;
  return false;
}

function label(key: Key): string {
  return typeof key === "symbol" ? (key.description ?? "a symbol") : key;
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}
