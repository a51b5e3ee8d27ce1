// Schemas of operations on entries of job caches.

import * as z from "zod";
import type { EntryListInput, EntryReport } from "../entries/list-entries.ts";
import type { EntryName } from "../entries/read-entry.ts";
import type { RemovedEntries, RemoveEntriesInput } from "../entries/remove-entries.ts";
import { count, digest, mapIndex, name, runName, text, time } from "./values.ts";

export const listInput: z.ZodType<EntryListInput> = z.strictObject({
  ...runName,
  group: text.optional(),
  cache: name.optional(),
});
export const nameInput: z.ZodType<EntryName> = z.strictObject({
  ...runName,
  key: text,
  cache: name.optional(),
});
export const removeInput: z.ZodType<RemoveEntriesInput> = z.strictObject({
  ...runName,
  key: text,
  cache: name.optional(),
  isGroup: z.boolean().optional(),
});
export const report: z.ZodType<EntryReport> = z.strictObject({
  cache: text,
  key: text,
  digest,
  sizeBytes: count,
  store: text,
  producer: z.strictObject({ runId: text, taskId: name, mapIndex }),
  savedAt: time,
});
export const removed: z.ZodType<RemovedEntries> = z.strictObject({
  dagId: name,
  runId: name,
  removed: count,
});
