// Why instances did not hit, as it is kept: everything that an explanation says, from when it was decided.

import type { Digest, TaskInstanceId } from "@memodag/core";
import type { ComponentChange } from "../compare-components.ts";
import type { RecordedComponents } from "../key-components.ts";
import type { MissReason } from "../cache-lookup.ts";

/** The answer that an instance got from the cache in place of a hit, or why there was none. */
export type LookupVerdict = MissReason | "refresh" | "recheck" | "lookup_timeout" | "lookup_failure";

/** Kinds of change that make another key, in the order in which one of them is named as the reason. */
export const CHANGE_REASONS = [
  "edition_changed",
  "source_changed",
  "package_changed",
  "runtime_changed",
  "input_changed",
  "file_changed",
  "entry_changed",
  "context_changed",
  "env_changed",
  "key_changed",
  "share_changed",
  "version_changed",
] as const;

/** Why an instance that asked did not hit. */
export type DecisionReason =
  | (typeof CHANGE_REASONS)[number]
  | Exclude<LookupVerdict, "no_entry">
  | "first_run"
  | "purged";

/** A task instance by all of its names, in one run. */
export interface DecidedInstance extends TaskInstanceId {
  readonly team: string;
  readonly dagId: string;
  readonly runId: string;
  /** The run's number in the database. */
  readonly dagRunId: number;
}

/** Why an instance did not hit. It does not depend on later changes of entries and runs. */
export interface CacheDecision extends DecidedInstance {
  readonly key: Digest;
  readonly reason: DecisionReason;
  /** Details beside the reason; `null`: none. */
  readonly detail: string | null;
  /** The key whose components `changes` starts from; `null` when the reason is no change. */
  readonly comparedWith: Digest | null;
  /** The run that had that key. */
  readonly comparedRunId: string | null;
  readonly changes: readonly ComponentChange[];
  readonly components: RecordedComponents;
}

/** The listed fields of a run's decisions. */
export type RunDecision = Omit<CacheDecision, "components">;

/** A decision that is kept. */
export interface KeptDecision extends CacheDecision {
  /** Milliseconds since the Unix epoch, by the store's clock. */
  readonly decidedAt: number;
}

/** The fields that a new decision may be compared with. */
export interface EarlierKey {
  readonly key: Digest;
  readonly runId: string;
  readonly components: RecordedComponents;
}

/** Milliseconds for which decisions and tombstones of removed entries are kept: 30 days. */
export const DECISION_TTL_MS: number = 30 * 86_400_000;

/** Keeps one decision for each task instance that asked the cache and did not hit. */
export interface DecisionStore {
  /** Keeps decisions, each in place of an earlier one about its instance. */
  keep(decisions: readonly CacheDecision[]): Promise<void>;
  /** The decision about an instance of a run; undefined when there is none, or none any more. */
  find(team: string, dagRunId: number, instance: TaskInstanceId): Promise<KeptDecision | undefined>;
  /**
   * For each of `asked`, up to `limit` other keys that the same task had at the same mapIndex in other
   * runs of the same Dag of the team: latest first or, of one with `near`, those that have the most parts in
   * common with it, the latest of equals first.
   */
  listEarlier(
    asked: readonly (DecidedInstance & { readonly key: Digest; readonly near?: RecordedComponents })[],
    limit: number,
  ): Promise<EarlierKey[][]>;
  /** All decisions about a run that are kept. */
  listOfRun(team: string, dagRunId: number): Promise<RunDecision[]>;
  /** Whether the same instance of another run had the same key, and its result was stored. */
  wasStored(asked: DecidedInstance & { readonly key: Digest }): Promise<boolean>;
}
