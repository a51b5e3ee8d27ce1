// From text back to values. Only what canonical-json.ts wrote is read here, so nothing is checked again.

import { canonicalJson } from "./canonical-json.ts";
import type { JsonValue } from "./json-value.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * The value of JSON in UTF-8. A `__proto__` name is a property like another.
 * @throws SyntaxError or TypeError when the bytes are no JSON or no UTF-8.
 */
export function readJson(bytes: Uint8Array): JsonValue {
  return JSON.parse(utf8.decode(bytes)) as JsonValue;
}

/** A copy of the value as tasks get to see it; throws what {@link canonicalJson} throws. */
export function canonicalForm(value: unknown): JsonValue {
  return JSON.parse(canonicalJson(value)) as JsonValue;
}
