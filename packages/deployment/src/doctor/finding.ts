// What `memodag doctor` finds: one line of its answer.

import { messageOf } from "@memodag/core";
import { findDatabaseFault } from "@memodag/metastore";

/** How bad it is. `warn` works, and may not be what is wanted. */
export type FindingStatus = "ok" | "warn" | "fail";

/** One thing that was looked at. */
export interface Finding {
  /** What it is about, in a word. */
  readonly check: string;
  readonly status: FindingStatus;
  /** What was found and, when it is not well, the mend. */
  readonly message: string;
}

/** All findings, and whether none failed. */
export interface FindingsReport {
  /** Nothing failed. */
  readonly ok: boolean;
  readonly checks: readonly Finding[];
}

/** Sums findings up. */
export function reportFindings(checks: readonly Finding[]): FindingsReport {
  return { ok: checks.every(({ status }) => status !== "fail"), checks };
}

/** What `work` finds; that it throws is a finding too. */
export async function look(
  check: string,
  work: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await work();
  } catch (error) {
    return [{ check, status: "fail", message: messageOf(findDatabaseFault(error) ?? error) }];
  }
}
