// Schemas of operations on workers on other machines, their queues and tokens.

import * as z from "zod";
import type { DrainedWorkers, DrainInput } from "../workers/drain-worker.ts";
import type { QueueReport } from "../workers/list-queues.ts";
import type { WorkerReport } from "../workers/list-workers.ts";
import type { MadeToken, MakeTokenInput, TokenName, TokenReport } from "../workers/worker-tokens.ts";
import { count, name, size, text, time } from "./values.ts";

const names = z.array(name);
const scope = { queues: names.nullable(), teams: names.nullable() };

export const drainInput: z.ZodType<DrainInput> = z.strictObject({ worker: name });
export const drained: z.ZodType<DrainedWorkers> = z.strictObject({ worker: name, drained: count });
export const makeTokenInput: z.ZodType<MakeTokenInput> = z.strictObject({
  name,
  queues: names.optional(),
  teams: names.optional(),
  validForMs: z.int().min(1).nullable(),
});
export const tokenName: z.ZodType<TokenName> = z.strictObject({ id: name });
export const madeToken: z.ZodType<MadeToken> = z.strictObject({ id: name, name, ...scope, token: text });
export const tokens: z.ZodType<TokenReport[]> = z.array(
  z.strictObject({
    id: name,
    name,
    ...scope,
    createdAt: time,
    expiresAt: time.nullable(),
    revokedAt: time.nullable(),
  }),
);
export const workers: z.ZodType<WorkerReport[]> = z.array(
  z.strictObject({
    id: name,
    name,
    host: text,
    pid: count,
    queues: names,
    concurrency: count,
    running: count,
    version: text,
    node: text,
    tokenId: name,
    registeredAt: time,
    beatAt: time,
    state: z.enum(["active", "draining", "lost"]),
  }),
);
export const queues: z.ZodType<QueueReport[]> = z.array(
  z.strictObject({
    queue: name,
    waiting: count,
    started: count,
    oldestWaitMs: size.nullable(),
    workers: count,
    places: count,
  }),
);
