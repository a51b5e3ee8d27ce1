// Trigger rules decide when a task may start, given the states of its upstream tasks. The names are
// Airflow's.

/** Every trigger rule. */
export const TRIGGER_RULES = [
  "all_success",
  "all_failed",
  "all_done",
  "all_skipped",
  "one_success",
  "one_failed",
  "one_done",
  "none_failed",
  "none_failed_min_one_success",
  "none_skipped",
  "always",
] as const;

/** A condition on the states of the upstream tasks. */
export type TriggerRule = (typeof TRIGGER_RULES)[number];
