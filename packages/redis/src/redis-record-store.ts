// Records on Redis or Valkey, found by their key.

import { readJson, RETURN_VALUE, type Digest, type JsonValue } from "@memodag/core";
import type {
  FoundRecord,
  NewCacheRecord,
  PutMode,
  PutOutcome,
  RecordLookup,
  StoreCallOptions,
} from "@memodag/result-cache";
import { keepForMs, requireDigest, teamFolderName } from "@memodag/result-cache/store-parts";
import type { RedisConnection } from "./connection.ts";
import { FIND_RECORDS, PUT_RECORD } from "./record-scripts.ts";

/** Keys of one call: the server answers others in between. */
const KEYS_A_CALL = 500;

/** The answer of the script for a record: its place among the keys, what is found, when it was stored, its age. */
type Row = readonly [index: number, found: Buffer, at: Buffer, ageMs: Buffer];

/**
 * Keeps each record under `<prefix>:records:<team>:<key>` until it expires, by the clock of the server. What a flush
 * or an eviction removes is a miss. Keeps no catalog and no count of hits.
 */
export class RedisRecordStore implements RecordLookup {
  readonly #connection: RedisConnection;
  readonly #prefix: string;

  constructor(connection: RedisConnection, prefix: string) {
    this.#connection = connection;
    this.#prefix = prefix;
  }

  async find(
    team: string,
    keys: readonly Digest[],
    { signal }: StoreCallOptions = {},
  ): Promise<Map<Digest, FoundRecord>> {
    const found = new Map<Digest, FoundRecord>();
    const base = this.#baseOf(team);
    const findSome = async (some: readonly Digest[]): Promise<void> => {
      const rows = (await this.#connection.run(FIND_RECORDS, base, some, signal)) as Row[];
      for (const [index, text, at, ageMs] of rows) {
        const key = some[index];
        if (key !== undefined) found.set(key, decode(text, Number(at), Number(ageMs)));
      }
    };
    const calls: (readonly Digest[])[] = [];
    for (let from = 0; from < keys.length; from += KEYS_A_CALL)
      calls.push(keys.slice(from, from + KEYS_A_CALL));
    // All at once: what is sent together waits for one round trip.
    await this.#connection.call("find records", () => Promise.all(calls.map(findSome)), signal);
    return found;
  }

  async put(record: NewCacheRecord, mode: PutMode): Promise<PutOutcome> {
    // Fields that no lookup reads are listed by name: a field that records get later is found.
    const { dagId, taskId, sourceHash, components, seal, ttlMs: _, ...found } = record;
    const rest = { dagId, taskId, sourceHash, components, seal };
    const { team, key, xcoms, error } = found;
    const returned = xcoms.find((xcom) => xcom.key === RETURN_VALUE)?.digest ?? "";
    const keepMs = keepForMs(record);
    const ttl = keepMs === null ? "" : String(Math.max(1, Math.ceil(keepMs)));
    const args = [
      requireDigest(key),
      mode,
      JSON.stringify(found),
      JSON.stringify(rest),
      error === null ? "0" : "1",
      returned,
      ttl,
    ];
    const kept = await this.#connection.call(
      "store a record",
      async () => (await this.#connection.run(PUT_RECORD, this.#baseOf(team), args)) as Buffer | null,
    );
    return kept === null ? { kind: "stored" } : { kind: "kept", resultDigest: String(kept) };
  }

  async touch(): Promise<void> {}

  #baseOf(team: string): string {
    return `${this.#prefix}:records:${teamFolderName(team)}:`;
  }
}

/** Its fields are checked by its reader, who also replaces what is no record. */
function decode(text: Buffer, createdAt: number, ageMs: number): FoundRecord {
  let value: JsonValue;
  try {
    value = readJson(text);
  } catch {
    value = null;
  }
  return { ...(value as unknown as FoundRecord), createdAt, ageMs };
}
