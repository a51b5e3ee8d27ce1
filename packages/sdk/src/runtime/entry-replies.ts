// Reads what a scheduler replies about entries, and what a handler passes as a reference to one.

import { MemodagError, parseDuration, type EntryAnswer, type EntryRef, type EntryReply } from "@memodag/core";

/** The bytes of an entry; undefined if a key has none. */
export function bytesOf(answer: EntryAnswer): EntryAnswer | undefined {
  const { reply } = answer;
  if (reply.kind === "entry") return answer;
  if (reply.kind === "absent") return undefined;
  throw reply.kind === "lost" ? lost(reply.ref, reply.store) : unexpected(reply);
}

const DIGEST = /^[0-9a-f]{64}$/;

/** @throws MemodagError `entry_key_invalid` if a value is not a reference */
export function refOf(value: EntryRef): EntryRef {
  const { cache, key, digest, sizeBytes } = (value ?? {}) as Partial<EntryRef>;
  const isValid =
    typeof cache === "string" && typeof key === "string" && typeof digest === "string" && DIGEST.test(digest);
  if (isValid && Number.isInteger(sizeBytes)) return { cache, key, digest, sizeBytes: sizeBytes as number };
  throw new MemodagError(
    "entry_key_invalid",
    `${JSON.stringify(value)} is not a reference to an entry: pass a key, or what save() returned`,
  );
}

/** Milliseconds. */
export function ttlOf(ttl: number | string | null): number | null {
  if (ttl === null) return null;
  return typeof ttl === "number" ? ttl * 1_000 : parseDuration(ttl);
}

/** The error of a save with `ifAbsent`. */
export function present({ key }: EntryRef): MemodagError {
  return new MemodagError(
    "entry_present",
    `The entry ${JSON.stringify(key)} is there already, and was not replaced, as ifAbsent asks`,
    { fields: { key } },
  );
}

function lost({ key, digest }: EntryRef, store: string | null): MemodagError {
  const where = store === null ? "any store" : `the store "${store}"`;
  return new MemodagError(
    "cache_entry_lost",
    `The bytes of the entry ${JSON.stringify(key)} (${digest.slice(0, 12)}) are not in ${where} any more: ` +
      "clear the task that saved it, so that it runs again",
    { fields: { key, digest } },
  );
}

/** The error for a reply of another kind than the request has. */
export function unexpected(reply: EntryReply): Error {
  return new Error(`the scheduler replied "${reply.kind}" to a request that has no such reply`);
}
