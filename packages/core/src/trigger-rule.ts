// The rules that say when a task may start, given how its upstream ended. Airflow's, by name.

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

/** When a task may start, given how its upstream ended. */
export type TriggerRule = (typeof TRIGGER_RULES)[number];
