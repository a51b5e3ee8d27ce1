// Parses canonical JSON. It only reads the output of canonical-json.ts, so it does not validate.

import { canonicalJson } from "./canonical-json.ts";
import type { JsonValue } from "./json-value.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Parses UTF-8 encoded JSON. A property named `__proto__` is treated like any other.
 * @throws SyntaxError or TypeError if the bytes are not JSON or not UTF-8.
 */
export function readJson(bytes: Uint8Array): JsonValue {
  return JSON.parse(utf8.decode(bytes)) as JsonValue;
}

/**
 * Returns a copy of the value in canonical form, as tasks receive it. Throws like {@link canonicalJson}.
 */
export function canonicalForm(value: unknown): JsonValue {
  return JSON.parse(canonicalJson(value)) as JsonValue;
}
