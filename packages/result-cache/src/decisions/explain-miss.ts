// From what a lookup said, and what is known of earlier keys, to the reason of a miss. A function of values.

import type { Digest, TaskSourceRecord } from "@memodag/core";
import { compareComponents, type ComponentChange } from "../compare-components.ts";
import type { RecordedComponents } from "../key-components.ts";
import type { RemovalCause } from "../record-store.ts";
import {
  CHANGE_REASONS,
  type CacheDecision,
  type DecisionReason,
  type EarlierKey,
  type LookupVerdict,
} from "./decision-store.ts";

/** The facts that explain a miss. */
export interface MissEvidence {
  readonly verdict: LookupVerdict;
  readonly components: RecordedComponents;
  /** How the key lost its entry; `undefined` when it had none, as far as is known. */
  readonly removal: RemovalCause | "untold" | undefined;
  /** Other keys of the same instance, latest first. */
  readonly earlier: readonly EarlierKey[];
  /** Components of source hashes, as far as they are known. */
  readonly sources: ReadonlyMap<Digest, TaskSourceRecord>;
}

/** The part of a decision that an explanation is. */
export type MissExplanation = Pick<
  CacheDecision,
  "reason" | "detail" | "comparedWith" | "comparedRunId" | "changes"
>;

const REMOVED = {
  purged: { reason: "purged", detail: null },
  evicted: { reason: "purged", detail: "it was removed to keep the cache under [task_cache] max_size" },
  expired: { reason: "expired", detail: "it had expired and was collected" },
  rolled_back: { reason: "purged", detail: "the transaction that was to replace it was rolled back" },
  rechecked: { reason: "purged", detail: "a recheck returned other bytes, so it was removed" },
  untold: { reason: "purged", detail: "it is gone, and this cache does not tell how" },
  result_missing: { reason: "result_missing", detail: "its bytes were gone, so it was removed" },
  integrity_failed: {
    reason: "integrity_failed",
    detail: "its bytes were not what they had been, so it was removed",
  },
} as const satisfies Record<RemovalCause | "untold", Pick<MissExplanation, "reason" | "detail">>;

/** Explains a miss. The removal of the key itself explains more than the components of other keys. */
export function explainMiss(evidence: MissEvidence): MissExplanation {
  const { verdict, components, removal, earlier, sources } = evidence;
  if (verdict !== "no_entry") return plain(verdict);
  if (removal !== undefined) return { ...plain(REMOVED[removal].reason), ...REMOVED[removal] };
  const nearest = nearestKey(components, earlier);
  if (!nearest) return plain("first_run");
  const changes = compareComponents(
    { components: nearest.components, source: sources.get(nearest.components.source) },
    { components, source: sources.get(components.source) },
  );
  return {
    reason: reasonOf(changes),
    detail: null,
    comparedWith: nearest.key,
    comparedRunId: nearest.runId,
    changes,
  };
}

/** The key that differs in the fewest places; of several, the latest. */
function nearestKey(components: RecordedComponents, earlier: readonly EarlierKey[]): EarlierKey | undefined {
  let nearest: { readonly key: EarlierKey; readonly distance: number } | undefined;
  for (const key of earlier) {
    // Without sources: a source hash that differs is one place, however many of its parts do.
    const distance = compareComponents(
      { components: key.components, source: undefined },
      { components, source: undefined },
    ).length;
    if (!nearest || distance < nearest.distance) nearest = { key, distance };
  }
  return nearest?.key;
}

function reasonOf(changes: readonly ComponentChange[]): DecisionReason {
  const kinds = new Set<string>(changes.map(({ kind }) => `${kind}_changed`));
  return CHANGE_REASONS.find((reason) => kinds.has(reason)) ?? "first_run";
}

function plain(reason: DecisionReason): MissExplanation {
  return { reason, detail: null, comparedWith: null, comparedRunId: null, changes: [] };
}
