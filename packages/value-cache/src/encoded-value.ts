// How values and remembered errors become bytes and return; what cannot be stored is refused with the fix.

import { canonicalJson, MemodagError, type JsonValue } from "@memodag/core";
import type { EncodedValue } from "./value-adapter.ts";

/** A value that can be cached. */
export type CacheableValue = JsonValue | Uint8Array;

/** An error that a creator threw before, and that is still remembered. */
export class RememberedError extends Error {
  /** Milliseconds since the creator threw it. */
  readonly ageMs: number;
  /** The error's own `code`, if it had one. */
  readonly code: string | undefined;

  constructor(text: string, ageMs: number) {
    const { name, message, code } = JSON.parse(text) as { name: string; message: string; code?: string };
    super(message);
    this.name = name;
    this.code = code;
    this.ageMs = ageMs;
  }
}

/**
 * @throws MemodagError `value_not_json` for `undefined` and what JSON cannot represent, `value_too_large`
 */
export function encodeValue(key: string, value: unknown, maxBytes: number): EncodedValue {
  if (value === undefined) {
    throw new MemodagError(
      "value_not_json",
      `the value of ${JSON.stringify(key)} is undefined: return null if there is none, ` +
        "and call skip() as well if that is not to be stored",
      { fields: { key } },
    );
  }
  if (!(value instanceof Uint8Array)) return { kind: "json", text: canonicalJson(value, { maxBytes }) };
  if (value.length <= maxBytes) return { kind: "bytes", bytes: Uint8Array.from(value) };
  throw new MemodagError(
    "value_too_large",
    `the value of ${JSON.stringify(key)} has ${value.length} bytes, and ${maxBytes} are the most: ` +
      "store it elsewhere and cache a reference to it, or raise the limit",
    { fields: { key, sizeBytes: value.length, limitBytes: maxBytes } },
  );
}

/** A copy of its own for each caller: what one changes in it, no other sees. */
export function decodeValue(value: EncodedValue): CacheableValue {
  return value.kind === "bytes" ? Uint8Array.from(value.bytes) : (JSON.parse(value.text) as JsonValue);
}

/** Encodes anything that a creator throws: its name, message and code. */
export function encodeError(error: unknown): EncodedValue {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  const told = {
    name: name.toWellFormed(),
    message: message.toWellFormed(),
    ...(typeof code === "string" && { code: code.toWellFormed() }),
  };
  return { kind: "error", text: canonicalJson(told) };
}

/** Bytes of a value as stored, about. */
export function sizeOf(value: EncodedValue): number {
  return value.kind === "bytes" ? value.bytes.length : Buffer.byteLength(value.text);
}
