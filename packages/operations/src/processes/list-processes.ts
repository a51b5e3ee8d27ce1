// Lists the processes of services.

import type { ServiceKind } from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { isoTime } from "../iso-time.ts";

/** Milliseconds of silence after which a process counts as dead. */
const DEAD_AFTER_MS = 35_000;

/** A process, as it is shown. Times are ISO 8601. */
export interface ProcessReport {
  readonly id: string;
  readonly kind: ServiceKind;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly startedAt: string;
  /** When it last said that it runs, which it does every ten seconds. */
  readonly seenAt: string;
  readonly isAlive: boolean;
  /** Attempts that a scheduler runs at a time; `null` for other services. */
  readonly slots: number | null;
}

/** Lists those that run or ran within the last hour and did not end properly, by kind. `dags run` is not among them. */
export async function listProcesses({ stores }: OperationContext): Promise<ProcessReport[]> {
  const found = await stores.processes.list();
  return found.map(({ startedAt, beatAt, silentMs, ...process }) => ({
    ...process,
    startedAt: isoTime(startedAt),
    seenAt: isoTime(beatAt),
    isAlive: silentMs < DEAD_AFTER_MS,
  }));
}
