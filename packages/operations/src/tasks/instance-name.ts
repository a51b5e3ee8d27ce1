// The name of a task instance.

import type { RunName } from "../runs/find-run.ts";

/** A task of a run, or one instance of it. */
export interface InstanceName extends RunName {
  readonly taskId: string;
  /** One instance of a mapped task. */
  readonly mapIndex?: number | undefined;
}
