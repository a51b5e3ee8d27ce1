// Requests for runs of a Dag.

import {
  MemodagError,
  secretTest,
  type CacheMode,
  type JsonObject,
  type RunCacheLimits,
  type SecretTest,
} from "@memodag/core";
import type { OperationSettings } from "../context.ts";
import { readWrittenTime } from "../written-time.ts";

/** The Dag to run, and how. */
export interface RunRequest {
  readonly dagId: string;
  /** Required if several teams have a Dag with that id. */
  readonly team?: string | undefined;
  /** The value of `dagRun.conf`. */
  readonly conf?: JsonObject | undefined;
  readonly params?: JsonObject | undefined;
  readonly cacheMode?: CacheMode | undefined;
  /** Makes hits of this run stricter than its tasks say. Only with the cache mode `use`. */
  readonly cacheLimits?: RunCacheLimits | undefined;
}

/** Which tasks of a Dag to run: one and everything upstream of it, or one alone. */
export type WantedSelection = { readonly until: string } | { readonly only: string };

/** The same for a single run. */
export interface DatedRunRequest extends RunRequest {
  /** ISO 8601; UTC if it has no zone. */
  readonly logicalDate?: string | null | undefined;
  /** The tasks that run; by default, all. */
  readonly selection?: WantedSelection | undefined;
}

/** The part of a request that the scheduler receives, with defaults applied. */
export interface RunInputs {
  readonly conf: JsonObject;
  readonly params: JsonObject;
  readonly cacheMode: CacheMode;
  readonly cacheLimits?: RunCacheLimits;
  /** Names whose values are not shown in errors. */
  readonly isSecret: SecretTest;
}

/**
 * Applies the defaults.
 * @throws MemodagError `usage` for limits of hits in a run that has none, and for a limit that nothing passes
 */
export function runInputsOf(
  { conf = {}, params = {}, cacheMode = "use", cacheLimits }: RunRequest,
  { secretPatterns }: OperationSettings,
): RunInputs {
  const limits = limitOptions(cacheLimits);
  if (cacheMode !== "use" && limits.length > 0) {
    const mode = cacheMode === "off" ? "--no-cache" : "--refresh-cache";
    throw new MemodagError(
      "usage",
      `${mode} leaves a run without hits: remove ${limits.join(" and ")}, or ${mode}`,
    );
  }
  if (cacheLimits?.ttlMs === 0)
    throw new MemodagError("usage", "--cache-ttl 0 leaves a run without hits: use --refresh-cache");
  const isSecret = secretTest(secretPatterns);
  return { conf, params, cacheMode, isSecret, ...(cacheLimits && limits.length > 0 && { cacheLimits }) };
}

/** The options of the command line that stand for limits. */
export function limitOptions({
  ttlMs,
  errors,
  refresh,
  recheck,
  recheckTask,
}: RunCacheLimits = {}): string[] {
  return [
    ...(ttlMs === undefined ? [] : ["--cache-ttl"]),
    ...(errors === undefined ? [] : ["--no-cached-errors"]),
    ...(refresh === undefined ? [] : ["--refresh-task"]),
    ...(recheck === undefined ? [] : ["--recheck"]),
    ...(recheckTask === undefined ? [] : ["cache recheck"]),
  ];
}

/**
 * A logical date in milliseconds since the Unix epoch.
 * @throws MemodagError `usage` for a string that is not an ISO 8601 time.
 */
export function readLogicalDate({ logicalDate = null }: DatedRunRequest): number | null {
  if (logicalDate === null) return null;
  return readWrittenTime("logicalDate", logicalDate);
}
