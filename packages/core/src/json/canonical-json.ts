// Every value that passes between tasks as text, bytes or digest: equal values give equal ones.

import { sha256, type Digest } from "../digest.ts";
import { JsonEncoder, type EncodedText } from "./json-encoder.ts";

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
 *   512 levels. An object's accessors are refused without being
 *   called; an element of a list is read, as asking each what it is would take longer than the rest.
 * @throws MemodagError `value_too_large` when the text is longer than `maxBytes`.
 */
export function canonicalJson(value: unknown, options: CanonicalJsonOptions = {}): string {
  const { chunks, text } = encode(value, options);
  return chunks.length === 0 ? text : Buffer.concat(chunks).toString() + text;
}

/** The UTF-8 bytes of {@link canonicalJson}, in a buffer of their own; throws what it throws. */
export function canonicalBytes(value: unknown, options: CanonicalJsonOptions = {}): Uint8Array {
  const { chunks, text } = encode(value, options);
  return chunks.length === 0 ? utf8.encode(text) : concat([...chunks, utf8.encode(text)]);
}

/** The sha256 of a value's canonical JSON; throws what {@link canonicalJson} throws. */
export function digestOf(value: unknown): Digest {
  const { chunks, text } = encode(value, {});
  return sha256(chunks.length === 0 ? text : concat([...chunks, utf8.encode(text)]));
}

const utf8 = new TextEncoder();

function encode(value: unknown, { maxBytes = Number.POSITIVE_INFINITY }: CanonicalJsonOptions): EncodedText {
  return new JsonEncoder(maxBytes).encode(value === undefined ? null : value);
}

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
