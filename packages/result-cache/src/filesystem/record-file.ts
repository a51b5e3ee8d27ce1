// A record as the bytes of a file, and back. What is not exactly a record of this version is none.

import { readJson, type Digest, type JsonValue, type StoredError } from "@memodag/core";
import { KEY_VERSION, type KeyComponents } from "../key-components.ts";
import {
  keepForMs,
  type CacheRecord,
  type DifferingResults,
  type NewCacheRecord,
  type RecordedXCom,
} from "../record-store.ts";
import { isDigest } from "./safe-names.ts";

/** A record as it is kept. */
export type FiledRecord = Omit<CacheRecord, "ageMs" | "scope">;

/** A new record as of `now`, in milliseconds since the Unix epoch. */
export function toFiledRecord(record: NewCacheRecord, now: number): FiledRecord {
  const { ttlMs: _, ...fields } = record;
  const keepMs = keepForMs(record);
  const expiresAt = keepMs === null ? null : now + keepMs;
  return { ...fields, createdAt: now, expiresAt, lastHitAt: null, hitCount: 0 };
}

const encoder = new TextEncoder();

export function encodeRecordFile(record: FiledRecord): Uint8Array {
  return encoder.encode(JSON.stringify(record));
}

/** The record in a file; `undefined` when it holds none. */
export function decodeRecordFile(bytes: Uint8Array): FiledRecord | undefined {
  let value: JsonValue;
  try {
    value = readJson(bytes);
  } catch {
    return undefined;
  }
  return isFiledRecord(value) ? value : undefined;
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isNumber: Check = (value) => typeof value === "number";
const isNumberOrNull: Check = (value) => value === null || isNumber(value);
const isDigestText: Check = (value) => typeof value === "string" && isDigest(value);

function isFiledRecord(value: unknown): value is FiledRecord {
  if (!isRecord(value)) return false;
  const { differing, seal, signature, validForMs } = value;
  return (
    (differing === undefined || isDiffering(differing)) &&
    (seal === undefined || isText(seal)) &&
    (signature === undefined || isText(signature)) &&
    (validForMs === undefined || isNumber(validForMs))
  );
}

function isDiffering(value: unknown): boolean {
  return hasFields<DifferingResults>(value, { count: isNumber, digest: isText, runId: isText, at: isNumber });
}

function isRecord(value: unknown): value is FiledRecord {
  return hasFields<Omit<FiledRecord, "differing" | "seal" | "signature" | "entries" | "validForMs">>(value, {
    team: isText,
    key: isDigestText,
    dagId: isText,
    taskId: isText,
    sourceHash: isText,
    components: isComponents,
    xcoms: (xcoms) => Array.isArray(xcoms) && xcoms.every(isXCom),
    error: (error) => error === null || hasFields<StoredError>(error, { code: isText, message: isText }),
    producer: (producer) =>
      hasFields<CacheRecord["producer"]>(producer, {
        runId: isText,
        mapIndex: isNumber,
        tryNumber: isNumber,
      }),
    durationMs: isNumber,
    createdAt: isNumber,
    expiresAt: isNumberOrNull,
    lastHitAt: isNumberOrNull,
    hitCount: isNumber,
  });
}

function isComponents(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { runtime, files, shown, shownFiles, entries, shownEntries, shownFields, share, key, keySource } =
    value;
  // The first edition had none; its records cannot be hit, and explain why.
  if (value["v"] !== 1 && !isDigests(runtime)) return false;
  if (
    ![files, shown, shownFiles, entries, shownEntries, shownFields].every(
      (part) => part === undefined || isDigests(part),
    )
  )
    return false;
  if (![share, key, keySource].every((part) => part === undefined || isText(part))) return false;
  return hasFields<Omit<KeyComponents, "runtime" | "files" | "entries" | "share" | "key" | "keySource">>(
    value,
    {
      v: (version) => version === 1 || version === KEY_VERSION,
      team: isText,
      dag: isText,
      task: isText,
      source: isText,
      inputs: isDigests,
      context: isDigests,
      env: isDigests,
      version: (version) => version === null || isText(version),
    },
  );
}

function isXCom(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { store } = value;
  if (store !== undefined && store !== null && !isText(store)) return false;
  return hasFields<Omit<RecordedXCom, "store">>(value, {
    key: isText,
    digest: isDigestText,
    sizeBytes: isNumber,
  });
}

function isDigests(value: unknown): value is Record<string, Digest> {
  return isObject(value) && Object.values(value).every(isText);
}

/** Every field of `T` is named, so that one which is added there cannot be forgotten here. */
function hasFields<T>(value: unknown, checks: Readonly<Record<keyof T & string, Check>>): boolean {
  if (!isObject(value)) return false;
  return Object.entries<Check>(checks).every(
    ([name, check]) => Object.hasOwn(value, name) && check(value[name]),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
