// Schemas of the operations that views of runs are made of.

import { TRY_OUTCOMES, INSTANCE_CELLS, type TaskInstanceState } from "@memodag/core";
import * as z from "zod";
import type { CalendarDay, DagCalendarInput } from "../dags/dag-calendar.ts";
import type { DagGrid, DagGridInput } from "../dags/dag-grid.ts";
import type { Page } from "../page.ts";
import type { AttemptReport, ListAttemptsInput } from "../runs/list-attempts.ts";
import type { ValueReport } from "../tasks/list-values.ts";
import type { ShownTask } from "../tasks/show-task.ts";
import type { HomeInput, HomeReport } from "../runs/home.ts";
import type { CompareRunsInput, RunComparison } from "../compare/compare-runs.ts";
import type { RunOutline } from "../runs/outline-run.ts";
import type { InstanceColumns, InstancePage, RunInstancesInput } from "../runs/run-instances.ts";
import { changes } from "./cache-schemas.ts";
import { cacheLimits, cacheMode, summaryFields, taskFields } from "./run-schemas.ts";
import {
  cacheStatus,
  count,
  dagName,
  dagRunState,
  digest,
  instanceState,
  jsonObject,
  mapIndex,
  name,
  pageChoice,
  pageOf,
  producer,
  reasonCode,
  runName,
  runType,
  size,
  storedError,
  text,
  time,
  writtenTime,
} from "./values.ts";

const letters = INSTANCE_CELLS.map(({ letter }) => letter);
const letter = z.enum(letters as [string, ...string[]]);
const counts = z.partialRecord(letter, count) as z.ZodType<Record<string, number>>;
const days = z.array(
  z.strictObject({
    day: z.iso.date(),
    queued: count,
    running: count,
    success: count,
    failed: count,
    hits: count,
    ran: count,
    savedMs: size,
    workedMs: size,
  }),
);

export const gridInput: z.ZodType<DagGridInput> = z.strictObject({
  ...dagName,
  runIds: z.array(name).max(500).optional(),
  ...pageChoice,
  limit: z.int().min(1).max(500).optional(),
});
export const grid: z.ZodType<DagGrid> = z.strictObject({
  dagId: name,
  team: name,
  tasks: z.array(z.strictObject({ taskId: name, isMapped: z.boolean() })),
  runs: z.array(
    z.strictObject({
      runId: name,
      state: dagRunState,
      runType,
      revision: count,
      version: text.nullable(),
      logicalDate: time.nullable(),
      createdAt: time,
      startedAt: time.nullable(),
      endedAt: time.nullable(),
      hits: count,
      ran: count,
      failed: count,
      savedMs: size,
      workedMs: size,
      cells: text,
      mapped: z.record(z.string(), counts),
    }),
  ),
  next: text.nullable(),
});

export const calendarInput: z.ZodType<DagCalendarInput> = z.strictObject({
  ...dagName,
  from: writtenTime.optional(),
  to: writtenTime.optional(),
});
export const calendar: z.ZodType<CalendarDay[]> = days;

export const instancesInput: z.ZodType<RunInstancesInput> = z.strictObject({
  ...runName,
  taskId: name.optional(),
  state: instanceState.optional(),
  cacheStatus: cacheStatus.optional(),
  reason: reasonCode.optional(),
  text: text.optional(),
  since: count.optional(),
  ...pageChoice,
});
const instanceFields = {
  ...taskFields,
  startedAt: time.nullable(),
  endedAt: time.nullable(),
  producer: producer.nullable(),
};
const readAt = { revision: count, isDelta: z.boolean() };
export const instances: z.ZodType<InstancePage> = z.strictObject({
  ...readAt,
  items: z.array(z.strictObject(instanceFields)),
  next: text.nullable(),
});
const ms = z.array(z.number().nullable());
export const instanceColumns: z.ZodType<InstanceColumns> = z.strictObject({
  ...readAt,
  from: time,
  tasks: z.array(name),
  task: z.array(count),
  mapIndex: z.array(mapIndex),
  cells: text,
  startedMs: ms,
  endedMs: ms,
  durationMs: ms,
  savedMs: ms,
  next: text.nullable(),
});

const attempt: z.ZodType<AttemptReport> = z.strictObject({
  taskId: name,
  mapIndex,
  tryNumber: count,
  readyAt: time.nullable(),
  queuedAt: time,
  startedAt: time.nullable(),
  endedAt: time.nullable(),
  outcome: z.enum(TRY_OUTCOMES).nullable(),
  error: storedError.nullable(),
  worker: text.nullable(),
});
export const attemptsInput: z.ZodType<ListAttemptsInput> = z.strictObject({
  ...runName,
  taskId: name.optional(),
  mapIndex: mapIndex.optional(),
  ...pageChoice,
});
export const attempts: z.ZodType<Page<AttemptReport>> = pageOf(attempt);
export const shownTask: z.ZodType<ShownTask> = z.strictObject({
  ...instanceFields,
  attempts: z.array(attempt),
});

export const homeInput: z.ZodType<HomeInput> = z.strictObject({
  team: name.optional(),
  days: z.int().min(1).max(366).optional(),
});
const notedRun = z.strictObject({
  ...summaryFields,
  tasks: z.partialRecord(instanceState as z.ZodType<TaskInstanceState> & z.core.$ZodRecordKey, count),
  taskIds: z.array(name),
});
export const home: z.ZodType<HomeReport> = z.strictObject({
  from: time,
  days,
  activeCount: count,
  active: z.array(notedRun),
  failures: z.array(notedRun),
  misses: z.array(z.strictObject({ reason: text, count })),
});

export const outline: z.ZodType<RunOutline> = z.strictObject({
  ...summaryFields,
  hits: count,
  ran: count,
  failed: count,
  savedMs: size,
  workedMs: size,
  cacheMode,
  cacheLimits: cacheLimits.nullable(),
  params: jsonObject,
  conf: jsonObject,
  bytesMoved: count,
  version: text.nullable(),
  fault: z.exactOptional(text),
  previousRunId: name.nullable(),
  tasks: z.array(z.strictObject({ taskId: name, upstream: z.array(name), isMapped: z.boolean() })),
});

export const values: z.ZodType<ValueReport[]> = z.array(
  z.strictObject({
    key: text,
    digest,
    sizeBytes: count,
    store: text.nullable(),
    text: text.nullable(),
    isWhole: z.boolean(),
  }),
);

const comparedSide = z.strictObject({
  state: instanceState,
  cacheStatus: cacheStatus.nullable(),
  durationMs: size.nullable(),
  savedMs: size.nullable(),
});
const sameness = z.enum(["same", "other", "unknown"]);
export const compareInput: z.ZodType<CompareRunsInput> = z.strictObject({
  ...dagName,
  before: name,
  after: name,
});
export const comparison: z.ZodType<RunComparison> = z.strictObject({
  dagId: name,
  before: name,
  after: name,
  tasks: z.array(
    z.strictObject({
      taskId: name,
      isMapped: z.boolean(),
      before: counts,
      after: counts,
      differing: count,
      instances: z.array(
        z.strictObject({
          mapIndex,
          before: comparedSide.nullable(),
          after: comparedSide.nullable(),
          key: sameness,
          result: sameness,
          changes,
          because: name.nullable(),
        }),
      ),
    }),
  ),
});
