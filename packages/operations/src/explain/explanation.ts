// Explains why a task instance hit or missed, in the form that `cache explain --json` prints. A function of
// values.

import {
  reasonSentence,
  reportReason,
  type CacheStatus,
  type JsonObject,
  type Producer,
  type Reason,
  type ReasonCode,
  type TaskInstance,
} from "@memodag/core";
import type { ComponentChange, DecisionReason, RunDecision } from "@memodag/result-cache";

/** Why a task instance hit, or did not. */
export type ExplanationReason = "hit" | "disabled" | "uncacheable" | DecisionReason;

/** An explanation. */
export interface Explanation {
  /** `null`: the cache was not asked about it. */
  readonly status: CacheStatus | null;
  /** `null` when the cache was not asked, or when the decision is no longer kept. */
  readonly reason: ExplanationReason | null;
  readonly key: string | null;
  /** The key that `changes` are relative to. */
  readonly comparedWith: string | null;
  readonly changes: readonly ComponentChange[];
  /** Details besides the reason. */
  readonly detail: string | null;
  /** The instance's own reason, such as why nothing was stored. */
  readonly cacheReasonCode: ReasonCode | null;
  readonly cacheReasonDetail: JsonObject | null;
  /** The run that had the key of `comparedWith`. */
  readonly comparedRunId: string | null;
  /** The producer of a hit's result. */
  readonly producer: Producer | null;
}

/** The outcome of storing the result of an instance that did not hit, if it adds to the reason. */
type Told = Pick<Explanation, "reason" | "detail">;

/**
 * Explains an instance from its row and the recorded decision about its miss.
 * @param decision of that run's instance; undefined when there is none
 */
export function explainInstance(instance: TaskInstance, decision: RunDecision | undefined): Explanation {
  const { cacheStatus: status, cacheKey: key, producer } = instance;
  // A decision about another key dates from before the instance was cleared.
  const own = decision && decision.key === key ? decision : undefined;
  const told = tell(instance, own);
  const { cacheReasonCode, cacheReasonDetail } = reportReason(instance.cacheReason);
  const isCompared = own !== undefined && told.reason === own.reason;
  return {
    status,
    reason: told.reason,
    key,
    comparedWith: isCompared ? own.comparedWith : null,
    changes: isCompared ? own.changes : [],
    detail: told.detail,
    cacheReasonCode,
    cacheReasonDetail,
    comparedRunId: isCompared ? own.comparedRunId : null,
    producer: status === "hit" ? producer : null,
  };
}

function tell({ cacheStatus, cacheReason, state }: TaskInstance, own: RunDecision | undefined): Told {
  const sentence = cacheReason && reasonSentence(cacheReason);
  switch (cacheStatus) {
    case null:
      return { reason: null, detail: `it is ${state}` };
    case "hit":
      return { reason: "hit", detail: sentence };
    case "disabled":
    case "uncacheable":
    case "lookup_timeout":
    case "lookup_failure":
      return { reason: cacheStatus, detail: sentence };
    case "skipped":
      return { reason: "refresh", detail: sentence };
    case "miss":
    case "populated":
    case "put_failure":
    case "staged":
    case "rolled_back":
      return { reason: own?.reason ?? rowReason(cacheReason), detail: own?.detail ?? afterMiss(cacheReason) };
  }
}

/** The reason of a miss, according to the instance's row alone. */
function rowReason(cacheReason: Reason | null): ExplanationReason | null {
  switch (missCode(cacheReason)) {
    case "expired":
    case "from_future":
    case "result_missing":
    case "integrity_failed":
    case "expired_for_run":
    case "run_errors_off":
    case "unsigned":
    case "signer_unknown":
    case "signature_invalid":
      return missCode(cacheReason) as ExplanationReason;
    default:
      return null;
  }
}

/** The code of a miss, also of the record of a transaction. */
function missCode(cacheReason: Reason | null): string | undefined {
  return cacheReason?.code === "transaction_missed" ? cacheReason.detail.what : cacheReason?.code;
}

/** Returns what the instance's row adds about the result, besides the reason of the miss. */
function afterMiss(cacheReason: Reason | null): string | null {
  if (cacheReason === null || missCode(cacheReason) === "no_entry" || rowReason(cacheReason)) return null;
  return reasonSentence(cacheReason);
}
