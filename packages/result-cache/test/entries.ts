// Cache entries for tests.

import { sha256 } from "@memodag/core";
import { KEY_VERSION, cacheKey, type CacheEntry, type KeyComponents } from "../src/index.ts";

const encoder = new TextEncoder();

export function components(own: Partial<KeyComponents> = {}): KeyComponents {
  return {
    v: KEY_VERSION,
    team: "ml",
    dag: "penguins",
    task: "train",
    source: sha256("source"),
    runtime: { node: "24.21.0" },
    inputs: {},
    context: {},
    env: {},
    version: null,
    ...own,
  };
}

/** An entry whose task returned `json`. */
export function entry(
  json: string,
  own: Partial<Omit<CacheEntry["record"], "components">> & { components?: KeyComponents } = {},
): CacheEntry {
  const of = own.components ?? components({ inputs: { of: sha256(json) } });
  const bytes = encoder.encode(json);
  return {
    record: {
      team: of.team,
      key: cacheKey(of),
      dagId: of.dag,
      taskId: of.task,
      sourceHash: of.source,
      components: of,
      error: null,
      producer: { runId: "run-1", mapIndex: -1, tryNumber: 1 },
      durationMs: 1_200,
      ttlMs: null,
      ...own,
    },
    xcoms: [{ key: "return_value", digest: sha256(bytes), bytes }],
  };
}
