// Entries of the cache as people read them.

import { DEFAULT_TEAM, formatDuration, formatSize } from "@memodag/core";
import type { RecordReport } from "@memodag/operations/cache";
import type { MissedStore } from "@memodag/result-cache";
import { printNote, printTable } from "./print.ts";
import type { Row } from "./table.ts";
import { shortDigest, shownAge, shownDuration } from "./units.ts";

const COLUMNS = ["KEY", "DAG", "TASK", "AGE", "EXPIRES", "SIZE", "TOOK", "HITS", "SAVED", "LAST HIT", "RUN"];

/** Prints entries; teams and stores where there are several. */
export function printRecords(records: readonly RecordReport[]): void {
  const hasTeams = records.some(({ team }) => team !== DEFAULT_TEAM);
  const hasStores = records.some(({ store }) => store !== undefined);
  const around = <T>(team: T, store: T, row: readonly T[]): T[] => [
    ...(hasTeams ? [team] : []),
    ...row,
    ...(hasStores ? [store] : []),
  ];
  printTable(
    around("TEAM", "STORE", COLUMNS),
    records.map((record) => around<Row[number]>(record.team, record.store ?? null, rowOf(record))),
    "Nothing is remembered that matches.",
  );
}

/** Notes the stores that an operation left out. */
export function noteMissed(missed: readonly MissedStore[] | undefined): void {
  for (const { store, reason } of missed ?? []) printNote(`Store ${store} is left out: ${reason}.`);
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
