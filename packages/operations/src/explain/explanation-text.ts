// Formats an explanation for people: a one-line verdict, and advice if there is any.

import { formatDuration, type CacheStorage } from "@memodag/core";
import type { Cause } from "./causes.ts";
import type { Explanation } from "./explanation.ts";
import { causeText } from "./causes-text.ts";
import { whatChanged } from "./changed-thing.ts";
import { adviceFor } from "./undeclared-advice.ts";

/** An explanation with its context. */
export interface ExplainedInstance {
  /** Such as `train[3]`. */
  readonly name: string;
  readonly runId: string;
  readonly explanation: Explanation;
  /** Milliseconds that a hit saved. */
  readonly savedMs: number | null;
  /** The upstream task that caused it, if any. */
  readonly cause?: Cause | null;
  /** Changed inputs that are not results of upstream tasks; absent: all changed inputs. */
  readonly ownInputs?: readonly string[];
  /** Milliseconds since its run was created. */
  readonly ageMs: number;
  /** Milliseconds for which explanations are kept; `null`: without limit. */
  readonly keptMs: number | null;
  /** The age of a hit's entry in milliseconds; `null` when it no longer exists. */
  readonly entryAgeMs: number | null;
  /** The stores that the task names, if any. */
  readonly storage?: CacheStorage | undefined;
}

/** An explanation in sentences. */
export interface ExplanationText {
  /** One line: hit or miss, and why. */
  readonly verdict: string;
  /** Advice; `null` when there is nothing to add to the verdict. */
  readonly advice: string | null;
}

/** The sentences of an explanation; its changes are printed in a separate table. */
export function explanationText(instance: ExplainedInstance): ExplanationText {
  return { verdict: verdictOf(instance) + storageText(instance.storage), advice: adviceOf(instance) };
}

function storageText({ keyStorage, resultStorage }: CacheStorage = {}): string {
  const parts = [
    ...(keyStorage === undefined ? [] : [`records in "${keyStorage}"`]),
    ...(resultStorage === undefined ? [] : [`results in "${resultStorage}"`]),
  ];
  return parts.length === 0 ? "" : ` The task keeps ${parts.join(" and ")}.`;
}

function verdictOf(instance: ExplainedInstance): string {
  const { name, explanation } = instance;
  const { status, reason, detail, comparedRunId, changes } = explanation;
  const because = detail === null ? "" : `: ${detail}`;
  const cause = instance.cause ? `, because ${causeText(instance.cause)}` : "";
  switch (reason) {
    case "hit":
      return hitVerdict(instance);
    case "first_run":
      return `${name} missed: it has no earlier result${because}.`;
    case "edition_changed":
      return `${name} missed: the key edition changed since ${comparedRunId}${editionsOf(changes)}${because}.`;
    case "source_changed":
    case "runtime_changed":
    case "file_changed":
    case "package_changed":
    case "input_changed":
    case "entry_changed":
    case "context_changed":
    case "env_changed":
    case "key_changed":
    case "share_changed":
    case "version_changed": {
      const [change, ...others] = changes;
      const what =
        change === undefined || others.length > 0 ? `${changes.length} things changed` : whatChanged(change);
      return `${name} missed: ${what} since run ${comparedRunId}${cause}${because}.`;
    }
    case "from_future":
      return `${name} missed: the creation time of its entry is in the future by the cache's clock${because}.`;
    case "expired":
      return `${name} missed: its entry was older than its ttl${because}.`;
    case "expired_for_run":
      return `${name} missed: its entry was older than the --cache-ttl of its run${because}.`;
    case "run_errors_off":
      return `${name} missed: its entry is a failure, and its run was started with --no-cached-errors${because}.`;
    case "unsigned":
      return `${name} missed: its entry has no signature, and [signatures] mode is strict${because}.`;
    case "signer_unknown":
      return `${name} missed: its entry is signed with a key that [signatures] public_keys does not have${because}.`;
    case "signature_invalid":
      return `${name} missed: its entry is not as it was signed${because}.`;
    case "purged":
      return `${name} missed: its entry had been removed${detail === null ? " by a purge" : because}.`;
    case "result_missing":
      return `${name} missed: the bytes of its entry were missing${because}.`;
    case "integrity_failed":
      return `${name} missed: the bytes of its entry were damaged${because}.`;
    case "refresh":
      return `${name} did not ask the cache, because a refresh was requested${because}.`;
    case "recheck":
      return `${name} ran although there was a result, to compare its own with it${because}.`;
    case "disabled":
      return `${name} did not ask the cache${because}.`;
    case "uncacheable":
      return `${name} was not cached${because}.`;
    case "lookup_timeout":
      return `${name} ran: the cache did not answer in time${because}.`;
    case "lookup_failure":
      return `${name} ran: the cache failed${because}.`;
    case null:
      return status === null
        ? `The cache has not been asked about ${name}${because}.`
        : `${name} missed, and its explanation is not kept${isOutlived(instance) ? " any more: it is older than [retention] explanations" : ": explanations are dropped when more misses arrive at once than can be explained, and where they cannot be written"}${because}.`;
  }
}

/** If the explanation of a younger run is missing, it was never written. */
function isOutlived({ ageMs, keptMs }: ExplainedInstance): boolean {
  return keptMs !== null && ageMs >= keptMs;
}

function editionsOf(changes: Explanation["changes"]): string {
  const edition = changes.find(({ kind }) => kind === "edition");
  return edition ? ` (key edition ${edition.before} → ${edition.after})` : "";
}

function hitVerdict({ name, explanation, savedMs, entryAgeMs }: ExplainedInstance): string {
  const { producer, cacheReasonCode, cacheReasonDetail } = explanation;
  const scope = cacheReasonCode === "of_scope" ? `, in scope ${String(cacheReasonDetail?.["what"])}` : "";
  const from = producer === null ? "an earlier run" : `run ${producer.runId}, attempt ${producer.tryNumber}`;
  const age = entryAgeMs === null ? "" : `, ${formatDuration(entryAgeMs)} ago`;
  const took = savedMs === null ? "" : `, which took ${formatDuration(savedMs)}`;
  return cacheReasonCode !== "stored_failure"
    ? `${name} was a hit: its result is that of ${from}${scope}${age}${took}.`
    : `${name} was a hit: it repeats the failure of ${from}${age}${took}.`;
}

/** Advice on what can be done, if the verdict does not already say it. */
function adviceOf({ explanation, ownInputs }: ExplainedInstance): string | null {
  const { reason } = explanation;
  // Results of upstream tasks must not be suggested for exclusion: it would cause wrong hits.
  const changes = explanation.changes.filter(
    ({ kind, path }) => kind !== "input" || !ownInputs || ownInputs.includes(path),
  );
  switch (reason) {
    case "input_changed":
      if (!changes.some(({ kind }) => kind === "input")) return null;
      return exclusion(changes, "input", (names) => `write cache: { excludeInputs: [${names}] }`);
    case "context_changed":
      return exclusion(changes, "context", (names) => `take ${names} out of includeInputs`);
    case "env_changed":
      return exclusion(changes, "env", (names) => `take ${names} out of env`);
    case "from_future":
      return "`memodag doctor` compares the clocks. The result replaced the entry.";
    case "expired":
      return "To keep results longer: cache: { ttl } of the task, or [task_cache] default_ttl.";
    case "result_missing":
    case "integrity_failed":
      return "`memodag cache verify` compares everything that is stored with its digest.";
    case "lookup_timeout":
    case "lookup_failure":
      return "`memodag cache stats` shows how long lookups take and which schedulers bypass the cache.";
    case "uncacheable":
      if (explanation.cacheReasonCode === "result_too_large")
        return "To cache it, save what is large as an entry (jobCache.save(), or entries.out of a command) and return the reference, or raise [task_cache] max_result_size.";
      return adviceFor(explanation);
    default:
      return null;
  }
}

function exclusion(
  changes: Explanation["changes"],
  kind: Explanation["changes"][number]["kind"],
  remedy: (names: string) => string,
): string {
  const names = changes.filter((change) => change.kind === kind).map(({ path }) => JSON.stringify(path));
  const it = names.length === 1 ? "it" : "them";
  return `If the result does not depend on ${it}, ${remedy(names.join(", "))}.`;
}
