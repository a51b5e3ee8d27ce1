// Entries of the cache as people read them.

import { DEFAULT_TEAM, formatDuration, formatSize } from "@memodag/core";
import type { RecordReport } from "@memodag/operations/cache";
import { printTable } from "./print.ts";
import type { Row } from "./table.ts";
import { shortDigest, shownAge, shownDuration } from "./units.ts";

const COLUMNS = ["KEY", "DAG", "TASK", "AGE", "EXPIRES", "SIZE", "TOOK", "HITS", "SAVED", "LAST HIT", "RUN"];

/** Prints entries; teams where there are several. */
export function printRecords(records: readonly RecordReport[]): void {
  const hasTeams = records.some(({ team }) => team !== DEFAULT_TEAM);
  printTable(
    hasTeams ? ["TEAM", ...COLUMNS] : COLUMNS,
    records.map((record) => (hasTeams ? [record.team, ...rowOf(record)] : rowOf(record))),
    "Nothing is remembered that matches.",
  );
}

/** All times are the store's, so the host's clock has no say. */
function rowOf(record: RecordReport): Row {
  const now = Date.parse(record.createdAt) + record.ageMs;
  return [
    shortDigest(record.key),
    record.dagId,
    record.taskId,
    formatDuration(record.ageMs),
    shownExpiry(now, record.expiresAt),
    formatSize(record.sizeBytes),
    shownDuration(record.durationMs),
    record.hitCount,
    formatDuration(record.savedMs),
    shownAge(record.lastHitAt, now),
    record.producer.runId,
  ];
}

function shownExpiry(now: number, expiresAt: string | null): string {
  if (expiresAt === null) return "never";
  const leftMs = Date.parse(expiresAt) - now;
  return leftMs <= 0 ? "expired" : `in ${formatDuration(leftMs)}`;
}
