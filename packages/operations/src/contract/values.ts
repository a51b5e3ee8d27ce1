// Schemas of values that several operations share.

import {
  CACHE_STATUSES,
  DAG_RUN_STATES,
  REASON_CODES,
  findIsoTime,
  type CacheStatus,
  type DagRunType,
  type JsonObject,
  type JsonValue,
  type Producer,
  type ReasonCode,
  type StoredError,
  type TaskInstanceId,
  type TaskInstanceState,
} from "@memodag/core";
import type { MissedStore } from "@memodag/result-cache";
import * as z from "zod";

/** Creates an enum from a list that has to contain every member of `T`; an omission does not compile. */
export type EnumOfEvery<T extends string> = <const L extends readonly T[]>(
  list: L & ([Exclude<T, L[number]>] extends [never] ? unknown : never),
) => z.ZodType<L[number]>;

/** See {@link EnumOfEvery}. */
export function everyOf<T extends string>(): EnumOfEvery<T> {
  const make = (list: readonly string[]): z.ZodType<string> => z.enum([...list]);
  return make as EnumOfEvery<T>;
}

/** Schemas of the fields of an object. */
export type FieldsOf<T> = { readonly [K in keyof T]-?: z.ZodType<T[K]> };

export const text: z.ZodString = z.string();
export const name: z.ZodString = z.string().min(1);
export const count: z.ZodNumber = z.int().min(0);
export const size: z.ZodNumber = z.number().min(0);
export const mapIndex: z.ZodNumber = z.int().min(-1);
export const time: z.ZodISODateTime = z.iso.datetime();
export const digest: z.ZodString = z.string().regex(/^[0-9a-f]{64}$/);
export const keyDigits: z.ZodString = z.string().regex(/^[0-9a-f]{1,64}$/);

/** A time as a user writes it. */
export const writtenTime: z.ZodType<string> = z
  .string()
  .refine((written) => findIsoTime(written) !== undefined, "must be an ISO 8601 date or time");

export const json: z.ZodType<JsonValue> = z.json();
export const jsonObject: z.ZodType<JsonObject> = z.record(z.string(), z.json());
export const jsonSchema: z.ZodType<JsonObject | boolean> = z.union([jsonObject, z.boolean()]);

export const dagRunState: z.ZodType<(typeof DAG_RUN_STATES)[number]> = z.enum(DAG_RUN_STATES);
export const runType: z.ZodType<DagRunType> = everyOf<DagRunType>()(["manual", "scheduled", "backfill"]);
export const cacheStatus: z.ZodType<CacheStatus> = z.enum(CACHE_STATUSES as [CacheStatus, ...CacheStatus[]]);
export const reasonCode: z.ZodType<ReasonCode> = z.enum(REASON_CODES as [ReasonCode, ...ReasonCode[]]);
export const instanceState: z.ZodType<TaskInstanceState> = everyOf<TaskInstanceState>()([
  "none",
  "scheduled",
  "queued",
  "running",
  "up_for_retry",
  "up_for_reschedule",
  "success",
  "failed",
  "upstream_failed",
  "skipped",
  "removed",
]);

export const storedError: z.ZodType<StoredError> = z.strictObject({ code: text, message: text });
export const instanceId: z.ZodType<TaskInstanceId> = z.strictObject({ taskId: name, mapIndex });
export const producer: z.ZodType<Producer> = z.strictObject({ runId: name, mapIndex, tryNumber: count });

/** The stores that an answer leaves out, if any. */
export const missed: z.ZodExactOptional<z.ZodType<MissedStore[]>> = z.exactOptional(
  z.array(z.strictObject({ store: text, reason: text })),
);

/** The schema of a page of such items. */
export function pageOf<T>(item: z.ZodType<T>): z.ZodType<{ items: T[]; next: string | null }> {
  return z.strictObject({ items: z.array(item), next: z.string().nullable() });
}

/** The fields that name a Dag. */
export const dagName: { dagId: z.ZodString; team: z.ZodOptional<z.ZodString> } = {
  dagId: name,
  team: name.optional(),
};

/** The fields that name a run. */
export const runName: typeof dagName & { runId: z.ZodString } = { ...dagName, runId: name };

/** The fields that choose a page. */
export const pageChoice: { limit: z.ZodOptional<z.ZodNumber>; after: z.ZodOptional<z.ZodString> } = {
  limit: z.int().min(1).max(10_000).optional(),
  after: z.string().optional(),
};
