// Schemas of the operations on what the cache has.

import { RECORD_SORTS, type CacheRecord, type ComponentChange } from "@memodag/result-cache";
import * as z from "zod";
import type { CacheHealth } from "../cache/cache-health.ts";
import type { CacheStats } from "../cache/cache-stats.ts";
import type { Collected, PlannedCollection } from "../cache/collect.ts";
import type { DiffRecordsInput } from "../cache/diff-records.ts";
import type { ListRecordsInput, RecordListing } from "../cache/list-records.ts";
import type { MissReason, MissReasonsInput } from "../cache/miss-reasons.ts";
import type { Purged, PurgeInput, PurgePlan } from "../cache/purge.ts";
import type { RecordReport } from "../cache/record-report.ts";
import type { CacheSelection } from "../cache/selection.ts";
import type { RecordName, ShownRecord } from "../cache/show-record.ts";
import type { SwitchCacheInput, SwitchedCache, SwitchTurnReport } from "../cache/switch-cache.ts";
import type { VerifyReport } from "../cache/verify.ts";
import {
  count,
  digest,
  everyOf,
  json,
  keyDigits,
  mapIndex,
  missed,
  name,
  pageChoice,
  producer,
  size,
  storedError,
  text,
  time,
} from "./values.ts";

const selection = {
  scope: name.optional(),
  team: name.optional(),
  dagId: name.optional(),
  taskId: name.optional(),
  run: name.optional(),
  key: keyDigits.optional(),
  sourceHash: keyDigits.optional(),
  olderThanMs: size.optional(),
  expired: z.boolean().optional(),
};
export const selectionInput: z.ZodType<CacheSelection> = z.strictObject(selection);
export const listRecordsInput: z.ZodType<ListRecordsInput> = z.strictObject({
  ...selection,
  ...pageChoice,
  offset: count.optional(),
  sort: z.enum(RECORD_SORTS).optional(),
  ascending: z.boolean().optional(),
});
export const purgeInput: z.ZodType<PurgeInput> = z.strictObject({
  ...selection,
  all: z.boolean().optional(),
});
export const recordInput: z.ZodType<RecordName> = z.strictObject({
  key: keyDigits,
  team: name.optional(),
  scope: name.optional(),
});
export const diffInput: z.ZodType<DiffRecordsInput> = z.strictObject({
  before: keyDigits,
  after: keyDigits,
  team: name.optional(),
});
export const switchInput: z.ZodType<SwitchCacheInput> = z.strictObject({
  isEnabled: z.boolean(),
  reason: text.optional(),
});
export const verifyInput: z.ZodType<{ repair?: boolean | undefined }> = z.strictObject({
  repair: z.boolean().optional(),
});

const record = {
  key: digest,
  store: z.exactOptional(text),
  team: name,
  scope: name,
  dagId: name,
  taskId: name,
  sourceHash: text,
  resultDigest: digest.nullable(),
  sizeBytes: count,
  createdAt: time,
  expiresAt: time.nullable(),
  lastHitAt: time.nullable(),
  hitCount: count,
  durationMs: size,
  producer,
  ageMs: z.number(),
  savedMs: size,
  signature: z.enum(["valid", "invalid", "unknown_key", "none"]),
};
const recordReport: z.ZodType<RecordReport> = z.strictObject(record);
export const recordPage: z.ZodType<RecordListing> = z.strictObject({
  items: z.array(recordReport),
  next: z.string().nullable(),
  missed,
});

const digests = z.record(text, text);
const components: z.ZodType<CacheRecord["components"]> = z.strictObject({
  v: count,
  team: name,
  dag: name,
  task: name,
  source: text,
  runtime: z.exactOptional(digests),
  inputs: digests,
  context: digests,
  env: digests,
  version: text.nullable(),
  files: z.exactOptional(digests),
  shown: z.exactOptional(digests),
  shownFiles: z.exactOptional(digests),
  entries: z.exactOptional(digests),
  shownEntries: z.exactOptional(digests),
  shownFields: z.exactOptional(digests),
  share: z.exactOptional(text),
  key: z.exactOptional(digest),
  keySource: z.exactOptional(digest),
});
export const shownRecord: z.ZodType<ShownRecord> = z.strictObject({
  ...record,
  nondeterministicCount: count,
  lastDiffering: z.strictObject({ resultDigest: digest, runId: name, at: time }).nullable(),
  components,
  values: z.record(text, json),
  error: storedError.nullable(),
  attestation: z.exactOptional(
    z.strictObject({
      payloadType: text,
      payload: z.base64(),
      signatures: z.array(z.strictObject({ keyid: text, sig: z.base64() })),
    }),
  ),
});

const change: z.ZodType<ComponentChange> = z.strictObject({
  kind: everyOf<ComponentChange["kind"]>()([
    "edition",
    "team",
    "dag",
    "task",
    "runtime",
    "input",
    "file",
    "entry",
    "context",
    "env",
    "share",
    "key",
    "version",
    "source",
    "package",
  ]),
  path: text,
  before: text.nullable(),
  after: text.nullable(),
});
export const changes: z.ZodType<ComponentChange[]> = z.array(change);

const health = {
  offReason: text.nullable(),
  breakers: z.array(
    z.strictObject({
      scheduler: name,
      state: z.enum(["open", "half_open"]),
      since: time,
      error: text.nullable(),
    }),
  ),
};
export const cacheHealthReport: z.ZodType<CacheHealth> = z.strictObject(health);

const taskName = { team: name, dagId: name, taskId: name };
const sums = {
  entries: count,
  sizeBytes: count,
  hits: count,
  misses: count,
  unusable: count,
  populated: count,
  refreshes: count,
  uncacheable: count,
  storedBytes: count,
  savedMs: size,
  lookups: count,
  lookupMaxMs: size,
  lookupTimeouts: count,
  lookupFailures: count,
  putFailures: count,
  nondeterministic: count,
  hitRate: z.number().min(0).max(1).nullable(),
  lookupAvgMs: size.nullable(),
};
export const cacheStatsReport: z.ZodType<CacheStats & CacheHealth> = z.strictObject({
  ...sums,
  tasks: z.array(z.strictObject({ ...taskName, ...sums })),
  stores: z.exactOptional(
    z.array(z.strictObject({ store: text.nullable(), entries: count, sizeBytes: count })),
  ),
  recheckFaults: z.exactOptional(
    z.array(
      z.strictObject({
        ...taskName,
        differences: count,
        lastRunId: name,
        lastAt: time.nullable(),
        leftOut: z.array(text),
      }),
    ),
  ),
  missed,
  ...health,
});

export const purged: z.ZodType<Purged> = z.strictObject({ deleted: count, missed });
export const purgePlan: z.ZodType<PurgePlan> = z.strictObject({
  deleted: z.literal(0),
  wouldDelete: count,
  sizeBytes: count,
  tasks: z.array(z.strictObject({ ...taskName, entries: count, sizeBytes: count })),
  entries: z.array(recordReport),
  missed,
});

const amount = z.strictObject({ count, sizeBytes: count });
const amounts = {
  expired: amount,
  evicted: amount,
  bytes: amount,
  superseded: amount,
  explanations: amount,
  entries: amount,
};
export const collected: z.ZodType<Collected> = z.strictObject({ dryRun: z.literal(false), ...amounts });
export const plannedCollection: z.ZodType<PlannedCollection> = z.strictObject({
  dryRun: z.literal(true),
  ...amounts,
  items: z.array(
    z.strictObject({
      kind: z.enum(["expired", "evicted", "bytes"]),
      team: name,
      name: digest,
      dagId: name.nullable(),
      taskId: name.nullable(),
      sizeBytes: count,
      ageMs: z.number(),
    }),
  ),
});

export const verifyReport: z.ZodType<VerifyReport> = z.strictObject({
  ok: z.boolean(),
  repaired: z.boolean(),
  checked: z.strictObject({ records: count, results: count, sizeBytes: count }),
  seals: z.strictObject({ right: count, wrong: count, none: count, foreign: count }),
  badRecords: z.array(
    z.strictObject({
      ...taskName,
      key: digest,
      createdAt: z.number(),
      problem: z.enum(["result_missing", "integrity_failed", "seal_wrong"]),
    }),
  ),
  damaged: z.array(z.strictObject({ team: name, digest, sizeBytes: count, isShown: z.boolean() })),
  orphans: z.array(
    z.strictObject({ team: name, digest, sizeBytes: count, ageMs: z.number(), isShown: z.boolean() }),
  ),
  entries: z.strictObject({
    checked: count,
    sizeBytes: count,
    bad: z.array(
      z.strictObject({
        team: name,
        store: text,
        digest,
        sizeBytes: count,
        problem: z.enum(["missing", "damaged", "unreadable"]),
        error: text.nullable(),
        entries: z.array(z.strictObject({ cache: text, key: text })),
        records: count,
      }),
    ),
  }),
  missed,
});

export const switchedCache: z.ZodType<SwitchedCache> = z.strictObject({
  isEnabled: z.boolean(),
  reason: text.nullable(),
  changedBy: name,
  changedAt: time.nullable(),
  otherOffReason: text.nullable(),
});
export const switchTurns: z.ZodType<SwitchTurnReport[]> = z.array(
  z.strictObject({ isEnabled: z.boolean(), reason: text.nullable(), changedBy: text, changedAt: time }),
);

export const missReasonsInput: z.ZodType<MissReasonsInput> = z.strictObject({
  team: name.optional(),
  days: z.int().min(1).max(366).optional(),
  limit: z.int().min(1).max(1_000).optional(),
});
export const missReasons: z.ZodType<MissReason[]> = z.array(
  z.strictObject({
    ...taskName,
    reason: text,
    count,
    last: z.strictObject({
      runId: name,
      mapIndex,
      at: time,
      changed: z.array(z.strictObject({ kind: text, path: text })),
    }),
  }),
);
