// Turns the cache's answer into a task instance. A function of values.

import {
  RETURN_VALUE,
  type Digest,
  type RestoredEntry,
  type RunCacheLimits,
  type StoredError,
  type TaskInstance,
} from "@memodag/core";
import type { CacheHit, FoundRecord, HitXCom, LookupOutcome } from "@memodag/result-cache";
import type { ReadyInstance } from "../graph/ready-instance.ts";
import type { MadeKey } from "./made-key.ts";
import { STORED_FAILURE, rememberedError } from "./remembered-failure.ts";
import type { Returned } from "../values/run-results.ts";

/** An instance that asks the cache, and the maximum age of an answer in milliseconds; `null`: no limit. */
export interface KeyedInstance extends ReadyInstance {
  readonly key: Digest;
  readonly ttlMs: number | null;
  readonly errorsTtlMs: number | null;
  /** Those of its run. */
  readonly limits: RunCacheLimits | undefined;
  /** A hit is not taken: the task runs, and its result is compared. */
  readonly isRechecked: boolean;
  /** Absent for a key that was made before the run was loaded. */
  readonly made?: MadeKey | undefined;
}

/**
 * The outcome for a ready instance: `success` with a hit's XComs, `failed` by a remembered failure, or
 * `scheduled`.
 */
export interface AnsweredInstance extends ReadyInstance {
  readonly change: Partial<TaskInstance>;
  readonly xcoms: readonly HitXCom[];
  /** The returned value of a hit. */
  readonly returned: Returned;
  /** The key of an instance that has to run. */
  readonly made?: MadeKey | undefined;
  /** Entries of job caches that a hit restores. Absent: none. */
  readonly entries?: readonly RestoredEntry[];
}

/** The returned value of an instance that did not hit. */
const NOTHING: Returned = { digest: "", sizeBytes: 0, store: null };

/** An instance that has to run. */
export function scheduledInstance(
  { node, mapIndex, made }: Pick<KeyedInstance, "node" | "mapIndex" | "made">,
  change: Partial<TaskInstance>,
): AnsweredInstance {
  return { node, mapIndex, change: { ...change, state: "scheduled" }, xcoms: [], returned: NOTHING, made };
}

/** An instance that fails without an attempt, at `now` in milliseconds since the Unix epoch. */
export function failedInstance(
  { node, mapIndex }: ReadyInstance,
  error: StoredError,
  now: number,
): AnsweredInstance {
  return { node, mapIndex, change: { state: "failed", error, endedAt: now }, xcoms: [], returned: NOTHING };
}

/** Returns the instance as the answer leaves it, at `now` in milliseconds since the Unix epoch. */
export function answeredInstance(
  asked: KeyedInstance,
  outcome: LookupOutcome,
  now: number,
): AnsweredInstance {
  const cacheKeyOf = { cacheKey: asked.key };
  const isUnanswered = outcome.kind === "answered" && !outcome.answers.has(asked.key);
  if (isUnanswered && outcome.unanswered) return answeredInstance(asked, outcome.unanswered, now);
  switch (outcome.kind) {
    case "timeout":
      return scheduledInstance(asked, { ...cacheKeyOf, cacheStatus: "lookup_timeout", cacheReason: null });
    case "failed": {
      const cacheReason = { code: "lookup_failed", detail: { what: outcome.message } } as const;
      return scheduledInstance(asked, { ...cacheKeyOf, cacheStatus: "lookup_failure", cacheReason });
    }
    case "answered": {
      const answer = outcome.answers.get(asked.key);
      if (answer?.kind === "hit" && asked.isRechecked)
        return scheduledInstance(asked, {
          ...cacheKeyOf,
          cacheStatus: "miss",
          cacheReason: { code: "recheck" },
        });
      if (answer?.kind === "hit") return hit(asked, answer.hit, now);
      if (answer?.kind === "failure") return failure(asked, answer.record, answer.error, now);
      const cacheReason = { code: answer?.reason ?? "no_entry" } as const;
      return scheduledInstance(asked, { ...cacheKeyOf, cacheStatus: "miss", cacheReason });
    }
  }
}

function hit(asked: KeyedInstance, { record, xcoms }: CacheHit, now: number): AnsweredInstance {
  const { node, mapIndex } = asked;
  return {
    node,
    mapIndex,
    change: {
      ...standingIn(asked, record, now),
      state: "success",
      cacheReason: record.scope === undefined ? null : { code: "of_scope", detail: { what: record.scope } },
      error: null,
    },
    xcoms,
    returned: returnedOf(xcoms),
  };
}

/** Where runs may not refer to the store of a value, it is written into the database with the pass. */
function returnedOf(xcoms: readonly HitXCom[]): Returned {
  const { digest, sizeBytes, store = null } = xcoms.find(({ key }) => key === RETURN_VALUE) ?? NOTHING;
  return { digest, sizeBytes, store };
}

function failure(
  asked: KeyedInstance,
  record: FoundRecord,
  error: StoredError,
  now: number,
): AnsweredInstance {
  const { node, mapIndex } = asked;
  const change = {
    ...standingIn(asked, record, now),
    state: "failed" as const,
    cacheReason: STORED_FAILURE,
    error: rememberedError(record, error),
  };
  return { node, mapIndex, change, xcoms: [], returned: NOTHING };
}

/**
 * Start and end are `now` and the state is never `running`, so that no heartbeat check can mistake a hit for
 * a lost attempt.
 */
function standingIn({ key }: KeyedInstance, record: FoundRecord, now: number): Partial<TaskInstance> {
  return {
    cacheStatus: "hit",
    cacheKey: key,
    producer: record.producer,
    startedAt: now,
    endedAt: now,
    durationMs: 0,
    savedMs: record.durationMs,
  };
}
