// The tasks of a run that does not run all of its Dag, and what it receives of an earlier run.

/** A task with everything upstream of it, or one task alone. */
export type RunSelection =
  | { readonly until: string }
  | {
      readonly only: string;
      /** The id of the run whose results it receives. Absent: no run had finished when this one was created. */
      readonly inputsFrom?: string;
    };

/** The results of an earlier run that a run of one task receives. */
export interface EarlierResults {
  /** Tasks whose results the task takes; the earlier run has to have them. */
  readonly required: readonly RequiredResult[];
  /** Every task upstream. What they left in the earlier run is in the new one as well. */
  readonly upstream: readonly string[];
}

/** A task whose result is taken, as it is in the new run's version of the Dag. */
export interface RequiredResult {
  readonly taskId: string;
  readonly isMapped: boolean;
  /** The task is mapped over it, so it has to be there; otherwise a task that was skipped hands on `null`. */
  readonly isList: boolean;
}

/** The code of the error of instances that are not part of their run. */
export const NOT_SELECTED = "not_selected";

/** The error of instances of the tasks that a selection leaves out. */
export function notSelected(selection: RunSelection): { readonly code: string; readonly message: string } {
  return { code: NOT_SELECTED, message: reasonOf(selection) };
}

function reasonOf(selection: RunSelection): string {
  if ("until" in selection)
    return `the run ends with task "${selection.until}" (--until), which does not depend on this task`;
  return `the run is of task "${selection.only}" alone (--only)`;
}
