// The log of one attempt, in bytes.

import { isTerminal, type LogRange } from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { getRun } from "../runs/find-run.ts";
import { attemptName } from "./attempt-logs.ts";
import { getInstance } from "./find-instance.ts";
import type { InstanceName } from "./instance-name.ts";

/** Names an attempt. */
export interface AttemptLogInput extends InstanceName {
  readonly tryNumber: number;
}

/** A log that may still be written. */
export interface OpenLog {
  /** Bytes that it has now; undefined: there is none. */
  size(): Promise<number | undefined>;
  /** Returns the part of it that is written now. */
  read(range: LogRange): AsyncIterable<Uint8Array>;
  /** True when nothing more will be written. */
  isOver(): Promise<boolean>;
}

/**
 * Opens the log of an attempt.
 * @throws MemodagError `dag_not_found`, `dag_run_not_found`, `task_not_found`
 */
export async function openAttemptLog(
  { stores: { runs, ...stores }, logs }: OperationContext,
  { taskId, mapIndex, tryNumber, ...name }: AttemptLogInput,
): Promise<OpenLog> {
  const run = await getRun({ runs, ...stores }, name);
  const instance = await getInstance(runs, run, taskId, mapIndex);
  const attempt = attemptName(run, instance, tryNumber);
  return {
    size: () => logs.size(attempt),
    read: (range) => logs.read(attempt, range),
    async isOver() {
      const now = await getInstance(runs, run, taskId, mapIndex);
      if (now.tryNumber !== tryNumber) return now.tryNumber > tryNumber;
      return isTerminal(now.state) || now.state === "up_for_retry";
    },
  };
}
