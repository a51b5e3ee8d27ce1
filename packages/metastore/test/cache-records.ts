// Cache records for tests to work on.

import { sha256 } from "@memodag/core";
import type { NewCacheRecord } from "@memodag/result-cache";

/** A record whose key is the digest of a text. */
export function cacheRecord(text: string, changes: Partial<NewCacheRecord> = {}): NewCacheRecord {
  const team = changes.team ?? "red";
  return {
    team,
    key: sha256(text),
    dagId: "dag",
    taskId: "task",
    sourceHash: sha256("source"),
    components: {
      v: 1,
      team,
      dag: "dag",
      task: "task",
      source: sha256("source"),
      inputs: { rows: sha256("rows") },
      context: {},
      env: { REGION: sha256("eu") },
      version: null,
    },
    xcoms: [
      { key: "return_value", digest: sha256(`value of ${text}`), sizeBytes: 10 },
      { key: "extra", digest: sha256(`extra of ${text}`), sizeBytes: 5 },
    ],
    error: null,
    producer: { runId: "r1", mapIndex: -1, tryNumber: 1 },
    durationMs: 12.5,
    ttlMs: 60_000,
    ...changes,
  };
}
