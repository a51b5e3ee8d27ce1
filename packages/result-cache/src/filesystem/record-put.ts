// Decides what a put does to the record that is there. Doing it, undisturbed or not, is the store's matter.

import { RETURN_VALUE, type Digest } from "@memodag/core";
import { toFiledRecord, type FiledRecord } from "./record-file.ts";
import { isExpired } from "../record-matching.ts";
import type { NewCacheRecord, PutMode, PutOutcome } from "../record-store.ts";

/** The outcome of a put, and the record to write; absent: what is there stays as it is. */
export interface PutDecision {
  readonly outcome: PutOutcome;
  readonly write?: FiledRecord;
}

/** @param now milliseconds since the Unix epoch, by the store's clock */
export function decidePut(
  present: FiledRecord | undefined,
  record: NewCacheRecord,
  mode: PutMode,
  now: number,
): PutDecision {
  const isLive = present?.error === null && !isExpired(present, now);
  if (!isLive || mode === "replace") {
    return { outcome: { kind: "stored" }, write: toFiledRecord(record, now) };
  }
  const resultDigest = returnDigest(present);
  const outcome = { kind: "kept", resultDigest } as const;
  const digest = returnDigest(record);
  if (record.error !== null || digest === resultDigest) return { outcome };
  const count = (present.differing?.count ?? 0) + 1;
  const differing = { count, digest, runId: record.producer.runId, at: now };
  return { outcome, write: { ...present, differing } };
}

function returnDigest(record: Pick<FiledRecord, "xcoms">): Digest {
  return record.xcoms.find((xcom) => xcom.key === RETURN_VALUE)?.digest ?? "";
}
