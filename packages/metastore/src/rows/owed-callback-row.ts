// A callback that is owed as a row, and back.

import { messageOf, UNMAPPED, type NewCallback, type OwedCallback } from "@memodag/core";
import type { OwedCallbackTable } from "../tables/run-tables.ts";
import { toDagRun, type DagRunRow } from "./dag-run-row.ts";

const NO_CODE = { cacheReasonCode: null, cacheReasonDetail: null };

/** Replaces the contents of an unreadable row. */
const UNREADABLE: Pick<OwedCallback, "instance" | "report"> = {
  instance: { taskId: "unknown", mapIndex: UNMAPPED, tryNumber: 0, maxTries: 0 },
  report: {
    event: "failure",
    state: "failed",
    cacheStatus: null,
    cacheReason: null,
    ...NO_CODE,
    error: null,
    durationMs: null,
    retryAt: null,
  },
};

/** The JSON column of the row. */
export function owedCallbackBody({ instance, report, returned }: NewCallback): string {
  return JSON.stringify({ instance, report, returned });
}

/** The callback that a row holds, beside that of its run; where it cannot be read, one that says so. */
export function toOwedCallback(
  row: DagRunRow &
    Pick<OwedCallbackTable, "body" | "after_id" | "rolls_back"> & {
      callback_id: string;
      begin_count: number;
    },
): OwedCallback {
  const run = toDagRun(row);
  const owed = {
    id: row.callback_id,
    run,
    begins: row.begin_count,
    ...(row.after_id !== null && { after: row.after_id }),
    ...(row.rolls_back !== null && { rollsBack: row.rolls_back }),
  };
  try {
    if (run.fault !== undefined) throw new Error(run.fault);
    return { ...owed, ...readBody(row.body) };
  } catch (error) {
    return { ...owed, ...UNREADABLE, fault: messageOf(error) };
  }
}

/** @throws Error for what is no body */
function readBody(body: string): Pick<OwedCallback, "instance" | "report" | "returned"> {
  const { instance, report, returned } = JSON.parse(body) as Partial<
    Pick<OwedCallback, "instance" | "report" | "returned">
  >;
  if (typeof instance?.taskId !== "string" || typeof report?.event !== "string") {
    throw new Error("its body names no instance and no event");
  }
  // Those that an earlier version owed have a sentence alone.
  return { instance, report: { ...NO_CODE, ...report }, ...(returned && { returned }) };
}
