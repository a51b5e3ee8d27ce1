// The stores and settings of a scheduler with which a run is foretold, and nothing that executes.

import { randomUUID } from "node:crypto";
import { DEFAULT_POOLS, type Executor } from "@memodag/core";
import { ResultCaches, type DecisionLog, type DecisionLogParts } from "@memodag/result-cache";
import { AttemptRouter } from "../attempts/attempt-router.ts";
import { LimitLedger } from "../attempts/limit-ledger.ts";
import { OwnSurroundings } from "../cache/own-surroundings.ts";
import type { RunContext } from "../context/run-context.ts";
import type { SchedulerParts } from "../service/scheduler-parts.ts";
import type { AwaitedRuns } from "../steps/awaited-runs.ts";
import { ValueWorker } from "../values/value-worker.ts";

/** Has no room for any attempt. */
const IDLE: Executor = {
  outlives: false,
  capacity: () => 0,
  listen: () => undefined,
  submit: () => Promise.resolve("full"),
  adopt: () => Promise.resolve([]),
  settle: () => Promise.resolve(),
  cancel: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

/** The parts of a scheduler that a plan needs. The caches must only read; key functions are not asked. */
export type PlanParts = Pick<
  SchedulerParts,
  | "runs"
  | "dags"
  | "cache"
  | "namedCaches"
  | "values"
  | "entries"
  | "keyMaker"
  | "keyMemos"
  | "clock"
  | "log"
  | "cachingOffReason"
  | "secrets"
  | "surroundings"
  | "env"
  | "options"
> & {
  /** Explains misses. */
  readonly explaining: Omit<DecisionLogParts, "clock" | "log">;
};

/** A plan writes nothing: it holds the results of all hits, which lists and branches are read from. */
const MAX_HELD_BYTES = 256 * 2 ** 20;

/** Without locks, which a plan takes none of, no instance waits for one. */
export function planContext(
  parts: PlanParts,
  own: { readonly decisionLog: DecisionLog; readonly awaited: AwaitedRuns },
): RunContext {
  const { runs, dags, clock, log, options, env } = parts;
  const nothing = (): void => undefined;
  return {
    ...own,
    runs,
    dags,
    onRunMade: nothing,
    caches: new ResultCaches(parts.cache, parts.namedCaches),
    keyLocks: undefined,
    attempts: new AttemptRouter({
      executor: IDLE,
      clock,
      log,
      onSlotFree: nothing,
      maySubmit: () => false,
    }),
    callbacks: undefined,
    limits: new LimitLedger(options.poolSlots ?? DEFAULT_POOLS, nothing, nothing),
    areLeasesSure: () => false,
    values: new ValueWorker(),
    xcomValues: parts.values,
    entries: parts.entries,
    clock,
    log,
    listener: {},
    owner: "plan",
    cachingOffReason: parts.cachingOffReason,
    defaultTtlMs: options.defaultTtlMs,
    maxInputSize: options.maxInputSize,
    maxProjectedSize: options.maxProjectedSize,
    keyMaker: parts.keyMaker,
    keyMemos: parts.keyMemos,
    keyTimeoutMs: () => 0,
    recheckShare: options.recheckShare ?? (() => 0),
    surroundings: parts.surroundings ?? new OwnSurroundings(env),
    env,
    secrets: parts.secrets,
    newAttemptId: randomUUID,
    random: Math.random,
    maxUncommittedBytes: MAX_HELD_BYTES,
  };
}
