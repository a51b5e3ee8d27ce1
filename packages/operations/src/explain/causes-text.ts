// Formats causes for people: half a sentence for each.

import type { ComponentChange } from "@memodag/result-cache";
import type { Cause, CauseGroup } from "./causes.ts";
import { whatChanged } from "./changed-thing.ts";

/** Such as: `clean` ran: variable WINDOW changed. */
export function causeText({ taskId, status, reason, changes, detail }: Omit<Cause, "mapIndex">): string {
  const task = `\`${taskId}\``;
  if (status === "hit") return `${task} has a different result, a hit from an earlier run`;
  const why = whyText({ reason, changes, detail });
  return `${task} ran${why === null ? "" : `: ${why}`}`;
}

/** Describes the cause of a group, such as `clean: variable WINDOW changed`. */
export function groupText(group: CauseGroup): string {
  const { status, reason, taskId, detail } = group;
  if (status === "hit") return "hit";
  if (status === null) return detail ?? "not asked about";
  const why = whyText(group);
  if (reason === "disabled" || reason === "uncacheable") return `${taskId}: ${reason}: ${detail ?? ""}`;
  return `${taskId}: ${why ?? "no explanation is kept"}`;
}

const WHY: Readonly<Record<string, string>> = {
  first_run: "it has no earlier result",
  expired: "its entry was older than its ttl",
  purged: "its entry had been removed",
  result_missing: "the bytes of its entry were missing",
  integrity_failed: "the bytes of its entry were damaged",
  recheck: "the result that is there was compared",
  refresh: "a refresh was requested",
  disabled: "it did not ask the cache",
  uncacheable: "it could not be cached",
  lookup_timeout: "the cache did not answer in time",
  lookup_failure: "the cache failed",
};

/** Such as `input depth changed`, or `it has no earlier result`; `null`: nothing is known. */
export function whyText({
  reason,
  changes,
  detail,
}: Pick<Cause, "reason" | "changes" | "detail">): string | null {
  if (changes.length > 0) return changes.map(shortText).join(", ");
  if (reason === null) return detail;
  return `${WHY[reason] ?? reason}${detail === null ? "" : `: ${detail}`}`;
}

function shortText(change: ComponentChange): string {
  return change.kind === "env" ? `variable ${change.path} changed` : whatChanged(change);
}
