// Encodes values that pass between tasks: equal values give equal strings, bytes and digests.

import { sha256, type Digest } from "../digest.ts";
import { JsonEncoder, type EncodedText } from "./json-encoder.ts";

/** Options of {@link canonicalJson}. */
export interface CanonicalJsonOptions {
  /** Maximum length in UTF-8 bytes. Encoding stops early when it is exceeded. Default: no limit. */
  readonly maxBytes?: number;
}

/**
 * Returns the canonical JSON of a value as defined by RFC 8785: names sorted by UTF-16 code units,
 * numbers as
 * printed by ECMAScript, no white space.
 *
 * Properties that are `undefined` are dropped, `-0` becomes `0`, and `undefined` itself becomes `null` (a
 * handler that returns nothing). Non-enumerable properties and named properties of lists are ignored.
 *
 * @throws MemodagError `value_not_json`, with the offending `path` among its fields, for anything else
 * that
 *   JSON cannot represent: holes and `undefined` in lists, non-finite numbers, bigints, symbols (also as
 *   names), functions, class instances, accessors, lone surrogates, cycles, more than 512 levels.
 *   Accessors of objects are rejected without being called. Elements of lists are read, because checking
 *   the descriptor of each would take longer than everything else.
 * @throws MemodagError `value_too_large` if the JSON is longer than `maxBytes`.
 */
export function canonicalJson(value: unknown, options: CanonicalJsonOptions = {}): string {
  const { chunks, text } = encode(value, options);
  return chunks.length === 0 ? text : Buffer.concat(chunks).toString() + text;
}

/** Returns the UTF-8 bytes of {@link canonicalJson} in a new buffer. Throws like it. */
export function canonicalBytes(value: unknown, options: CanonicalJsonOptions = {}): Uint8Array {
  const { chunks, text } = encode(value, options);
  return chunks.length === 0 ? utf8.encode(text) : concat([...chunks, utf8.encode(text)]);
}

/** Returns the SHA-256 of a value's canonical JSON. Throws like {@link canonicalJson}. */
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
