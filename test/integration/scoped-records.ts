// Records of teams and scopes, for tests of scopes.

import { sha256 } from "@memodag/core";
import type { NewCacheRecord, Scopes } from "@memodag/result-cache";

export const TEAMS = ["ants", "bees"];
/** Production reads what CI has made, and CI what developers have; no one reads production. */
export const SCOPES: readonly Scopes[] = [
  { own: "default", reads: [], owns: [] },
  { own: "dev", reads: [], owns: [] },
  { own: "ci", reads: ["dev"], owns: [] },
  { own: "prod", reads: ["ci"], owns: [] },
];
export const KEY = sha256("the legitimate key");
export const PAGE = { limit: 100, offset: 0 };

/** A record whose run is called as its team and its scope. */
export function recordOf(team: string, scope: string, key: string = KEY): NewCacheRecord {
  const components = { v: 1, team, dag: "d", task: "t", inputs: {}, context: {}, env: {}, version: null };
  return {
    team,
    key,
    dagId: "d",
    taskId: "t",
    sourceHash: sha256("source"),
    components: { ...components, source: sha256("source") } as NewCacheRecord["components"],
    xcoms: [{ key: "return_value", digest: sha256(`${team} ${scope}`), sizeBytes: 3 }],
    error: null,
    producer: { runId: `${team} ${scope}`, mapIndex: -1, tryNumber: 1 },
    durationMs: 1,
    ttlMs: -1,
  };
}
