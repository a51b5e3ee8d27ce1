// Schemas of the operations on locks of cache keys.

import * as z from "zod";
import type { ListLocksInput, LockList, LockReport, ReleasedLock, ReleaseLockInput } from "../cache/locks.ts";
import { count, digest, keyDigits, missed, name, text, time } from "./values.ts";

export const listLocksInput: z.ZodType<ListLocksInput> = z.strictObject({ team: name.optional() });
export const releaseLockInput: z.ZodType<ReleaseLockInput> = z.strictObject({
  key: keyDigits,
  team: name.optional(),
});
const lock: z.ZodType<LockReport> = z.strictObject({
  team: name,
  key: digest,
  store: text,
  holder: text,
  expiresAt: time,
  waiting: count,
});
export const lockList: z.ZodType<LockList> = z.strictObject({ items: z.array(lock), missed });
export const releasedLock: z.ZodType<ReleasedLock> = z.strictObject({ released: z.array(lock), missed });
