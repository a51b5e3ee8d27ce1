// Evaluates a trigger rule, given the outcomes of the upstream instances that have ended.

import type { TriggerRule } from "@memodag/core";

/** How many upstream instances ended in each way, and whether more will follow. */
export interface UpstreamTally {
  readonly success: number;
  /** `failed` and `upstream_failed` together. */
  readonly failed: number;
  readonly skipped: number;
  /** True when every instance of every upstream task has ended. */
  readonly allDone: boolean;
}

/** The decision of a trigger rule for a task. */
export type TriggerDecision = "wait" | "run" | "skipped" | "upstream_failed";

/**
 * Airflow's trigger rules (`ti_deps/deps/trigger_rule_dep.py`), with one difference: where Airflow may end a
 * task early in either of two states, depending on which upstream task ends first, this waits until only one
 * state is possible. The order of events therefore never changes how a run ends.
 */
export function decideTrigger(rule: TriggerRule, tally: UpstreamTally): TriggerDecision {
  const { success, failed, skipped, allDone } = tally;
  switch (rule) {
    case "all_success":
      if (failed > 0) return "upstream_failed";
      return when(allDone, skipped > 0 ? "skipped" : "run");
    case "all_failed":
      if (success > 0 || skipped > 0) return "skipped";
      return when(allDone, "run");
    case "all_done":
      return when(allDone, "run");
    case "all_skipped":
      if (success > 0 || failed > 0) return "skipped";
      return when(allDone, "run");
    case "one_success":
      if (success > 0) return "run";
      return when(allDone, failed > 0 ? "upstream_failed" : "skipped");
    case "one_failed":
      if (failed > 0) return "run";
      return when(allDone, "skipped");
    case "one_done":
      if (success > 0 || failed > 0) return "run";
      return when(allDone, "skipped");
    case "none_failed":
      if (failed > 0) return "upstream_failed";
      return when(allDone, "run");
    case "none_failed_min_one_success":
      if (failed > 0) return "upstream_failed";
      return when(allDone, success > 0 ? "run" : "skipped");
    case "none_skipped":
      if (skipped > 0) return "skipped";
      return when(allDone, "run");
    case "always":
      return "run";
  }
}

function when(allDone: boolean, decision: TriggerDecision): TriggerDecision {
  return allDone ? decision : "wait";
}
