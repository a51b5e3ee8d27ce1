// A callback that is owed as a row, and back.

import type { NewCallback, OwedCallback } from "@memodag/core";
import { toDagRun, type DagRunRow } from "./dag-run-row.ts";

const NO_CODE = { cacheReasonCode: null, cacheReasonDetail: null };

/** What the row keeps as text. */
export function owedCallbackBody({ instance, report }: NewCallback): string {
  return JSON.stringify({ instance, report });
}

/** The callback that a row holds, beside that of its run. */
export function toOwedCallback(
  row: DagRunRow & { callback_id: string; body: string; begin_count: number },
): OwedCallback {
  const { instance, report } = JSON.parse(row.body) as Pick<OwedCallback, "instance" | "report">;
  // Those that an earlier version owed have a sentence alone.
  const whole = { ...NO_CODE, ...report };
  return { id: row.callback_id, run: toDagRun(row), instance, report: whole, begins: row.begin_count };
}
