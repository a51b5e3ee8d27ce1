// Values as they pass through a channel of JSON.

import type { JsonValue } from "@memodag/core";
import type { EncodedValue, StoredValue } from "../value-adapter.ts";

/** A value: bytes are base64. */
export type WireValue = { readonly kind: EncodedValue["kind"]; readonly text: string };

/** A stored value. */
export type WireStored = Omit<StoredValue, "value"> & { readonly value: WireValue };

/** Encodes a value. */
export function toWire(value: EncodedValue): WireValue {
  if (value.kind !== "bytes") return value;
  return { kind: "bytes", text: Buffer.from(value.bytes).toString("base64") };
}

/** Decodes a value that {@link toWire} encoded. */
export function fromWire({ kind, text }: WireValue): EncodedValue {
  return kind === "bytes" ? { kind, bytes: Buffer.from(text, "base64") } : { kind, text };
}

/** Decodes a value of a side that is not trusted; `undefined` if it is none. */
export function readWire(value: JsonValue | undefined): EncodedValue | undefined {
  if (typeof value !== "object" || value === null || !("kind" in value) || !("text" in value))
    return undefined;
  const { kind, text } = value;
  if (typeof text !== "string" || (kind !== "json" && kind !== "error" && kind !== "bytes")) return undefined;
  if (kind !== "bytes") {
    try {
      JSON.parse(text);
    } catch {
      return undefined;
    }
  }
  return fromWire({ kind, text });
}
