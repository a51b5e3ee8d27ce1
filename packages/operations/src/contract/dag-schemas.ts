// Schemas of the operations on Dags.

import {
  CACHE_TRUSTS,
  TRIGGER_RULES,
  type SerializedBranch,
  type LockConfig,
  type SerializedCacheConfig,
  type SerializedTransaction,
} from "@memodag/core";
import * as z from "zod";
import { GRAPH_FORMATS, type DagGraphReport, type GraphDagInput } from "../dags/graph-dag.ts";
import type { DagName } from "../dags/find-dag.ts";
import type { LastGood } from "../dags/last-good.ts";
import type { DagErrorReport } from "../dags/list-dag-errors.ts";
import type { DagSummaryReport, ListDagsInput } from "../dags/list-dags.ts";
import type { PauseDagInput, PausedDag } from "../dags/pause-dag.ts";
import type { DagReport, DagTaskReport } from "../dags/show-dag.ts";
import type { Page } from "../page.ts";
import { count, dagName, jsonObject, jsonSchema, name, pageChoice, pageOf, text, time } from "./values.ts";

export const dagNameInput: z.ZodType<DagName> = z.strictObject(dagName);
export const listDagsInput: z.ZodType<ListDagsInput> = z.strictObject({
  team: name.optional(),
  ...pageChoice,
});
export const listDagErrorsInput: z.ZodType<{ team?: string | undefined }> = z.strictObject({
  team: name.optional(),
});
export const graphDagInput: z.ZodType<GraphDagInput> = z.strictObject({
  ...dagName,
  format: z.enum(GRAPH_FORMATS).optional(),
});
export const dagGraph: z.ZodType<DagGraphReport> = z.strictObject({
  dagId: name,
  team: name,
  format: z.enum(GRAPH_FORMATS),
  text,
});
export const pauseDagInput: z.ZodType<PauseDagInput> = z.strictObject({ ...dagName, isPaused: z.boolean() });

const summary: z.ZodType<DagSummaryReport> = z.strictObject({
  dagId: name,
  team: name,
  bundle: name,
  path: name,
  isPaused: z.boolean(),
  schedule: text.nullable(),
  nextRunAt: time.nullable(),
  tags: z.array(text),
  taskCount: count,
});
export const dagPage: z.ZodType<Page<DagSummaryReport>> = pageOf(summary);

const place = { file: text.nullable(), line: count.nullable(), column: count.nullable(), message: text };
export const dagErrors: z.ZodType<DagErrorReport[]> = z.array(
  z.strictObject({ bundle: name, path: name, team: name, ...place }),
);

/** Additional fields of a run whose Dag file cannot be read. */
export const lastGood: {
  [K in keyof Required<LastGood>]: z.ZodExactOptional<z.ZodType<Required<LastGood>[K]>>;
} = {
  lastGood: z.exactOptional(z.literal(true)),
  dagFileErrors: z.exactOptional(z.array(z.strictObject({ bundle: name, path: name, ...place }))),
};

export const pausedDag: z.ZodType<PausedDag> = z.strictObject({
  dagId: name,
  team: name,
  isPaused: z.boolean(),
});

const branch: z.ZodType<SerializedBranch> = z.strictObject({
  by: z.enum(["boolean", "value", "task"]),
  path: z.array(z.union([text, z.number()])),
  cases: z.array(z.strictObject({ json: text, taskIds: z.array(name) })),
  otherwise: z.array(name),
});

const lockConfig: z.ZodType<LockConfig> = z.strictObject({
  store: z.exactOptional(text),
  waitMs: z.exactOptional(z.number()),
  onTimeout: z.exactOptional(z.literal("fail")),
  unavailable: z.exactOptional(z.enum(["wait", "fail"])),
});

const cacheConfig: z.ZodType<SerializedCacheConfig> = z.strictObject({
  ttlMs: z.union([z.number(), z.null(), z.literal("default")]),
  excludeInputs: z.array(text),
  includeInputs: z.array(text),
  env: z.array(text),
  version: text.nullable(),
  serialize: z.boolean(),
  lock: z.exactOptional(lockConfig),
  errorsTtlMs: z.number().nullable(),
  files: z.exactOptional(z.array(text)),
  reads: z.exactOptional(z.array(z.strictObject({ cache: text, pattern: text }))),
  trust: z.exactOptional(z.array(z.enum(CACHE_TRUSTS))),
  keyStorage: z.exactOptional(name),
  resultStorage: z.exactOptional(name),
  projections: z.exactOptional(z.array(z.tuple([text, z.array(text)]))),
  key: z.exactOptional(
    z.strictObject({ sourceHash: text, trust: z.exactOptional(z.enum(["pure", "unconfirmed"])) }),
  ),
  ignoreSource: z.exactOptional(z.literal(true)),
  share: z.exactOptional(text),
  mode: z.exactOptional(z.enum(["refresh", "read", "keep"])),
  expires: z.exactOptional(
    z.union([z.strictObject({ afterMs: z.number() }), z.strictObject({ schedule: text })]),
  ),
});

const task: z.ZodType<DagTaskReport> = z.strictObject({
  taskId: name,
  upstream: z.array(name),
  expand: z.array(text),
  branch: branch.nullable(),
  triggerRule: z.enum(TRIGGER_RULES),
  retries: count,
  cache: cacheConfig.nullable(),
  sourceHash: text,
  isRunStep: z.boolean(),
  reuse: z.exactOptional(z.literal(true)),
});

const transaction: z.ZodType<SerializedTransaction> = z.strictObject({
  transactionId: name,
  parent: z.exactOptional(name),
  taskIds: z.array(name),
  commit: z.union([
    z.enum(["lazy", "eager"]),
    z.strictObject({ taskId: name, path: z.array(z.union([text, z.number()])) }),
  ]),
  failOn: z.exactOptional(z.literal("leaves")),
  cache: z.exactOptional(cacheConfig),
  isolation: z.exactOptional(
    z.strictObject({ includeInputs: z.exactOptional(z.array(text)), lock: z.exactOptional(lockConfig) }),
  ),
  callbacks: z.exactOptional(z.array(z.enum(["commit", "rollback"]))),
});

export const dagReport: z.ZodType<DagReport> = z.strictObject({
  dagId: name,
  team: name,
  bundle: name,
  path: name,
  version: text,
  description: text.nullable(),
  schedule: text.nullable(),
  timezone: text,
  startDate: z.exactOptional(text),
  endDate: z.exactOptional(text),
  isPaused: z.boolean(),
  nextRunAt: time.nullable(),
  catchup: z.boolean(),
  maxActiveRuns: count,
  cache: z.boolean(),
  params: jsonObject,
  paramSchemas: z.exactOptional(z.record(text, jsonSchema)),
  confSchema: z.exactOptional(jsonSchema),
  tags: z.array(text),
  tasks: z.array(task),
  transactions: z.exactOptional(z.array(transaction)),
  warnings: z.array(text),
});
