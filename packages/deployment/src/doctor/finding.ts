// Findings of `memodag doctor`: one line of its output each.

import { messageOf } from "@memodag/core";
import { findDatabaseFault } from "@memodag/metastore/faults";

/** The severity. `warn` works, but may not be intended. */
export type FindingStatus = "ok" | "warn" | "fail";

/** The result of one check. */
export interface Finding {
  /** The subject in one word. */
  readonly check: string;
  readonly status: FindingStatus;
  /** The finding and, if there is a problem, how to fix it. */
  readonly message: string;
}

/** All findings, and whether none failed. */
export interface FindingsReport {
  /** True if nothing failed. */
  readonly ok: boolean;
  readonly checks: readonly Finding[];
}

/** Summarizes findings. */
export function reportFindings(checks: readonly Finding[]): FindingsReport {
  return { ok: checks.every(({ status }) => status !== "fail"), checks };
}

/** Runs a check; if it throws, that is a finding too. */
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
