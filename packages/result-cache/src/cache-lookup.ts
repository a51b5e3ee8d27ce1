// Answers of the cache. Expected outcomes are values; a throw is a bug.

import type { Digest, RunCacheLimits, StoredError } from "@memodag/core";
import type { FoundRecord, RecordedXCom } from "./record-store.ts";
import type { SignatureRefusal } from "./signature-checks.ts";

/** The lookup of one task instance. */
export interface CacheAsk {
  readonly key: Digest;
  /** How old an answer may be, in milliseconds, by the store's clock; `null`: any age. */
  readonly ttlMs: number | null;
  /** How old a remembered failure may be, likewise; without it or with `null` none is taken. */
  readonly errorsTtlMs?: number | null;
  /** Those of the run that asks; absent: it has none. */
  readonly limits?: RunCacheLimits | undefined;
}

/**
 * An XCom of a hit; its bytes have been read and have the recorded size and digest. `store` is absent where runs may
 * not refer to the store that has them, since it may forget.
 */
export interface HitXCom extends RecordedXCom {
  readonly bytes: Uint8Array;
}

/** A record that may stand in for a run of the task. */
export interface CacheHit {
  readonly record: FoundRecord;
  readonly xcoms: readonly HitXCom[];
}

/** Why a key did not hit. */
export type MissReason =
  | "no_entry"
  | "expired"
  | "from_future"
  | "result_missing"
  | "integrity_failed"
  | "expired_for_run"
  | "run_errors_off"
  | SignatureRefusal;

/** The answer for one key. A `failure` stands in for a run of the task as a hit does. */
export type CacheAnswer =
  | { readonly kind: "hit"; readonly hit: CacheHit }
  | { readonly kind: "failure"; readonly record: FoundRecord; readonly error: StoredError }
  | { readonly kind: "miss"; readonly reason: MissReason };

/** The answers for the keys of a call; of a call for many, those that came in time. */
export type LookupOutcome =
  | {
      readonly kind: "answered";
      readonly answers: ReadonlyMap<Digest, CacheAnswer>;
      /** Why keys are missing among the answers; absent: none is. */
      readonly unanswered?: Exclude<LookupOutcome, { kind: "answered" }>;
      /** Keys are missing because the results of the others are as many bytes as were wanted. */
      readonly isPartial?: true;
    }
  | { readonly kind: "timeout" }
  | { readonly kind: "failed"; readonly message: string };

/**
 * Where the values of a result that is to be remembered are. `kept`: in the result store, under that name.
 * `not_here`: that is not a store to refer to, or not for this result. `failed`: it did not take them, or not in time.
 */
export type PlaceOutcome =
  | { readonly kind: "kept"; readonly store: string }
  | { readonly kind: "not_here" }
  | { readonly kind: "failed"; readonly message: string };

/** The outcome of storing results together. `failed`: some of them may have been stored, and are kept if it is repeated. */
export type StoreAllOutcome =
  | { readonly kind: "answered"; readonly outcomes: readonly StoreOutcome[] }
  | { readonly kind: "failed"; readonly message: string };

/** The outcome of storing a result. */
export type StoreOutcome =
  | { readonly kind: "stored" }
  /** A live result of the same bytes is there, or any live one where a failure was to be stored. */
  | { readonly kind: "kept" }
  /** A live entry of other bytes is there: the task is not deterministic. The entry stays. */
  | { readonly kind: "differs"; readonly storedDigest: Digest }
  | { readonly kind: "too_large"; readonly sizeBytes: number; readonly limitBytes: number }
  /** The task saved entries, which the record store does not keep. */
  | { readonly kind: "entries_not_kept" }
  /** The lease under which the result was made is not held any more: nothing was stored. */
  | { readonly kind: "lease_lost" }
  /** It may still be stored: the cache was late, and its answer is not awaited. */
  | { readonly kind: "unwaited"; readonly message: string }
  | { readonly kind: "failed"; readonly message: string };
