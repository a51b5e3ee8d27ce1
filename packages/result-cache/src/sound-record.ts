// Whether what a store answered is what it was asked for: backends are other people's code, and disks fail.

import { ENTRY_SCOPES, type Digest, type RecordedEntry } from "@memodag/core";
import type { FoundRecord, PutOutcome } from "./record-store.ts";

/**
 * Takes what a store answered for a map.
 * @throws Error when it is none
 */
export function requireMap<V>(answer: ReadonlyMap<Digest, V>, store: string): ReadonlyMap<Digest, V> {
  if ((answer as unknown) instanceof Map) return answer;
  throw new Error(`the ${store} store answered with something that is not a Map`);
}

/**
 * Takes what a store answered a put with for its outcome.
 * @throws Error when it is none
 */
export function requirePutOutcome(answer: PutOutcome): PutOutcome {
  if (isObject(answer)) {
    if (answer.kind === "stored" || answer.kind === "lease_lost") return answer;
    if (answer.kind === "kept" && isText(answer.resultDigest)) return answer;
  }
  throw new Error("the record store did not say whether it stored");
}

/**
 * True when this is a record of that team and key, and everything that a hit relies on is there and of its
 * type. An age that is no number would be under every ttl.
 */
export function isSoundRecord(record: FoundRecord, team: string, key: Digest): boolean {
  if (!isObject(record) || record.team !== team || record.key !== key) return false;
  const { ageMs, durationMs, producer, error, xcoms, validForMs, signature } = record;
  return (
    Number.isFinite(ageMs) &&
    Number.isFinite(durationMs) &&
    durationMs >= 0 &&
    (validForMs === undefined || Number.isFinite(validForMs)) &&
    (signature === undefined || isText(signature)) &&
    isObject(producer) &&
    isText(producer.runId) &&
    Number.isInteger(producer.mapIndex) &&
    Number.isInteger(producer.tryNumber) &&
    areSoundEntries(record.entries) &&
    (error === null
      ? Array.isArray(xcoms) && xcoms.every(isSoundXCom)
      : isObject(error) && isText(error.code) && isText(error.message))
  );
}

/** `null` stands for a list that cannot be read. */
function areSoundEntries(entries: FoundRecord["entries"] | null): boolean {
  return entries === undefined || (Array.isArray(entries) && entries.every(isSoundEntry));
}

function isSoundEntry(entry: RecordedEntry): boolean {
  if (!isObject(entry)) return false;
  const { cache, scope, key, digest, store, sizeBytes } = entry;
  const isBytes = digest === null || (isText(digest) && isText(store) && Number.isInteger(sizeBytes));
  return isText(cache) && isText(key) && ENTRY_SCOPES.includes(scope) && isBytes;
}

function isSoundXCom(xcom: FoundRecord["xcoms"][number]): boolean {
  if (!isObject(xcom)) return false;
  const { key, digest, sizeBytes, store } = xcom;
  const isPlaced = store === undefined || store === null || isText(store);
  return isText(key) && isText(digest) && Number.isInteger(sizeBytes) && isPlaced;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
