// Why tasks ran though they are cached: misses by task and reason.

import type { ChangedPart } from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { isoTime } from "../iso-time.ts";

const DAY_MS = 86_400_000;

/** Selects a team, a time and a number of lines. */
export interface MissReasonsInput {
  readonly team?: string | undefined;
  /** Number of days up to now, from 1 to 366. Default: 7. */
  readonly days?: number | undefined;
  /** Lines at most, from 1 to 1,000. Default: 100. */
  readonly limit?: number | undefined;
}

/** How often instances of a task missed for one reason, and the latest of these misses. */
export interface MissReason {
  readonly team: string;
  readonly dagId: string;
  readonly taskId: string;
  /** A code, such as `input_changed`. */
  readonly reason: string;
  readonly count: number;
  readonly last: {
    readonly runId: string;
    readonly mapIndex: number;
    /** ISO 8601, by the database's clock. */
    readonly at: string;
    /** The parts of the key that differed from an earlier one; empty if no earlier key was compared. */
    readonly changed: readonly ChangedPart[];
  };
}

/** Lists misses by task and reason, the most frequent first. */
export async function listMissReasons(
  { stores, clock }: OperationContext,
  { team, days = 7, limit = 100 }: MissReasonsInput,
): Promise<MissReason[]> {
  const misses = await stores.views.listTaskMisses(team, clock.now() - days * DAY_MS, limit);
  return misses.map(({ lastRunId, lastMapIndex, lastAt, lastChanged, ...miss }) => ({
    ...miss,
    last: { runId: lastRunId, mapIndex: lastMapIndex, at: isoTime(lastAt), changed: lastChanged },
  }));
}
