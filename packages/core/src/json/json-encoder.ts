// The encoder of canonical JSON (RFC 8785). It works in one pass: each property is read once, toJSON is
// never called, and no intermediate object is built. An error names the path of the offending value.

import { MemodagError, messageOf } from "../errors.ts";
import { formatJsonPath, shortenJsonPath, type JsonPathStep } from "./json-path.ts";
import { sortNames } from "./name-order.ts";
import {
  ACCESSOR,
  HOLE,
  LONE_SURROGATE,
  LONE_SURROGATE_NAME,
  refuseInstance,
  refusePrimitive,
  SYMBOL_NAME,
  UNDEFINED_ELEMENT,
  type Refusal,
} from "./refusal.ts";

/** Maximum nesting depth of lists and objects in a value. */
export const MAX_JSON_DEPTH = 512;

/** Encoded JSON; the beginning of long JSON is already in bytes. */
export interface EncodedText {
  readonly chunks: readonly Uint8Array[];
  readonly text: string;
}

const utf8 = new TextEncoder();

// A concatenated string is a tree in memory until it is read. Beyond this length it is converted to
// bytes; otherwise a value of 12 MB would take 600 MB of memory.
const LONGEST_PENDING_TEXT = 16_384;

/** Encodes one value. Create a new encoder for each value. */
export class JsonEncoder {
  private out = "";
  private readonly chunks: Uint8Array[] = [];
  private chunkedBytes = 0;
  /** Path to the current value. Steps beyond the current depth are left over from other branches. */
  private readonly path: JsonPathStep[] = [];
  /** Number of valid steps of the path when foreign code throws. */
  private steps = 0;
  private readonly ancestors: object[] = [];
  private readonly maxBytes: number;
  private readonly flushAt: number;

  /** `maxBytes` may be infinite. */
  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
    this.flushAt = Math.min(maxBytes, LONGEST_PENDING_TEXT);
  }

  /** @throws MemodagError `value_not_json`, `value_too_large` */
  encode(value: unknown): EncodedText {
    try {
      this.write(value, 0);
    } catch (error) {
      if (error instanceof MemodagError) throw error;
      // A Proxy trap threw, or the result exceeded the maximum length of a string.
      const found = `unreadable value (${messageOf(error)})`;
      throw this.refusal({ found, fix: "return a plain, smaller value" }, this.steps, error);
    }
    this.checkEnd();
    return { chunks: this.chunks, text: this.out };
  }

  private checkEnd(): void {
    const room = this.maxBytes - this.chunkedBytes;
    // A code unit takes at most three bytes, so most strings need not be counted.
    if (this.out.length * 3 > room && Buffer.byteLength(this.out) > room) throw tooLarge(this.maxBytes);
  }

  private flush(): void {
    const chunk = utf8.encode(this.out);
    this.chunks.push(chunk);
    this.chunkedBytes += chunk.length;
    this.out = "";
    if (this.chunkedBytes > this.maxBytes) throw tooLarge(this.maxBytes);
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
    if (this.out.length > this.flushAt) this.flush();
    this.path[depth] = to;
    this.steps = depth + 1;
  }

  private writeArray(list: readonly unknown[], depth: number): void {
    // Array.prototype is itself an array, in every realm. The prototype of a subclass is not.
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
      // Only a Proxy lists a property that it does not have.
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
    return { found: `circular reference to ${target}`, fix: "return the id of the object it refers to" };
  }

  private refusal(refusal: Refusal, depth: number, cause?: unknown): MemodagError {
    const path = formatJsonPath(this.path.slice(0, depth));
    return new MemodagError(
      "value_not_json",
      `${refusal.found} at ${shortenJsonPath(path)}: ${refusal.fix}`,
      {
        fields: { path, found: refusal.found, fix: refusal.fix },
        ...(cause === undefined ? {} : { cause }),
      },
    );
  }
}

/** Characters that JSON escapes, and surrogates, which may be unpaired. */
// oxlint-disable-next-line no-control-regex -- JSON escapes exactly these
const NEEDS_CARE = /[\u0000-\u001f"\\\ud800-\udfff]/;

// Values between tasks repeat their names, and looking up the quoted form is cheaper than computing it.
const QUOTED_NAMES = new Map<string, string>();
const MAX_QUOTED_NAMES = 4096;
const LONGEST_QUOTED_NAME = 64;

const TOO_DEEP: Refusal = {
  found: `value nested deeper than ${MAX_JSON_DEPTH} levels`,
  fix: "return it flat, such as a list of nodes with ids",
};

function isPlain(value: object): boolean {
  const proto: unknown = Object.getPrototypeOf(value);
  if (proto === Object.prototype || proto === null) return true;
  // The Object.prototype of another realm (node:vm) counts as plain.
  return (
    typeof proto === "object" &&
    Object.getPrototypeOf(proto) === null &&
    Object.hasOwn(proto, "isPrototypeOf")
  );
}

function tooLarge(limitBytes: number): MemodagError {
  return new MemodagError(
    "value_too_large",
    `the value's JSON is longer than ${limitBytes} bytes: return less, or a reference to where it is stored`,
    { fields: { limitBytes } },
  );
}
