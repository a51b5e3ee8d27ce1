// Maps the outcome of a store to an instance's cache status. Functions of values.

import type { CacheStatus, Reason, StoredError, TaskInstance } from "@memodag/core";
import type { LookupVerdict, MissReason, PutMode, StoreOutcome } from "@memodag/result-cache";
import type { InputChanged } from "./input-change.ts";
import { STORED_FAILURE } from "./remembered-failure.ts";

/** The statuses under which the result of a finished attempt is stored. */
const STORING: ReadonlySet<CacheStatus | null> = new Set<CacheStatus>([
  "miss",
  "skipped",
  "lookup_timeout",
  "lookup_failure",
]);

/** True when the result of an attempt at this instance is to be stored in the cache. */
export function isMeantForCache({ cacheKey, cacheStatus }: TaskInstance): boolean {
  return cacheKey !== null && STORING.has(cacheStatus);
}

/** Reasons of misses whose entry the next result replaces. */
const STALE: ReadonlySet<string> = new Set<MissReason>([
  "expired",
  "from_future",
  "result_missing",
  "integrity_failed",
  "expired_for_run",
  "unsigned",
  "signer_unknown",
  "signature_invalid",
]);

/**
 * Whether a result replaces a live entry. An entry that is too old for this reader may be live for its
 * writer: if it were kept, this reader would always miss. A failure never replaces a result that others may
 * still use.
 */
export function putMode({ cacheStatus, cacheReason }: TaskInstance, error: StoredError | null): PutMode {
  const code: string | undefined =
    cacheReason?.code === "transaction_missed" ? cacheReason.detail.what : cacheReason?.code;
  const isStale = code !== undefined && STALE.has(code);
  return error === null && (cacheStatus === "skipped" || isStale) ? "replace" : "keep-live";
}

/** The verdict that explains a miss; `undefined` if there is nothing to explain. */
export function verdictOf({ cacheStatus, cacheReason }: Partial<TaskInstance>): LookupVerdict | undefined {
  switch (cacheStatus) {
    case "miss":
      if (cacheReason?.code === "recheck") return "recheck";
      return MISS_REASONS.find((known) => known === cacheReason?.code) ?? "no_entry";
    case "skipped":
      return "refresh";
    case "lookup_timeout":
    case "lookup_failure":
      return cacheStatus;
    default:
      return undefined;
  }
}

const MISS_REASONS: readonly MissReason[] = [
  "expired",
  "from_future",
  "result_missing",
  "integrity_failed",
  "expired_for_run",
  "run_errors_off",
  "unsigned",
  "signer_unknown",
  "signature_invalid",
];

/**
 * The status of an instance after a store.
 * @param error the failure that was to be remembered; `null` for a result
 */
export function statusAfterStore(
  instance: Pick<TaskInstance, "cacheStatus" | "cacheReason">,
  error: StoredError | null,
  outcome: StoreOutcome | InputChanged,
): { cacheStatus: CacheStatus; cacheReason: Reason | null } {
  switch (outcome.kind) {
    case "stored":
    case "kept": {
      const { cacheStatus } = instance;
      if (outcome.kind === "kept" && error === null && isRecheck(instance))
        return { cacheStatus: "miss", cacheReason: instance.cacheReason };
      const isKept = outcome.kind === "kept";
      const cacheReason = error && !isKept ? STORED_FAILURE : instance.cacheReason;
      // Only a miss becomes `populated`. A refresh, a late lookup and a failed lookup keep their status, and
      // so does a failure that did not replace a result.
      const isPopulated = cacheStatus === "miss" && !(error && isKept);
      return { cacheStatus: isPopulated ? "populated" : (cacheStatus ?? "miss"), cacheReason };
    }
    case "differs":
      return {
        cacheStatus: "miss",
        cacheReason: {
          code: isRecheck(instance) ? "recheck_differs" : "nondeterministic",
          detail: { storedDigest: outcome.storedDigest.slice(0, 12) },
        },
      };
    case "input_changed":
      return { cacheStatus: "uncacheable", cacheReason: outcome.reason };
    case "too_large":
      return {
        cacheStatus: "uncacheable",
        cacheReason: {
          code: "result_too_large",
          detail: { sizeBytes: outcome.sizeBytes, limitBytes: outcome.limitBytes },
        },
      };
    case "entries_not_kept":
      return { cacheStatus: "uncacheable", cacheReason: { code: "entries_not_kept" } };
    case "lease_lost":
      return { cacheStatus: "uncacheable", cacheReason: { code: "lease_lost" } };
    case "unwaited": {
      const { cacheStatus, cacheReason } = instance;
      if (cacheStatus !== null && cacheStatus !== "miss") return { cacheStatus, cacheReason };
      return { cacheStatus: "put_failure", cacheReason: storeFailed(outcome.message) };
    }
    case "failed":
      return { cacheStatus: "put_failure", cacheReason: storeFailed(outcome.message) };
  }
}

/** True for an instance that ran although there was a result. */
export function isRecheck({
  cacheStatus,
  cacheReason,
}: Pick<TaskInstance, "cacheStatus" | "cacheReason">): boolean {
  return cacheStatus === "miss" && cacheReason?.code === "recheck";
}

/** The reason of a result that could not be stored. */
export function storeFailed(what: string): Reason {
  return { code: "store_failed", detail: { what } };
}
