// The sentence of a mark: tooltips, screen readers and tables say the same.

import { formatDate, formatDuration } from "../format/format.ts";
import { markOf, type Marked } from "./mark.ts";

/** The facts of a task instance that its sentence has. */
export interface Told extends Marked {
  readonly taskId: string;
  /** -1 or absent: not mapped. */
  readonly mapIndex?: number | undefined;
  /** Of a hit: the run that its result is from, and when that was. */
  readonly producerRunId?: string | null | undefined;
  readonly producedAt?: string | null | undefined;
  readonly savedMs?: number | null | undefined;
  readonly durationMs?: number | null | undefined;
  /** Why it was not a hit, in words. */
  readonly reason?: string | null | undefined;
}

/** Says a task's name with its index: `train[3]`. */
export function instanceName({ taskId, mapIndex = -1 }: Pick<Told, "taskId" | "mapIndex">): string {
  return mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`;
}

/** Such as "train[3]: success, from the cache, result of run R of 3 Nov 2026, saved 4 m 12 s". */
export function sentenceOf(told: Told): string {
  const { producerRunId, producedAt, savedMs, durationMs, reason, cacheStatus } = told;
  const parts = [markOf(told).words];
  if (producerRunId) {
    const on = producedAt ? ` of ${formatDate(producedAt)}` : "";
    parts.push(`result of run ${producerRunId}${on}`);
  }
  if (cacheStatus === "hit" && savedMs) parts.push(`saved ${formatDuration(savedMs)}`);
  if (cacheStatus !== "hit" && durationMs) parts.push(`worked ${formatDuration(durationMs)}`);
  if (reason) parts.push(reason);
  return `${instanceName(told)}: ${parts.join(", ")}`;
}
