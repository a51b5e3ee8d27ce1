// Schemas of the operations on runs and their tasks.

import {
  CACHE_STATUSES,
  MARKED_STATES,
  type CacheMode,
  type RunCacheLimits,
  type RunSelection,
} from "@memodag/core";
import * as z from "zod";
import type { LastGood } from "../dags/last-good.ts";
import type { Page } from "../page.ts";
import type { DeleteRunsInput } from "../retention/delete-runs.ts";
import type { Removed } from "../retention/removed.ts";
import type { BackfillInput, BackfillReport } from "../runs/backfill.ts";
import type { CancelledRun } from "../runs/cancel-run.ts";
import type { PlanDagInput } from "../plans/plan-dag.ts";
import type { RunName } from "../runs/find-run.ts";
import type { ListRevisionsInput, RevisionsReport } from "../runs/list-revisions.ts";
import type { ListedRunReport, ListRunsInput, RunSummaryReport } from "../runs/list-runs.ts";
import type { RunReport, TaskReport } from "../runs/run-report.ts";
import type { DatedRunRequest, WantedSelection } from "../runs/run-request.ts";
import type { RunToEndInput } from "../runs/run-to-end.ts";
import type { ShownRun } from "../runs/show-run.ts";
import type { TransactionReport } from "../runs/transaction-report.ts";
import type { TriggeredRun } from "../runs/trigger.ts";
import type { ClearedTasks, ClearTasksInput } from "../tasks/clear-tasks.ts";
import type { InstanceName } from "../tasks/instance-name.ts";
import type { ListInstancesInput } from "../tasks/list-instances.ts";
import type { MarkedTasks, MarkTasksInput } from "../tasks/mark-tasks.ts";
import type { TaskLogsInput } from "../tasks/task-logs.ts";
import { lastGood } from "./dag-schemas.ts";
import {
  cacheStatus,
  count,
  dagName,
  dagRunState,
  everyOf,
  type FieldsOf,
  instanceId,
  instanceState,
  jsonObject,
  mapIndex,
  name,
  pageChoice,
  pageOf,
  reasonCode,
  runName,
  runType,
  size,
  storedError,
  text,
  time,
  writtenTime,
} from "./values.ts";

export const cacheLimits: z.ZodType<RunCacheLimits> = z.strictObject({
  ttlMs: z.exactOptional(size.min(1)),
  errors: z.exactOptional(z.literal(false)),
  refresh: z.exactOptional(z.array(name)),
  recheck: z.exactOptional(z.number().min(0).max(1)),
  recheckTask: z.exactOptional(z.strictObject({ taskId: name, most: count.min(1) })),
});
export const cacheMode: z.ZodType<CacheMode> = everyOf<CacheMode>()(["use", "refresh", "off"]);
const request = {
  ...dagName,
  conf: jsonObject.optional(),
  params: jsonObject.optional(),
  cacheMode: cacheMode.optional(),
  cacheLimits: cacheLimits.optional(),
};
const until = z.strictObject({ until: name });
const wantedSelection: z.ZodType<WantedSelection> = z.union([until, z.strictObject({ only: name })]);
const selection: z.ZodType<RunSelection> = z.union([
  until,
  z.strictObject({ only: name, inputsFrom: z.exactOptional(name) }),
]);
const plannedRequest = { ...request, logicalDate: writtenTime.nullable().optional() };
const datedRequest = {
  ...plannedRequest,
  selection: wantedSelection.optional(),
};

export const runNameInput: z.ZodType<RunName> = z.strictObject(runName);
export const planInput: z.ZodType<PlanDagInput> = z.strictObject(plannedRequest);
export const triggerInput: z.ZodType<DatedRunRequest> = z.strictObject(datedRequest);
export const runToEndInput: z.ZodType<RunToEndInput> = z.strictObject({
  ...datedRequest,
  resume: z.boolean().optional(),
  lastGood: z.boolean().optional(),
});
export const backfillInput: z.ZodType<BackfillInput> = z.strictObject({
  ...request,
  range: z.strictObject({ from: writtenTime, to: writtenTime }),
  maxActiveRuns: count.min(1).optional(),
  dryRun: z.boolean().optional(),
  wait: z.boolean().optional(),
});
export const listRunsInput: z.ZodType<ListRunsInput> = z.strictObject({
  dagId: name.optional(),
  team: name.optional(),
  state: dagRunState.optional(),
  runType: runType.optional(),
  from: writtenTime.optional(),
  to: writtenTime.optional(),
  text: text.optional(),
  ...pageChoice,
});

export const listRevisionsInput: z.ZodType<ListRevisionsInput> = z.strictObject({
  team: name.optional(),
  since: time.optional(),
});
export const revisions: z.ZodType<RevisionsReport> = z.strictObject({
  runs: z.array(
    z.strictObject({ team: name, dagId: name, runId: name, state: dagRunState, revision: count }),
  ),
  next: time,
});

const oneInstance = { ...runName, taskId: name, mapIndex: mapIndex.optional() };
export const instanceInput: z.ZodType<InstanceName> = z.strictObject(oneInstance);
export const logsInput: z.ZodType<TaskLogsInput> = z.strictObject({
  ...oneInstance,
  taskId: name.optional(),
  tryNumber: count.min(1).optional(),
  lastLines: count.min(1).optional(),
});
export const clearInput: z.ZodType<ClearTasksInput> = z.strictObject({
  ...oneInstance,
  taskId: name.optional(),
  downstream: z.boolean().optional(),
  useCache: z.boolean().optional(),
});
export const markInput: z.ZodType<MarkTasksInput> = z.strictObject({
  ...oneInstance,
  state: z.enum(MARKED_STATES),
  downstream: z.boolean().optional(),
});
export const listInstancesInput: z.ZodType<ListInstancesInput> = z.strictObject({
  ...runName,
  taskId: name.optional(),
  ...pageChoice,
});

/** The fields of a task instance. */
export const taskFields: FieldsOf<TaskReport> = {
  taskId: name,
  mapIndex,
  state: instanceState,
  tryNumber: count,
  cacheStatus: cacheStatus.nullable(),
  cacheReason: text.nullable(),
  cacheReasonCode: reasonCode.nullable(),
  cacheReasonDetail: jsonObject.nullable(),
  cacheKey: text.nullable(),
  durationMs: size.nullable(),
  savedMs: size.nullable(),
  error: storedError.nullable(),
  worker: text.nullable(),
  revision: count,
};
const taskReport: z.ZodType<TaskReport> = z.strictObject(taskFields);
export const instancePage: z.ZodType<Page<TaskReport>> = pageOf(taskReport);

const transaction: z.ZodType<TransactionReport> = z.strictObject({
  transactionId: name,
  state: everyOf<TransactionReport["state"]>()(["open", "committing", "committed", "rolled_back"]),
  reason: text.nullable(),
  endedAt: time.nullable(),
});
const report = {
  dagId: name,
  runId: name,
  state: dagRunState,
  revision: count,
  selection: selection.nullable(),
  cacheLimits: cacheLimits.nullable(),
  durationMs: size.nullable(),
  processesSpawned: count,
  bytesMoved: count,
  lookups: count,
  cache: z.strictObject({
    ...(Object.fromEntries(CACHE_STATUSES.map((status) => [status, count])) as Record<
      (typeof CACHE_STATUSES)[number],
      z.ZodNumber
    >),
    savedMs: size,
  }),
  tasks: z.array(taskReport),
  transactions: z.array(transaction),
};
export const shownRun: z.ZodType<ShownRun> = z.strictObject({
  ...report,
  isInterrupted: z.exactOptional(z.literal(true)),
  fault: z.exactOptional(text),
});
export const endedRun: z.ZodType<RunReport & LastGood> = z.strictObject({ ...report, ...lastGood });
export const endedRuns: z.ZodType<(RunReport & LastGood)[]> = z.array(endedRun);
export const triggeredRun: z.ZodType<TriggeredRun> = z.strictObject({
  dagId: name,
  team: name,
  runId: name,
  state: dagRunState,
  ...lastGood,
});

/** The fields of a run in a list. */
export const summaryFields: FieldsOf<RunSummaryReport> = {
  dagId: name,
  runId: name,
  team: name,
  runType,
  state: dagRunState,
  revision: count,
  isInterrupted: z.boolean(),
  logicalDate: time.nullable(),
  selection: selection.nullable(),
  createdAt: time,
  startedAt: time.nullable(),
  endedAt: time.nullable(),
  processesSpawned: count,
  lookups: count,
  hits: count.nullable(),
  ran: count.nullable(),
  failed: count.nullable(),
  savedMs: size.nullable(),
  workedMs: size.nullable(),
};
const listedRun: z.ZodType<ListedRunReport> = z.strictObject({
  ...summaryFields,
  taskIds: z.array(name),
  taskCount: count,
});
export const runPage: z.ZodType<Page<ListedRunReport>> = pageOf(listedRun);

export const backfillReport: z.ZodType<BackfillReport> = z.strictObject({
  dagId: name,
  team: name,
  runs: z.array(
    z.strictObject({
      logicalDate: time,
      runId: name.nullable(),
      outcome: z.enum(["made", "would_make", "exists"]),
      state: dagRunState.nullable(),
    }),
  ),
  toCome: count,
});
export const cancelledRun: z.ZodType<CancelledRun> = z.strictObject({
  dagId: name,
  runId: name,
  state: z.literal("failed"),
  failed: z.array(instanceId),
  skipped: z.array(instanceId),
});
export const deleteInput: z.ZodType<DeleteRunsInput> = z.strictObject({
  ...dagName,
  runIds: z.array(name).min(1),
});
export const removed: z.ZodType<Removed> = z.strictObject({
  runs: count,
  instances: count,
  xcoms: count,
  entries: count,
  logs: count,
  artifacts: count,
  bytes: count,
});
export const clearedTasks: z.ZodType<ClearedTasks> = z.strictObject({
  dagId: name,
  runId: name,
  state: dagRunState,
  cleared: z.array(instanceId),
});
export const markedTasks: z.ZodType<MarkedTasks> = z.strictObject({
  dagId: name,
  runId: name,
  state: dagRunState,
  changed: z.array(instanceId),
});
/** A log without its contents, which are read in pieces. */
export const taskLogs: z.ZodType<
  { taskId: string; mapIndex: number; tryNumber: number; note: string | null; text: string | null }[]
> = z.array(
  z.strictObject({ taskId: name, mapIndex, tryNumber: count, text: text.nullable(), note: text.nullable() }),
);
