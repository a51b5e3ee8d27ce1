// Records for the contract suites.

import { RETURN_VALUE, sha256, type Digest } from "@memodag/core";
import { KEY_VERSION } from "../key-components.ts";
import type { CacheRecord, NewCacheRecord, PutOutcome, RecordStore } from "../record-store.ts";

/** The team of records that say nothing else. */
export const TEAM = "ml";

/** The key of the records that are called `name`, in every team. */
export function keyOf(name: string): Digest {
  return sha256(`key of ${name}`);
}

/** A record of 7 bytes that never expires. */
export function sampleRecord(name: string, own: Partial<NewCacheRecord> = {}): NewCacheRecord {
  const team = own.team ?? TEAM;
  const dagId = own.dagId ?? "penguins";
  const taskId = own.taskId ?? "train";
  const sourceHash = own.sourceHash ?? sha256("source");
  return {
    team,
    key: keyOf(name),
    dagId,
    taskId,
    sourceHash,
    components: {
      v: KEY_VERSION,
      team,
      dag: dagId,
      task: taskId,
      source: sourceHash,
      runtime: { node: "24.21.0" },
      inputs: { rows: sha256(name) },
      context: {},
      env: {},
      version: null,
    },
    xcoms: [returnValue(`result of ${name}`)],
    error: null,
    producer: { runId: "run-1", mapIndex: -1, tryNumber: 1 },
    durationMs: 1_200.5,
    ttlMs: null,
    ...own,
  };
}

/** The return value whose bytes are `text`, with a size of 7. */
export function returnValue(text: string): NewCacheRecord["xcoms"][number] {
  return { key: RETURN_VALUE, digest: sha256(text), sizeBytes: 7 };
}

/** Puts records, some at a time, and keeps what is live. */
export async function putAll(store: RecordStore, records: readonly NewCacheRecord[]): Promise<PutOutcome[]> {
  const outcomes: PutOutcome[] = [];
  for (let from = 0; from < records.length; from += 50) {
    const batch = records.slice(from, from + 50).map((record) => store.put(record, "keep-live"));
    for (const outcome of await Promise.all(batch)) outcomes.push(outcome);
  }
  return outcomes;
}

/** The one record under a key: as a listing shows it, with what a lookup finds of it laid over that. */
export async function findOne(store: RecordStore, key: Digest, team: string = TEAM): Promise<CacheRecord> {
  const found = (await store.find(team, [key])).get(key);
  const [listed] = await store.list({ team, key }, { limit: 1, offset: 0 });
  if (!found || !listed) throw new Error(`no record of team ${team} under ${key}`);
  return { ...listed, ...found };
}

/** Keys of all records that match, in the order in which they are listed. */
export async function listKeys(
  store: RecordStore,
  filter: Parameters<RecordStore["list"]>[0],
): Promise<Digest[]> {
  const records = await store.list(filter, { limit: 1_000, offset: 0 });
  return records.map((record) => record.key);
}
