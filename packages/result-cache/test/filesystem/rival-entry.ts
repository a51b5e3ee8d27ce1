// What rivals store under the same keys: results of their own, so that it shows whose is kept.

import { sha256 } from "@memodag/core";
import type { NewCacheRecord, ResultBytes } from "../../src/index.ts";
import { components, entry } from "../entries.ts";

/** The entry of `rival` under the key of that number; `ttlMs` null. */
export function rivalEntry(
  number: number,
  rival: string,
): { readonly record: NewCacheRecord; readonly result: ResultBytes } {
  const of = components({ inputs: { number: sha256(`${number}`) } });
  const { record, xcoms } = entry(JSON.stringify({ number, rival }), { components: of });
  const [result] = xcoms as [(typeof xcoms)[number]];
  const { digest, bytes } = result;
  return {
    record: { ...record, xcoms: [{ key: "return_value", digest, sizeBytes: bytes.length }] },
    result: { digest, bytes },
  };
}
