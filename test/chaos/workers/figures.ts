// Counts and times of a chaos of workers, for people.

import { instanceName } from "../find-deviations.ts";
import type { Fault } from "./faults.ts";
import type { JournalRow } from "./journal.ts";

/** Times in milliseconds. */
export interface Figures {
  readonly faults: Readonly<Record<string, number>>;
  readonly attempts: number;
  readonly started: number;
  readonly endedByWorker: number;
  /** Lost with their hosts. */
  readonly endedByScheduler: number;
  /** From the last fault before an attempt was counted as lost to the next start of its instance. */
  readonly longestRecoveryMs: number;
  /** From an attempt's way to the queue to its start. */
  readonly longestWaitMs: number;
}

/** Counts what happened. */
export function countFigures(
  journal: readonly JournalRow[],
  begun: readonly { readonly fault: Fault; readonly at: number }[],
): Figures {
  const rows = journal.filter(({ what }) => what === "attempt");
  const started = rows.filter(({ was, became }) => was === "waiting" && became === "started");
  const lost = rows.filter(
    ({ was, became, endedBy }) => was === "started" && became === "ended" && endedBy === "scheduler",
  );
  const startsOf = Map.groupBy(started, placeOf);
  const created = new Map(
    rows.filter(({ was }) => was === null).map(({ attemptId, at }) => [attemptId, at] as const),
  );
  const waits = started.map(({ attemptId, at }) => at - (created.get(attemptId) ?? at));
  const recoveries = lost.flatMap((row) => {
    const fault = begun.findLast(({ fault: { kind }, at }) => at <= row.at && kind.includes("host"));
    const next = startsOf.get(placeOf(row))?.find(({ seq }) => seq > row.seq);
    return fault && next ? [next.at - fault.at] : [];
  });
  const faults: Record<string, number> = {};
  for (const { fault } of begun) faults[fault.kind] = (faults[fault.kind] ?? 0) + 1;
  return {
    faults,
    attempts: created.size,
    started: started.length,
    endedByWorker: rows.filter(
      ({ was, became, endedBy }) => was === "started" && became === "ended" && endedBy === "worker",
    ).length,
    endedByScheduler: lost.length,
    longestRecoveryMs: recoveries.reduce((a, b) => Math.max(a, b), 0),
    longestWaitMs: waits.reduce((a, b) => Math.max(a, b), 0),
  };
}

const placeOf = (row: JournalRow): string => `${row.runId}/${instanceName(row)}`;
