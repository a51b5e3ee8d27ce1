// Schemas of operations on processes and pools.

import { SERVICE_KINDS } from "@memodag/core";
import * as z from "zod";
import type { ListPoolsInput, PoolReport } from "../processes/list-pools.ts";
import type { ProcessReport } from "../processes/list-processes.ts";
import { count, name, text, time } from "./values.ts";

export const processes: z.ZodType<ProcessReport[]> = z.array(
  z.strictObject({
    id: name,
    kind: z.enum(SERVICE_KINDS),
    host: text,
    pid: count,
    version: text,
    startedAt: time,
    seenAt: time,
    isAlive: z.boolean(),
    slots: count.nullable(),
  }),
);
export const poolsInput: z.ZodType<ListPoolsInput> = z.strictObject({ team: name.optional() });
export const pools: z.ZodType<PoolReport[]> = z.array(
  z.strictObject({
    name,
    slots: count,
    taken: count,
    byDag: z.array(z.strictObject({ team: name, dagId: name, taken: count })),
  }),
);
