// Operations on a value's bytes, when a key or a mapping needs more than the value's digest.

import {
  canonicalBytes,
  findDotted,
  findField,
  readJson,
  selectField,
  sha256,
  type Digest,
} from "@memodag/core";
import { elementDigests, elementSpans } from "./list-elements.ts";

const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;

const decoder = new TextDecoder("utf-8", { fatal: true });

/** A field's path within a value. */
export type FieldPath = readonly (string | number)[];

/**
 * An operation on a value: the digest of a field, the elements of a list at a field, a field's scalar, or the digests of
 * fields below a field.
 */
export type ValueOrder = {
  readonly bytes: Uint8Array;
  readonly path: FieldPath;
} & (
  | { readonly kind: "digest" | "elements" | "scalar" }
  | { readonly kind: "fields"; readonly fields: readonly string[] }
);

/** The parts of a {@link ListElements}. `json` holds the bytes of the list only. */
export interface ElementParts {
  readonly json: Uint8Array;
  readonly spans: Uint32Array;
  readonly digests: readonly Digest[];
}

/** The result of a {@link ValueOrder}. `not_a_list` and `not_a_scalar` describe what was found instead. */
export type ValueAnswer =
  | { readonly kind: "digest"; readonly digest: Digest }
  /** In the order of the fields; `null`: there is no such field. */
  | { readonly kind: "fields"; readonly digests: readonly (Digest | null)[] }
  | ({ readonly kind: "elements" } & ElementParts)
  | { readonly kind: "not_a_list"; readonly found: string }
  | { readonly kind: "scalar"; readonly json: string }
  | { readonly kind: "not_a_scalar"; readonly found: string };

/** Performs the operation; a missing field counts as `null`. */
export function workOnValue(order: ValueOrder): ValueAnswer {
  const { kind, bytes, path } = order;
  if (kind === "fields") return { kind, digests: fieldDigests(bytes, path, order.fields) };
  const json = path.length === 0 ? bytes : canonicalBytes(selectField(readJson(bytes), path));
  if (kind === "digest") return { kind, digest: sha256(json) };
  if (kind === "scalar") return scalarOf(json);
  const spans = elementSpans(json);
  if (!spans) return { kind: "not_a_list", found: describe(json) };
  return { kind, json, spans, digests: elementDigests(json, spans) };
}

function fieldDigests(
  bytes: Uint8Array,
  path: FieldPath,
  fields: readonly string[],
): readonly (Digest | null)[] {
  const value = findField(readJson(bytes), path);
  return fields.map((field) => {
    const found = value === undefined ? undefined : findDotted(value, field);
    return found === undefined ? null : sha256(canonicalBytes(found));
  });
}

function scalarOf(json: Uint8Array): ValueAnswer {
  const isScalar = json[0] !== OPEN_BRACE && json[0] !== OPEN_BRACKET;
  if (isScalar) return { kind: "scalar", json: decoder.decode(json) };
  return { kind: "not_a_scalar", found: describe(json) };
}

function describe(json: Uint8Array): string {
  switch (json[0]) {
    case OPEN_BRACE:
      return "an object";
    case OPEN_BRACKET:
      return "a list";
    case 0x22:
      return "a string";
    case 0x6e:
      return "null";
    case 0x74:
    case 0x66:
      return "true or false";
    default:
      return "a number";
  }
}
