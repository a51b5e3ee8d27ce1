// Why a task instance hit or not, in the shape that `cache explain --json` prints. A function of values.

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
  /** `null` when it was not asked, or when the decision is not kept any more. */
  readonly reason: ExplanationReason | null;
  readonly key: string | null;
  /** The key that `changes` starts from. */
  readonly comparedWith: string | null;
  readonly changes: readonly ComponentChange[];
  /** What there is to say beside the reason. */
  readonly detail: string | null;
  /** The reason that the instance has itself, which says why nothing was stored where that is so. */
  readonly cacheReasonCode: ReasonCode | null;
  readonly cacheReasonDetail: JsonObject | null;
  /** The run that had the key of `comparedWith`. */
  readonly comparedRunId: string | null;
  /** Where the result of a hit came from. */
  readonly producer: Producer | null;
}

/** What became of the result of an instance that did not hit, where that says more than the reason. */
type Told = Pick<Explanation, "reason" | "detail">;

/**
 * Explains an instance from its row, and from what was decided when it missed.
 * @param decision of that run's instance; undefined when there is none
 */
export function explainInstance(instance: TaskInstance, decision: RunDecision | undefined): Explanation {
  const { cacheStatus: status, cacheKey: key, producer } = instance;
  // One about another key is of before the instance was cleared.
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
      return { reason: own?.reason ?? rowReason(cacheReason), detail: own?.detail ?? afterMiss(cacheReason) };
  }
}

/** What an instance's row says by itself of why it missed. */
function rowReason(cacheReason: Reason | null): ExplanationReason | null {
  switch (cacheReason?.code) {
    case "expired":
    case "from_future":
    case "result_missing":
    case "integrity_failed":
      return cacheReason.code;
    default:
      return null;
  }
}

/** What an instance's row says of the result, once the reason of the miss is told. */
function afterMiss(cacheReason: Reason | null): string | null {
  if (cacheReason === null || cacheReason.code === "no_entry" || rowReason(cacheReason)) return null;
  return reasonSentence(cacheReason);
}
