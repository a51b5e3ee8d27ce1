// What is done with a value's bytes when a key or a mapping needs more of it than its digest.

import { canonicalBytes, readJson, selectField, sha256, type Digest } from "@memodag/core";
import { elementDigests, elementSpans } from "./list-elements.ts";

/** A field's path within a value. */
export type FieldPath = readonly (string | number)[];

/** Work on a value: the digest of a field, or the elements of the list that a field is. */
export interface ValueOrder {
  readonly kind: "digest" | "elements";
  readonly bytes: Uint8Array;
  readonly path: FieldPath;
}

/** What a value's elements are made from. `json` are the list's own bytes. */
export interface ElementParts {
  readonly json: Uint8Array;
  readonly spans: Uint32Array;
  readonly digests: readonly Digest[];
}

/** What came of a {@link ValueOrder}. `not_a_list` tells what was found in its place. */
export type ValueAnswer =
  | { readonly kind: "digest"; readonly digest: Digest }
  | ({ readonly kind: "elements" } & ElementParts)
  | { readonly kind: "not_a_list"; readonly found: string };

/** Does the work; a field that is not there counts as `null`. */
export function workOnValue({ kind, bytes, path }: ValueOrder): ValueAnswer {
  const json = path.length === 0 ? bytes : canonicalBytes(selectField(readJson(bytes), path));
  if (kind === "digest") return { kind, digest: sha256(json) };
  const spans = elementSpans(json);
  if (!spans) return { kind: "not_a_list", found: describe(json) };
  return { kind, json, spans, digests: elementDigests(json, spans) };
}

function describe(json: Uint8Array): string {
  switch (json[0]) {
    case 0x7b:
      return "an object";
    case 0x22:
      return "a text";
    case 0x6e:
      return "null";
    case 0x74:
    case 0x66:
      return "true or false";
    default:
      return "a number";
  }
}
