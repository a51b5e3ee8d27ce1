// Turns the outcome of a transaction's lookup into its task instances. Takes each instance once.

import { instanceKey, RETURN_VALUE, type Digest, type TaskInstance } from "@memodag/core";
import type { CachedGroup } from "../graph/cached-groups.ts";
import type { ReadyInstance } from "../graph/ready-instance.ts";
import { scheduledInstance, type AnsweredInstance } from "./cache-answer.ts";
import type { RecordedMember } from "./group-manifest.ts";

/**
 * The outcome for all instances of a transaction.
 *
 * - `run`: they run.
 * - `hit`: they are hits, as the record of that run says; one that the record does not have runs.
 */
export type GroupEntry =
  | { readonly kind: "run"; readonly change: Partial<TaskInstance> }
  | {
      readonly kind: "hit";
      readonly key: Digest;
      readonly runId: string;
      /** Those that are not answered yet. */
      readonly members: Map<string, RecordedMember>;
    };

/** Returns an instance as the outcome leaves it, at `now` in milliseconds since the Unix epoch. */
export function groupAnswer(
  group: CachedGroup,
  entry: GroupEntry,
  { node, mapIndex }: ReadyInstance,
  now: number,
): AnsweredInstance {
  const toRun = { node, mapIndex, made: undefined };
  if (entry.kind === "run") return scheduledInstance(toRun, entry.change);
  const { key: cacheKey, members, runId } = entry;
  const name = instanceKey({ taskId: node.task.taskId, mapIndex });
  const recorded = members.get(name);
  // Its values are the pass's from now on.
  members.delete(name);
  const returned = recorded?.xcoms.find(({ key }) => key === RETURN_VALUE);
  const isSkip = recorded?.state === "skipped" && recorded.error !== null;
  if (!recorded || !(returned ?? isSkip)) {
    const detail = { transaction: group.id, what: "result_missing" };
    const cacheReason = { code: "transaction_missed", detail } as const;
    return scheduledInstance(toRun, { cacheStatus: "miss", cacheReason, cacheKey });
  }
  const { state, error, durationMs, tryNumber, xcoms } = recorded;
  const { digest = "", sizeBytes = 0, store = null } = returned ?? {};
  return {
    node,
    mapIndex,
    change: {
      state,
      error,
      cacheStatus: "hit",
      cacheReason: { code: "of_transaction", detail: { transaction: group.id } },
      cacheKey,
      producer: { runId, mapIndex, tryNumber },
      startedAt: now,
      endedAt: now,
      durationMs: 0,
      savedMs: durationMs,
    },
    xcoms,
    returned: { digest, sizeBytes, store },
  };
}
