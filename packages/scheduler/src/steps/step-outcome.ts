// Decides the outcome of a waiting task from the state of the awaited run. Functions of values.

import {
  canonicalBytes,
  formatDuration,
  RETURN_VALUE,
  type AttemptOutcome,
  type ErrorCode,
  type RunSummary,
  type SerializedRunStep,
  type StoredError,
  type WantedRun,
} from "@memodag/core";

/** The XCom in which Airflow's own operator stores the id of the run that it created. */
const TRIGGERED_RUN_ID = "trigger_run_id";

/** Errors that would recur on a retry. */
const FINAL: ReadonlySet<string> = new Set<ErrorCode>(["conf_invalid", "dag_run_exists", "sensor_timeout"]);

/** How the task ends; undefined while it has to wait. */
export function outcomeOf(
  step: SerializedRunStep,
  wanted: WantedRun,
  summary: RunSummary | undefined,
): AttemptOutcome | undefined {
  if (!summary) return undefined;
  const { runId, state } = summary;
  if (step.allowedStates.includes(state)) return stepSucceeded(step, runId);
  if (!step.failedStates.includes(state)) return undefined;
  return stepFailed({
    code: "dag_run_failed" satisfies ErrorCode,
    message:
      `Run "${runId}" of Dag "${wanted.dagId}", which the task waits for, is ${state}: ` +
      `see \`memodag runs show ${wanted.dagId} ${runId}\``,
  });
}

/** The task returns the run's id. */
export function stepSucceeded({ kind }: SerializedRunStep, runId: string): AttemptOutcome {
  const bytes = canonicalBytes(runId);
  const keys = kind === "trigger" ? [RETURN_VALUE, TRIGGERED_RUN_ID] : [RETURN_VALUE];
  const xcoms = keys.map((key) => ({ key, bytes }));
  return { kind: "succeeded", xcoms, durationMs: 0, uncacheable: null, packages: [] };
}

/** The task fails; it is retried if a retry could end differently. */
export function stepFailed(error: StoredError): AttemptOutcome {
  return { kind: "failed", error, durationMs: 0, retryable: !FINAL.has(error.code) };
}

/** The task's timeout has passed. */
export function stepTimedOut(
  step: SerializedRunStep,
  wanted: WantedRun,
  summary: RunSummary | undefined,
  timeoutMs: number,
): AttemptOutcome {
  const time = formatDuration(timeoutMs);
  const found = summary
    ? `run "${summary.runId}" of Dag "${wanted.dagId}" was still ${summary.state}`
    : `Dag "${wanted.dagId}" had no run ${nameOf(wanted)}`;
  const [code, name]: [ErrorCode, string] =
    step.kind === "wait" ? ["sensor_timeout", "timeout"] : ["task_timeout", "executionTimeout"];
  return stepFailed({
    code,
    message: `Timed out after ${time}: ${found}; find out why, or raise the task's ${name}`,
  });
}

function nameOf(wanted: WantedRun): string {
  return "runId" in wanted ? `"${wanted.runId}"` : `of ${new Date(wanted.logicalDate).toISOString()}`;
}
