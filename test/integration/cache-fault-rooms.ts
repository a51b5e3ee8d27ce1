// Faults that a cache may have, as tables of what its stores do and what tasks then are.

import { sha256, type CacheStatus } from "@memodag/core";
import type { FoundRecord, PutOutcome, RecordStore, ResultStore } from "@memodag/result-cache";

/** Milliseconds that a lookup or a store may take where it never ends. */
export const DEADLINE_MS = 100;

/** What never answers. */
export const never = (): Promise<never> => new Promise<never>(() => {});
/** What throws. */
export const refuse = async (): Promise<never> => {
  throw new Error("connection refused");
};

/** A fault of a cache. A run has filled the cache before, unless it is `cold`. */
export interface Room {
  readonly cold?: true;
  readonly faults?: {
    readonly records?: (real: RecordStore) => Partial<RecordStore>;
    readonly results?: (real: ResultStore) => Partial<ResultStore>;
  };
  /** SQL of what has happened to the cache's database. */
  readonly damage?: string;
  readonly deadlineMs?: number;
  /** What the tasks may be. */
  readonly statuses: readonly CacheStatus[];
  /** Instances for which a lookup's deadline was waited for. Default 0. */
  readonly deadlines?: number;
}

/** A record store that answers with what `change` makes of its records. */
const answering = (change: (record: FoundRecord) => unknown): Room => ({
  faults: {
    records: (real) => ({
      find: async (...call) =>
        new Map(
          Array.from(await real.find(...call), ([key, record]) => [key, change(record) as FoundRecord]),
        ),
    }),
  },
  statuses: ["populated"],
});

const answeringAll = (answer: unknown): Room => ({
  faults: { records: () => ({ find: async () => answer as Map<string, FoundRecord> }) },
  statuses: ["lookup_failure"],
});

/** A result store that answers with what `change` makes of its bytes. */
const giving = (change: (bytes: Uint8Array) => unknown): Room => ({
  faults: {
    results: (real) => ({
      read: async (...call) =>
        new Map(Array.from(await real.read(...call), ([key, bytes]) => [key, change(bytes) as Uint8Array])),
    }),
  },
  statuses: ["populated"],
});

const without = (name: keyof FoundRecord): Room =>
  answering((record) => ({ ...record, components: {}, [name]: undefined }));

const LATE = { statuses: ["lookup_timeout", "lookup_failure", "put_failure"], deadlines: 1 } as const;
/** Bytes of another team, `finance`. */
export const OTHERS = { digest: sha256("1"), bytes: Buffer.from("1") };

/** Faults, by what the cache does. */
export const ROOMS: Readonly<Record<string, Room>> = {
  "never answers": {
    faults: {
      records: () => ({ find: never, put: never, touch: never, purge: never }),
      results: () => ({ read: never, write: never, delete: never }),
    },
    deadlineMs: DEADLINE_MS,
    ...LATE,
  },
  "never answers a lookup": {
    faults: { records: () => ({ find: never }) },
    deadlineMs: DEADLINE_MS,
    ...LATE,
  },
  "never gives the bytes": {
    faults: { results: () => ({ read: never }) },
    deadlineMs: DEADLINE_MS,
    ...LATE,
  },
  "never takes a record": {
    cold: true,
    faults: { records: () => ({ put: never }) },
    deadlineMs: DEADLINE_MS,
    statuses: ["put_failure"],
  },
  "throws on lookup": { faults: { records: () => ({ find: refuse }) }, statuses: ["lookup_failure"] },
  "throws where the bytes are read": {
    faults: { results: () => ({ read: refuse }) },
    statuses: ["lookup_failure"],
  },
  "throws on storing bytes": {
    cold: true,
    faults: { results: () => ({ write: refuse }) },
    statuses: ["put_failure"],
  },
  "throws on storing records": {
    cold: true,
    faults: { records: () => ({ put: refuse }) },
    statuses: ["put_failure"],
  },
  "does not say whether it stored": {
    cold: true,
    faults: { records: () => ({ put: async () => undefined as unknown as PutOutcome }) },
    statuses: ["put_failure"],
  },
  "answers with nothing": answeringAll(undefined),
  "answers with an array": answeringAll([["key", {}]]),
  "answers with a text": answeringAll("<html>502 Bad Gateway</html>"),
  "answers with null for a record": answering(() => null),
  "answers with a text for a record": answering((record) => JSON.stringify(record)),
  "answers with a record of another key": answering((record) => ({ ...record, key: sha256("other") })),
  "answers with a record of another team": answering((record) => ({ ...record, team: "finance" })),
  "answers without the XComs": without("xcoms"),
  "answers without the producer": without("producer"),
  "answers without the failure that is none": without("error"),
  "answers without the age": without("ageMs"),
  "answers with an age that is no number": answering((record) => ({ ...record, ageMs: Number.NaN })),
  "answers with a duration that is no number": answering((record) => ({
    ...record,
    durationMs: Number.NaN,
  })),
  "answers with a failure that is none": answering((record) => ({ ...record, error: {} })),
  "answers with sizes as texts": answering((record) => ({
    ...record,
    xcoms: record.xcoms.map((xcom) => ({ ...xcom, sizeBytes: String(xcom.sizeBytes) })),
  })),
  "answers with nothing for bytes": {
    faults: { results: () => ({ read: async () => undefined as unknown as Map<string, Uint8Array> }) },
    statuses: ["lookup_failure"],
  },
  "gives the bytes as a text": giving((bytes) => Buffer.from(bytes).toString()),
  "gives the bytes as numbers": giving((bytes) => [...bytes]),
  "gives null for bytes": giving(() => null),
  "gives half of the bytes": giving((bytes) => bytes.subarray(1)),
  "gives other bytes": giving(() => OTHERS.bytes),
  "has lost the bytes": { damage: "delete from result", statuses: ["populated"] },
  "has a record that names another team's bytes": {
    damage:
      `update cache_record set xcoms = '[{"key":"return_value","digest":"${OTHERS.digest}","sizeBytes":1}]' ` +
      `where team = 'default'`,
    statuses: ["populated"],
  },
};
