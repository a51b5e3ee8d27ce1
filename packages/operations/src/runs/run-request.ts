// Requests for runs of a Dag.

import {
  findIsoTime,
  MemodagError,
  secretTest,
  type CacheMode,
  type JsonObject,
  type RunSelection,
  type SecretTest,
} from "@memodag/core";
import type { OperationSettings } from "../context.ts";

/** The Dag to run, and how. */
export interface RunRequest {
  readonly dagId: string;
  /** Required if several teams have a Dag with that id. */
  readonly team?: string | undefined;
  /** The value of `dagRun.conf`. */
  readonly conf?: JsonObject | undefined;
  readonly params?: JsonObject | undefined;
  readonly cacheMode?: CacheMode | undefined;
}

/** The same for a single run. */
export interface DatedRunRequest extends RunRequest {
  /** ISO 8601; UTC if it has no zone. */
  readonly logicalDate?: string | null | undefined;
  /** The tasks that run; by default, all. */
  readonly selection?: RunSelection | undefined;
}

/** The part of a request that the scheduler receives, with defaults applied. */
export interface RunInputs {
  readonly conf: JsonObject;
  readonly params: JsonObject;
  readonly cacheMode: CacheMode;
  /** Names whose values are not shown in errors. */
  readonly isSecret: SecretTest;
}

/** Applies the defaults. */
export function runInputsOf(
  { conf = {}, params = {}, cacheMode = "use" }: RunRequest,
  { secretPatterns }: OperationSettings,
): RunInputs {
  return { conf, params, cacheMode, isSecret: secretTest(secretPatterns) };
}

/**
 * A logical date in milliseconds since the Unix epoch.
 * @throws MemodagError `usage` for a string that is not an ISO 8601 time.
 */
export function readLogicalDate({ logicalDate = null }: DatedRunRequest): number | null {
  if (logicalDate === null) return null;
  const time = findIsoTime(logicalDate);
  if (time !== undefined) return time;
  throw new MemodagError(
    "usage",
    `logicalDate: "${logicalDate}" is not an ISO 8601 date or time, such as 2026-11-03T06:00Z`,
  );
}
