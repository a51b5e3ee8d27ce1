export { backfill, type BackfillInput, type BackfillLine, type BackfillReport } from "./backfill.ts";
export { cancelRun, type CancelledRun } from "./cancel-run.ts";
export { getRun, type RunName } from "./find-run.ts";
export { interruptedText, queuedText, waysOut } from "./interrupted-text.ts";
export { listRevisions, type RevisionReport } from "./list-revisions.ts";
export { listRuns, type ListedRunReport, type ListRunsInput, type RunSummaryReport } from "./list-runs.ts";
export { makeRunOnce } from "./make-run.ts";
export type { HostedRuns, HostedScheduler, RunEvent, RunWatch } from "./run-host.ts";
export { RunProgress } from "./run-progress.ts";
export { reportRun, type RunReport, type TaskReport } from "./run-report.ts";
export type { DatedRunRequest, RunRequest } from "./run-request.ts";
export { runToEnd, type FinishedRun, type RunToEndInput, type RunToEndParts } from "./run-to-end.ts";
export { showRun, type ShownRun } from "./show-run.ts";
export type { TransactionReport } from "./transaction-report.ts";
export { triggerAndWait, triggerDag, type TriggeredRun } from "./trigger.ts";
export { whyNotLoadable, type RunSources } from "./why-not-loadable.ts";
export { showHome, type HomeInput, type HomeReport, type NotedRun } from "./home.ts";
export {
  listInstanceColumns,
  listRunInstances,
  type InstanceColumns,
  type InstancePage,
  type InstanceReport,
  type RunInstancesInput,
} from "./run-instances.ts";
export { listAttempts, type AttemptReport, type ListAttemptsInput } from "./list-attempts.ts";
export { diffRuns, type DiffRunsInput, type RunDifference } from "../compare/diff-runs.ts";
export { outlineRun, type OutlinedTask, type RunOutline } from "./outline-run.ts";
