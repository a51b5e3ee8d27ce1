// Attempts that doctor makes: of no run, and of no task of a Dag.

import type { Attempt } from "@memodag/core";

/** The parts in which such attempts differ. */
export type DoctorAttempt = Pick<
  Attempt,
  "attemptId" | "queue" | "team" | "artifactDigest" | "executionTimeoutMs"
> & { readonly probe?: true };

/** Returns an attempt without arguments. */
export function doctorAttempt(parts: DoctorAttempt): Attempt {
  const [dagId, runId, taskId] = ["doctor", "doctor", "answer"];
  const { attemptId } = parts;
  return {
    ...parts,
    dagId,
    runId,
    taskId,
    mapIndex: -1,
    tryNumber: 1,
    file: { bundle: "doctor", path: "doctor.ts" },
    args: [],
    results: [],
    context: {
      dag: { dagId },
      dagRun: { runId, runType: "manual", logicalDate: null, conf: {} },
      task: { taskId },
      taskInstance: { mapIndex: -1, tryNumber: 1, maxTries: 1, attemptId },
      params: {},
      logicalDate: null,
      dataInterval: null,
    },
    declaredContext: null,
    declaredEnv: null,
  };
}
