// Tells which runs are changing, for those that watch many.

import type { DagRunState } from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { isoTime } from "../iso-time.ts";
import { readWrittenTime } from "../written-time.ts";

/** A look at the runs that are changing. */
export interface ListRevisionsInput {
  readonly team?: string | undefined;
  /** `next` of the look before: also shows the runs that have ended since. Absent: only those that have not ended. */
  readonly since?: string | undefined;
}

/** The name of a run, and how far its changes have come. */
export interface RevisionReport {
  readonly team: string;
  readonly dagId: string;
  readonly runId: string;
  readonly state: DagRunState;
  /** Grows with each change to the run or its task instances. */
  readonly revision: number;
}

/** The outcome of a look. */
export interface RevisionsReport {
  readonly runs: readonly RevisionReport[];
  /** `since` of the next look. */
  readonly next: string;
}

/**
 * Milliseconds by which clocks may differ, and a transaction may take: runs that ended so long before a look are shown
 * by the next one as well.
 */
const OVERLAP_MS = 10_000;

/** Lists the runs that have not ended, and those that have ended since an earlier look, some of them again. @throws MemodagError `usage` */
export async function listRevisions(
  { stores, clock }: OperationContext,
  { team, since }: ListRevisionsInput,
): Promise<RevisionsReport> {
  const at = clock.now();
  const runs = await stores.views.listRevisions({
    ...(team !== undefined && { team }),
    ...(since !== undefined && { endedSince: readWrittenTime("since", since) }),
  });
  return {
    runs: runs.map(({ team: ofTeam, dagId, runId, state, revision }) => ({
      team: ofTeam,
      dagId,
      runId,
      state,
      revision,
    })),
    next: isoTime(at - OVERLAP_MS),
  };
}
