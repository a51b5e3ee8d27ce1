// Validates requests about entries, which come from processes that run user code.

import type { EntryRef, EntryRequest } from "@memodag/core";

const DIGEST = /^[0-9a-f]{64}$/;
const MD5 = /^[0-9a-f]{32}$/;
const LONGEST_NAME = 4_096;

/** Returns the request without extra fields; undefined if it is invalid. */
export function readEntryRequest(value: unknown): EntryRequest | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const said = value as Record<string, unknown>;
  const { op, cache, key, prefix, isDeep, after } = said;
  if (op === "uploaded") return isName(said["upload"]) ? { op, upload: said["upload"] } : undefined;
  if (op === "open") {
    const ref = readRef(said["ref"]);
    return ref && { op, ref };
  }
  if (!isText(cache)) return undefined;
  switch (op) {
    case "find": {
      const { wantsBytes } = said;
      return isName(key) && typeof wantsBytes === "boolean" ? { op, cache, key, wantsBytes } : undefined;
    }
    case "remove":
      return isName(key) ? { op, cache, key } : undefined;
    case "list": {
      if (!isPrefix(prefix) || typeof isDeep !== "boolean") return undefined;
      return after === null || isName(after) ? { op, cache, prefix, isDeep, after } : undefined;
    }
    case "groups":
      return isPrefix(prefix) ? { op, cache, prefix } : undefined;
    case "save":
      return readSave(said, cache);
    default:
      return undefined;
  }
}

function readSave(said: Record<string, unknown>, cache: string): EntryRequest | undefined {
  const { key, digest, md5, sizeBytes, isNow, ifAbsent, ttlMs } = said;
  const isContent = isDigest(digest) && typeof md5 === "string" && MD5.test(md5) && isSize(sizeBytes);
  if (!isName(key) || !isContent || typeof isNow !== "boolean" || typeof ifAbsent !== "boolean")
    return undefined;
  if (ttlMs !== undefined && ttlMs !== null && !isSize(ttlMs)) return undefined;
  const request = { op: "save", cache, key, digest, md5, sizeBytes, isNow, ifAbsent } as const;
  return { ...request, ...(ttlMs !== undefined && { ttlMs }) };
}

function readRef(value: unknown): EntryRef | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { cache, key, digest, sizeBytes } = value as Record<string, unknown>;
  return isText(cache) && isName(key) && isDigest(digest) && isSize(sizeBytes)
    ? { cache, key, digest, sizeBytes }
    : undefined;
}

/** Text that every database accepts. */
function isText(value: unknown): value is string {
  return (
    typeof value === "string" && value.length <= LONGEST_NAME && value.isWellFormed() && !value.includes("\0")
  );
}

function isName(value: unknown): value is string {
  return isText(value) && value !== "";
}

function isPrefix(value: unknown): value is string {
  return isText(value) && (value === "" || value.endsWith("/"));
}

function isDigest(value: unknown): value is string {
  return typeof value === "string" && DIGEST.test(value);
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
