// Words for changes of keys and for why instances ran: for lists, where verdicts have no room.

import type { OutputOf } from "../data/api.ts";

/** An explanation of an instance. */
export type Explained = OutputOf<"cache.explain">;

/** A difference between two keys. */
export type Change = Explained["changes"][number];

/** A reason of an explanation. */
export type WhyReason = NonNullable<Explained["reason"]>;

const KINDS: Readonly<Record<Change["kind"], string>> = {
  edition: "key edition",
  team: "team",
  dag: "Dag id",
  task: "task id",
  share: "shared name",
  runtime: "runtime",
  input: "input",
  file: "file",
  entry: "entry",
  context: "context",
  env: "variable",
  key: "key function's answer",
  version: "version",
  source: "function",
  package: "package",
};

/** Kinds of which there is one: a name adds nothing. */
const ALONE: ReadonlySet<Change["kind"]> = new Set([
  "edition",
  "team",
  "dag",
  "task",
  "share",
  "key",
  "version",
]);

/** The kind of thing that changed, such as "input". */
export function kindWords({ kind }: Pick<Change, "kind">): string {
  return KINDS[kind];
}

/** The name of what changed: an argument, a function, a file. Empty for what there is one of. */
export function changeName({ kind, path }: Pick<Change, "kind" | "path">): string {
  return ALONE.has(kind) ? "" : path;
}

/** Such as "input depth", or "version". */
function changedThing(change: Pick<Change, "kind" | "path">): string {
  const name = changeName(change);
  return name === "" ? kindWords(change) : `${kindWords(change)} ${name}`;
}

/** Such as "input depth 4 → 5 changed", or "3 changes: input depth, variable TZ, version". */
export function changesWords(changes: readonly Change[]): string {
  const [first] = changes;
  if (!first) return "";
  if (changes.length > 1)
    return `${changes.length} changes: ${changes.map((change) => changedThing(change)).join(", ")}`;
  const { before, after } = first;
  const isShort = before !== null && after !== null && before.length + after.length <= MOST_SHORT;
  // The digest of a function means nothing to a reader.
  return isShort && first.kind !== "source" && first.kind !== "file"
    ? `${changedThing(first)}: ${before} → ${after}`
    : `${changedThing(first)} changed`;
}

/** Characters of values that have room beside a name. */
const MOST_SHORT = 40;

const WORDS: Readonly<Partial<Record<WhyReason, string>>> = {
  hit: "remembered",
  disabled: "not cached",
  uncacheable: "could not be cached",
  expired: "its entry was older than its ttl",
  from_future: "its entry is from the future",
  result_missing: "the bytes of its entry were missing",
  integrity_failed: "the bytes of its entry were damaged",
  expired_for_run: "its entry was too old for this run",
  run_errors_off: "remembered failures are off in this run",
  unsigned: "its entry has no signature",
  signer_unknown: "its entry is signed with an unknown key",
  signature_invalid: "its entry is not as it was signed",
  lookup_timeout: "the cache did not answer in time",
  lookup_failure: "the cache failed",
  refresh: "a refresh was requested",
  recheck: "compared with the stored result",
  first_run: "first run",
  purged: "its entry had been removed",
};

/** Why an instance ran or did not, in a few words. */
export function whyWords({
  reason,
  changes,
  detail,
}: Pick<Explained, "reason" | "changes" | "detail">): string {
  const changed = changesWords(changes);
  if (changed !== "") return changed;
  if (reason === null) return detail ?? "no explanation is kept";
  return WORDS[reason] ?? reason.replaceAll("_", " ");
}

/** A group of a run's instances with one cause. */
export type CauseGroup = OutputOf<"cache.explain-run">["groups"][number];

/** The groups of what ran though it could have been remembered, those with most instances first. */
export function causesOf(groups: readonly CauseGroup[]): CauseGroup[] {
  const left = new Set<WhyReason | null>(["hit", "disabled", null]);
  return groups.filter(
    ({ reason, status }) => !left.has(reason) || (reason === null && status === "populated"),
  );
}
