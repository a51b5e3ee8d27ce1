// Causes as people read them: half a sentence for each.

import type { ComponentChange } from "@memodag/result-cache";
import type { Cause, CauseGroup } from "./causes.ts";
import { whatChanged } from "./changed-thing.ts";

/** Such as: `clean` ran: variable WINDOW changed. */
export function causeText({ taskId, status, reason, changes, detail }: Omit<Cause, "mapIndex">): string {
  const task = `\`${taskId}\``;
  if (status === "hit") return `${task} has another result than then, a hit of an earlier run`;
  const why = whyText({ reason, changes, detail });
  return `${task} ran${why === null ? "" : `: ${why}`}`;
}

/** Why the instances of a group did what they did, such as `clean: variable WINDOW changed`. */
export function groupText(group: CauseGroup): string {
  const { status, reason, taskId, detail } = group;
  if (status === "hit") return "hit";
  if (status === null) return detail ?? "not asked about";
  const why = whyText(group);
  if (reason === "disabled" || reason === "uncacheable") return `${taskId}: ${reason}: ${detail ?? ""}`;
  return `${taskId}: ${why ?? "no explanation is kept"}`;
}

const WHY: Readonly<Record<string, string>> = {
  first_run: "no earlier result of it is known",
  expired: "its entry was older than its ttl",
  purged: "its entry had been removed",
  result_missing: "its entry had lost its bytes",
  integrity_failed: "the bytes of its entry were not what had been stored",
  refresh: "its result was to be stored anew",
  disabled: "it did not ask the cache",
  uncacheable: "it could not be cached",
  lookup_timeout: "the cache did not answer in time",
  lookup_failure: "the cache failed",
};

function whyText({ reason, changes, detail }: Pick<Cause, "reason" | "changes" | "detail">): string | null {
  if (changes.length > 0) return changes.map(shortText).join(", ");
  if (reason === null) return detail;
  return `${WHY[reason] ?? reason}${detail === null ? "" : `: ${detail}`}`;
}

function shortText(change: ComponentChange): string {
  return change.kind === "env" ? `variable ${change.path} changed` : whatChanged(change);
}
