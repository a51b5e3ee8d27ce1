// The one encoder for every value that passes between tasks: RFC 8785 text, or a refusal that names
// the path. One pass; each property is read once; toJSON is never called and no object is built.

import { sha256, type Digest } from "../digest.ts";
import { MemodagError, messageOf } from "../errors.ts";
import { formatJsonPath, shortenJsonPath, type JsonPathStep } from "./json-path.ts";
import { refuseInstance, refusePrimitive, type Refusal } from "./refusal.ts";

/** Levels of lists and objects that a value may have. */
export const MAX_JSON_DEPTH = 512;

/** Options of {@link canonicalJson}. */
export interface CanonicalJsonOptions {
  /** Longest text in UTF-8 bytes; without it, no limit. Encoding stops early when it is passed. */
  readonly maxBytes?: number;
}

/**
 * The canonical JSON text of a value, by RFC 8785: names in order of UTF-16 code units, numbers as
 * ECMAScript prints them, no white space.
 *
 * Properties that are `undefined` are dropped, `-0` is `0`, and `undefined` itself is `null` (a
 * handler that returns nothing). Properties that are not enumerable are not part of a value, nor are
 * named properties of a list.
 *
 * @throws MemodagError `value_not_json`, with the culprit's `path` among its fields, for anything
 *   else that JSON cannot carry: holes and `undefined` in lists, non-finite numbers, bigint, symbols
 *   (as names too), functions, class instances, accessors, lone surrogates, cycles, more than
 *   {@link MAX_JSON_DEPTH} levels. An object's accessors are refused without being
 *   called; an element of a list is read, as asking each what it is would take longer than the rest.
 * @throws MemodagError `value_too_large` when the text is longer than `maxBytes`.
 */
export function canonicalJson(value: unknown, options: CanonicalJsonOptions = {}): string {
  const limit = options.maxBytes ?? Number.POSITIVE_INFINITY;
  const encoder = new Encoder(limit);
  const text = encoder.encode(value === undefined ? null : value);
  // A code unit is at most three bytes, so most texts need no count.
  if (text.length * 3 > limit && Buffer.byteLength(text) > limit) throw tooLarge(limit);
  return text;
}

const utf8 = new TextEncoder();

/** The UTF-8 bytes of {@link canonicalJson}, in a buffer of their own; throws what it throws. */
export function canonicalBytes(value: unknown, options: CanonicalJsonOptions = {}): Uint8Array {
  return utf8.encode(canonicalJson(value, options));
}

/** The sha256 of a value's canonical JSON; throws what {@link canonicalJson} throws. */
export function digestOf(value: unknown): Digest {
  return sha256(canonicalJson(value));
}

class Encoder {
  private out = "";
  /** The way to the value at hand; steps past the current depth are left over from other branches. */
  private readonly path: JsonPathStep[] = [];
  /** How many steps of the path are meant when somebody else's code throws. */
  private steps = 0;
  private readonly ancestors: object[] = [];
  private readonly maxLength: number;

  constructor(maxLength: number) {
    this.maxLength = maxLength;
  }

  encode(value: unknown): string {
    try {
      this.write(value, 0);
    } catch (error) {
      if (error instanceof MemodagError) throw error;
      // A Proxy's trap threw, or the text grew past the longest string there can be.
      const found = `unreadable value (${messageOf(error)})`;
      throw this.refusal({ found, mend: "return a plain, smaller value" }, this.steps, error);
    }
    return this.out;
  }

  private write(value: unknown, depth: number): void {
    switch (typeof value) {
      case "string":
        this.writeString(value, depth);
        return;
      case "number":
        if (!Number.isFinite(value)) throw this.refusal(refusePrimitive(value), depth);
        this.out += value; // -0 prints as 0
        return;
      case "boolean":
        this.out += value ? "true" : "false";
        return;
      case "object":
        if (value === null) this.out += "null";
        else this.writeContainer(value, depth);
        return;
      default:
        throw this.refusal(refusePrimitive(value), depth);
    }
  }

  private writeString(text: string, depth: number): void {
    if (!NEEDS_CARE.test(text)) this.out += `"${text}"`;
    else if (text.isWellFormed()) this.out += JSON.stringify(text);
    else throw this.refusal(LONE_SURROGATE, depth);
  }

  private writeContainer(value: object, depth: number): void {
    this.enter(value, depth);
    if (Array.isArray(value)) this.writeArray(value, depth);
    else this.writeObject(value, depth);
  }

  private enter(value: object, depth: number): void {
    for (let level = 0; level < depth; level++) {
      if (this.ancestors[level] === value) throw this.refusal(this.cycle(level), depth);
    }
    if (depth >= MAX_JSON_DEPTH) throw this.refusal(TOO_DEEP, depth);
    this.ancestors[depth] = value;
  }

  private step(depth: number, to: JsonPathStep): void {
    if (this.out.length > this.maxLength) throw tooLarge(this.maxLength);
    this.path[depth] = to;
    this.steps = depth + 1;
  }

  private writeArray(list: readonly unknown[], depth: number): void {
    // Array.prototype is itself an array, in every realm; the prototype of a subclass is not.
    if (!Array.isArray(Object.getPrototypeOf(list))) throw this.refusal(refuseInstance(list), depth);
    const length = list.length;
    this.out += "[";
    for (let index = 0; index < length; index++) {
      if (index > 0) this.out += ",";
      this.step(depth, index);
      const element = list[index];
      if (element === undefined) {
        throw this.refusal(Object.hasOwn(list, index) ? UNDEFINED_ELEMENT : HOLE, depth + 1);
      }
      this.write(element, depth + 1);
    }
    this.out += "]";
  }

  private writeObject(value: object, depth: number): void {
    if (!isPlain(value)) throw this.refusal(refuseInstance(value), depth);
    if (Object.getOwnPropertySymbols(value).length > 0) throw this.refusal(SYMBOL_NAME, depth);
    let separator = "{";
    for (const name of sortNames(Object.keys(value))) {
      this.step(depth, name);
      const property = Object.getOwnPropertyDescriptor(value, name);
      // Only a Proxy names a property that it then does not have.
      if (property === undefined) continue;
      if (property.get !== undefined || property.set !== undefined) throw this.refusal(ACCESSOR, depth + 1);
      if (property.value === undefined) continue;
      this.out += separator + (QUOTED_NAMES.get(name) ?? this.quoteName(name, depth + 1));
      separator = ",";
      this.write(property.value, depth + 1);
    }
    this.out += separator === "{" ? "{}" : "}";
  }

  private quoteName(name: string, depth: number): string {
    if (!name.isWellFormed()) throw this.refusal(LONE_SURROGATE_NAME, depth);
    const quoted = `${JSON.stringify(name)}:`;
    if (QUOTED_NAMES.size < MAX_QUOTED_NAMES && name.length <= LONGEST_QUOTED_NAME) {
      QUOTED_NAMES.set(name, quoted);
    }
    return quoted;
  }

  private cycle(level: number): Refusal {
    const target = formatJsonPath(this.path.slice(0, level));
    return { found: `cycle back to ${target}`, mend: "return the id of what it refers to" };
  }

  private refusal(refusal: Refusal, depth: number, cause?: unknown): MemodagError {
    const path = formatJsonPath(this.path.slice(0, depth));
    return new MemodagError(
      "value_not_json",
      `${refusal.found} at ${shortenJsonPath(path)}: ${refusal.mend}`,
      {
        fields: { path, found: refusal.found, mend: refusal.mend },
        ...(cause === undefined ? {} : { cause }),
      },
    );
  }
}

/** What JSON escapes, and surrogates, which may be alone. */
// oxlint-disable-next-line no-control-regex -- JSON escapes exactly these
const NEEDS_CARE = /[\u0000-\u001f"\\\ud800-\udfff]/;

// Values between tasks repeat their names; looking the quoted form up is cheaper than making it.
const QUOTED_NAMES = new Map<string, string>();
const MAX_QUOTED_NAMES = 4096;
const LONGEST_QUOTED_NAME = 64;

const UNDEFINED_ELEMENT: Refusal = { found: "undefined in a list", mend: "return null in its place" };
const HOLE: Refusal = { found: "hole in a list", mend: "return null in its place" };
const ACCESSOR: Refusal = { found: "accessor", mend: "return its value as a plain property" };
const SYMBOL_NAME: Refusal = { found: "property named by a symbol", mend: "name it by a string" };
const LONE_SURROGATE: Refusal = { found: "string with a lone surrogate", mend: "return toWellFormed()" };
const LONE_SURROGATE_NAME: Refusal = {
  found: "property name with a lone surrogate",
  mend: "name it by toWellFormed()",
};
const TOO_DEEP: Refusal = {
  found: `value nested deeper than ${MAX_JSON_DEPTH} levels`,
  mend: "return it flat, such as a list of nodes with ids",
};

function isPlain(value: object): boolean {
  const proto: unknown = Object.getPrototypeOf(value);
  if (proto === Object.prototype || proto === null) return true;
  // The Object.prototype of another realm (node:vm) is as plain.
  return (
    typeof proto === "object" &&
    Object.getPrototypeOf(proto) === null &&
    Object.hasOwn(proto, "isPrototypeOf")
  );
}

const LONGEST_INSERTION_SORT = 16;

/** By UTF-16 code units, in place. Few names, mostly in order, are the common case. */
function sortNames(names: string[]): string[] {
  if (names.length > LONGEST_INSERTION_SORT) return names.sort();
  for (let index = 1; index < names.length; index++) {
    const name = names[index] as string;
    let place = index;
    while (place > 0 && (names[place - 1] as string) > name) {
      names[place] = names[place - 1] as string;
      place--;
    }
    names[place] = name;
  }
  return names;
}

function tooLarge(limitBytes: number): MemodagError {
  return new MemodagError(
    "value_too_large",
    `the value's JSON is longer than ${limitBytes} bytes: return less, or a reference to where it is kept`,
    { fields: { limitBytes } },
  );
}
