// The elements of a list, as slices of its canonical JSON: no element is parsed or serialized again.

import { MemodagError, sha256, type Digest } from "@memodag/core";

const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * The spans of a list's elements in its canonical JSON: start and end offsets alternating, in bytes. `null`
 * when the JSON is not a list. Canonical JSON has no white space, so an element ends at the comma or the
 * closing bracket.
 * @throws MemodagError `value_not_json` when the JSON ends before the list does
 */
export function elementSpans(json: Uint8Array): Uint32Array | null {
  if (json[0] !== OPEN_BRACKET) return null;
  const spans: number[] = [];
  let depth = 0;
  let start = 1;
  for (let at = 1; at < json.length; at += 1) {
    switch (json[at]) {
      case QUOTE:
        at = endOfString(json, at);
        break;
      case OPEN_BRACKET:
      case OPEN_BRACE:
        depth += 1;
        break;
      case CLOSE_BRACE:
        depth -= 1;
        break;
      case COMMA:
        if (depth === 0) {
          spans.push(start, at);
          start = at + 1;
        }
        break;
      case CLOSE_BRACKET:
        if (depth === 0) {
          if (at > start) spans.push(start, at);
          return Uint32Array.from(spans);
        }
        depth -= 1;
        break;
    }
  }
  throw endless();
}

/** The offset of the quote that closes the string beginning at `start`. */
function endOfString(json: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < json.length) {
    if (json[at] === QUOTE) return at;
    at += json[at] === BACKSLASH ? 2 : 1;
  }
  throw endless();
}

function endless(): MemodagError {
  return new MemodagError(
    "value_not_json",
    "The JSON of a list is truncated, so the stored value is damaged: clear the task that returned it",
  );
}

/** The digests of all elements, concatenated. */
export function elementDigests(json: Uint8Array, spans: Uint32Array): Digest[] {
  const digests: Digest[] = [];
  for (let at = 0; at < spans.length; at += 2) digests.push(sha256(json.subarray(spans[at], spans[at + 1])));
  return digests;
}

/** A list's elements by index. */
export class ListElements {
  readonly #json: Uint8Array;
  readonly #spans: Uint32Array;
  readonly #digests: readonly Digest[];

  constructor(json: Uint8Array, spans: Uint32Array, digests: readonly Digest[]) {
    this.#json = json;
    this.#spans = spans;
    this.#digests = digests;
  }

  get length(): number {
    return this.#spans.length / 2;
  }

  /** The element's canonical JSON. */
  text(index: number): string {
    return decoder.decode(this.#json.subarray(this.#spans[index * 2], this.#spans[index * 2 + 1]));
  }

  digest(index: number): Digest {
    const digest = this.#digests[index];
    if (digest === undefined) throw new Error(`a list of ${this.length} has no element ${index}`);
    return digest;
  }

  sizeBytes(index: number): number {
    return (this.#spans[index * 2 + 1] ?? 0) - (this.#spans[index * 2] ?? 0);
  }
}
