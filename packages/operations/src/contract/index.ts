// All operations by name, with the schemas of their inputs and outputs: the basis of an API.
//
// Schemas are for callers that need them; the operations themselves rely on TypeScript's checks.

import * as z from "zod";
import { answerApproval } from "../approvals/answer-approval.ts";
import { listApprovals } from "../approvals/list-approvals.ts";
import { showApproval } from "../approvals/show-approval.ts";
import { listAudit } from "../audit/list-audit.ts";
import { showAudit } from "../audit/show-audit.ts";
import { collectCache, planCollection } from "../cache/collect.ts";
import { diffRecords } from "../cache/diff-records.ts";
import { listRecords } from "../cache/list-records.ts";
import { listLocks, releaseLock } from "../cache/locks.ts";
import { listMissReasons } from "../cache/miss-reasons.ts";
import { planPurge, purgeCache } from "../cache/purge.ts";
import { showRecord } from "../cache/show-record.ts";
import { cacheHealth, cacheStats } from "../cache/stats.ts";
import { listSwitchTurns, switchCache } from "../cache/switch-cache.ts";
import { verifyCache } from "../cache/verify.ts";
import { namedCacheStats } from "../caches/cache-contents.ts";
import { clearCache, planClear } from "../caches/clear-cache.ts";
import { listCaches } from "../caches/list-caches.ts";
import type { OperationContext } from "../context.ts";
import { dagCalendar } from "../dags/dag-calendar.ts";
import { dagGrid } from "../dags/dag-grid.ts";
import { graphDag } from "../dags/graph-dag.ts";
import { listDagErrors } from "../dags/list-dag-errors.ts";
import { listDags } from "../dags/list-dags.ts";
import { pauseDag } from "../dags/pause-dag.ts";
import { planDag } from "../plans/plan-dag.ts";
import { showDag } from "../dags/show-dag.ts";
import { listEntries } from "../entries/list-entries.ts";
import { showEntry } from "../entries/read-entry.ts";
import { removeEntries } from "../entries/remove-entries.ts";
import { explainRun, explainTask } from "../explain/explain-task.ts";
import { listPools } from "../processes/list-pools.ts";
import { listProcesses } from "../processes/list-processes.ts";
import { cleanDatabase, planClean } from "../retention/clean-database.ts";
import { deleteRuns } from "../retention/delete-runs.ts";
import { backfill } from "../runs/backfill.ts";
import { compareRuns } from "../compare/compare-runs.ts";
import { outlineRun } from "../runs/outline-run.ts";
import { cancelRun } from "../runs/cancel-run.ts";
import { showHome } from "../runs/home.ts";
import { listInstanceColumns, listRunInstances } from "../runs/run-instances.ts";
import { listAttempts } from "../runs/list-attempts.ts";
import { listRevisions } from "../runs/list-revisions.ts";
import { listRuns } from "../runs/list-runs.ts";
import { showRun } from "../runs/show-run.ts";
import { triggerAndWait, triggerDag } from "../runs/trigger.ts";
import { clearTasks, planClearTasks } from "../tasks/clear-tasks.ts";
import { listInstances } from "../tasks/list-instances.ts";
import { listValues } from "../tasks/list-values.ts";
import { markTasks } from "../tasks/mark-tasks.ts";
import { showTask } from "../tasks/show-task.ts";
import { showXComs } from "../tasks/show-xcoms.ts";
import { listApiTokens, makeApiToken, revokeApiToken } from "../tokens/api-tokens.ts";
import { drainWorker } from "../workers/drain-worker.ts";
import { listQueues } from "../workers/list-queues.ts";
import { listWorkers } from "../workers/list-workers.ts";
import { listTokens, makeToken, revokeToken } from "../workers/worker-tokens.ts";
import * as approvals from "./approval-schemas.ts";
import * as audit from "./audit-schemas.ts";
import * as cache from "./cache-schemas.ts";
import * as explain from "./explain-schemas.ts";
import * as locks from "./lock-schemas.ts";
import * as namedCaches from "./named-cache-schemas.ts";
import * as entries from "./entry-schemas.ts";
import * as dags from "./dag-schemas.ts";
import * as plans from "./plan-schemas.ts";
import * as runs from "./run-schemas.ts";
import type { OperationTypes } from "./operation-types.ts";
import { json } from "./values.ts";
import * as processes from "./process-schemas.ts";
import * as views from "./view-schemas.ts";
import * as tokens from "./token-schemas.ts";
import * as workers from "./worker-schemas.ts";

/** An operation as data. */
export interface Operation<Input = unknown, Output = unknown> {
  /** `act`: it changes something and is recorded in the audit log. */
  readonly kind: "read" | "act";
  readonly input: z.ZodType<Input>;
  readonly output: z.ZodType<Output>;
  run(context: OperationContext, input: Input, signal?: AbortSignal): Promise<Output>;
}

const nothing: z.ZodType<Record<never, never>> = z.strictObject({});

function operation<Input, Output>(
  kind: Operation["kind"],
  input: z.ZodType<Input>,
  output: z.ZodType<Output>,
  run: Operation<Input, Output>["run"],
): Operation<Input, Output> {
  return { kind, input, output, run };
}

/** Name of an operation. */
export type OperationName = keyof OperationTypes;

/** All operations by name. */
export type Operations = {
  readonly [N in OperationName]: Operation<OperationTypes[N]["input"], OperationTypes[N]["output"]>;
};

/** An operation by name, whose input is what its schema has checked; undefined: there is none of that name. */
export function findOperation(name: string): Operation | undefined {
  return Object.hasOwn(OPERATIONS, name) ? (OPERATIONS[name as OperationName] as Operation) : undefined;
}

/**
 * Every operation that an API can offer unchanged. `dags run` and following a log have input schemas here,
 * too.
 */
export const OPERATIONS: Operations = {
  "approvals.answer": operation("act", approvals.answerInput, approvals.givenAnswer, answerApproval),
  "approvals.list": operation("read", approvals.listApprovalsInput, approvals.approvalList, listApprovals),
  "approvals.show": operation("read", runs.instanceInput, approvals.shownApproval, showApproval),
  "audit.list": operation("read", audit.listAuditInput, audit.auditPage, listAudit),
  "audit.show": operation("read", audit.entryName, audit.entry, showAudit),
  "cache.diff": operation("read", cache.diffInput, cache.changes, diffRecords),
  "cache.explain": operation("read", runs.instanceInput, explain.explainedTask, explainTask),
  "cache.explain-run": operation("read", runs.runNameInput, explain.explainedRun, explainRun),
  "cache.gc": operation("act", nothing, cache.collected, (context, _, signal) =>
    collectCache(context, signal),
  ),
  "cache.health": operation("read", nothing, cache.cacheHealthReport, cacheHealth),
  "cache.list": operation("read", cache.listRecordsInput, cache.recordPage, listRecords),
  "cache.locks": operation("read", locks.listLocksInput, locks.lockList, listLocks),
  "cache.plan-gc": operation("read", nothing, cache.plannedCollection, planCollection),
  "cache.plan-purge": operation("read", cache.purgeInput, cache.purgePlan, planPurge),
  "cache.purge": operation("act", cache.purgeInput, cache.purged, (context, input) =>
    purgeCache(context, input),
  ),
  "cache.reasons": operation("read", cache.missReasonsInput, cache.missReasons, listMissReasons),
  "cache.release": operation("act", locks.releaseLockInput, locks.releasedLock, releaseLock),
  "cache.show": operation("read", cache.recordInput, cache.shownRecord, showRecord),
  "cache.stats": operation("read", cache.selectionInput, cache.cacheStatsReport, cacheStats),
  "cache.switch": operation("act", cache.switchInput, cache.switchedCache, switchCache),
  "cache.switch-turns": operation("read", nothing, cache.switchTurns, (context) => listSwitchTurns(context)),
  "cache.verify": operation("act", cache.verifyInput, cache.verifyReport, verifyCache),
  "caches.clear": operation("act", namedCaches.clearInput, namedCaches.cleared, (context, input) =>
    clearCache(context, input),
  ),
  "caches.list": operation("read", namedCaches.listInput, namedCaches.reports, listCaches),
  "caches.plan-clear": operation("read", namedCaches.clearInput, namedCaches.clearPlan, planClear),
  "caches.stats": operation("read", namedCaches.nameInput, namedCaches.stats, namedCacheStats),
  "dags.backfill": operation("act", runs.backfillInput, runs.backfillReport, backfill),
  "dags.calendar": operation("read", views.calendarInput, views.calendar, dagCalendar),
  "dags.errors": operation("read", dags.listDagErrorsInput, dags.dagErrors, listDagErrors),
  "dags.graph": operation("read", dags.graphDagInput, dags.dagGraph, graphDag),
  "dags.grid": operation("read", views.gridInput, views.grid, dagGrid),
  "dags.list": operation("read", dags.listDagsInput, dags.dagPage, listDags),
  "dags.pause": operation("act", dags.pauseDagInput, dags.pausedDag, pauseDag),
  "dags.plan": operation("read", runs.planInput, plans.dagPlan, planDag),
  "dags.show": operation("read", dags.dagNameInput, dags.dagReport, showDag),
  "dags.trigger": operation("act", runs.triggerInput, runs.triggeredRun, triggerDag),
  "dags.trigger-and-wait": operation("act", runs.triggerInput, runs.endedRun, triggerAndWait),
  "runs.attempts": operation("read", views.attemptsInput, views.attempts, listAttempts),
  "runs.cancel": operation("act", runs.runNameInput, runs.cancelledRun, cancelRun),
  "runs.compare": operation("read", views.compareInput, views.comparison, compareRuns),
  "runs.delete": operation("act", runs.deleteInput, runs.removed, deleteRuns),
  "runs.home": operation("read", views.homeInput, views.home, showHome),
  "runs.instance-columns": operation(
    "read",
    views.instancesInput,
    views.instanceColumns,
    listInstanceColumns,
  ),
  "runs.instances": operation("read", views.instancesInput, views.instances, listRunInstances),
  "runs.list": operation("read", runs.listRunsInput, runs.runPage, listRuns),
  "runs.outline": operation("read", runs.runNameInput, views.outline, outlineRun),
  "runs.revisions": operation("read", runs.listRevisionsInput, runs.revisions, listRevisions),
  "runs.show": operation("read", runs.runNameInput, runs.shownRun, showRun),
  "db.clean": operation("act", nothing, runs.removed, (context, _, signal) => cleanDatabase(context, signal)),
  "db.plan-clean": operation("read", nothing, runs.removed, planClean),
  "entries.list": operation("read", entries.listInput, z.array(entries.report), listEntries),
  "entries.rm": operation("act", entries.removeInput, entries.removed, removeEntries),
  "entries.show": operation("read", entries.nameInput, entries.report, showEntry),
  "tasks.clear": operation("act", runs.clearInput, runs.clearedTasks, clearTasks),
  "tasks.list": operation("read", runs.listInstancesInput, runs.instancePage, listInstances),
  "tasks.plan-clear": operation("read", runs.clearInput, runs.clearedTasks, planClearTasks),
  "tasks.set-state": operation("act", runs.markInput, runs.markedTasks, markTasks),
  "tasks.show": operation("read", runs.instanceInput, views.shownTask, showTask),
  "tasks.values": operation("read", runs.instanceInput, views.values, listValues),
  "tasks.xcoms": operation("read", runs.instanceInput, z.record(z.string(), json), showXComs),
  "pools.list": operation("read", processes.poolsInput, processes.pools, listPools),
  "processes.list": operation("read", nothing, processes.processes, (context) => listProcesses(context)),
  "queues.list": operation("read", nothing, workers.queues, (context) => listQueues(context)),
  "tokens.list": operation("read", nothing, tokens.list, (context) => listApiTokens(context)),
  "tokens.make": operation("act", tokens.makeInput, tokens.made, makeApiToken),
  "tokens.revoke": operation("act", tokens.tokenName, tokens.tokenName, revokeApiToken),
  "workers.drain": operation("act", workers.drainInput, workers.drained, drainWorker),
  "workers.list": operation("read", nothing, workers.workers, (context) => listWorkers(context)),
  "workers.revoke": operation("act", workers.tokenName, workers.tokenName, revokeToken),
  "workers.token": operation("act", workers.makeTokenInput, workers.madeToken, makeToken),
  "workers.tokens": operation("read", nothing, workers.tokens, (context) => listTokens(context)),
};

export type { OperationTypes } from "./operation-types.ts";
export { actorSchema } from "./audit-schemas.ts";
export { endedRuns, logsInput, runToEndInput, taskLogs } from "./run-schemas.ts";
