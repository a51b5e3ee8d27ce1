// Whether the cache is in use, in the shape of `cache stats --json`.

import type { BreakerStates, CacheSwitch, ReportedBreaker } from "@memodag/metastore";
import { isoTime } from "../iso-time.ts";
import { turnOffReason } from "./turn-off-reason.ts";

/** A scheduler whose circuit breaker is not closed. */
export interface BreakerShown extends Omit<ReportedBreaker, "since"> {
  /** ISO 8601. */
  readonly since: string;
}

/** The reasons why the cache is not used. */
export interface CacheHealth {
  /** Why caching is off for the whole deployment; `null`: it is on. */
  readonly offReason: string | null;
  /** Schedulers whose circuit breaker is not closed. */
  readonly breakers: readonly BreakerShown[];
}

/** Reads the switches and the breaker states that schedulers report. */
export async function readCacheHealth(parts: {
  /** Why the config switches caching off; `null` when it does not. */
  readonly configOffReason: string | null;
  readonly cacheSwitch: Pick<CacheSwitch, "find">;
  readonly breakers: Pick<BreakerStates, "list">;
}): Promise<CacheHealth> {
  const offReason = parts.configOffReason ?? turnOffReason(await parts.cacheSwitch.find());
  const breakers = await parts.breakers.list();
  return {
    offReason,
    breakers: breakers.map((breaker) => ({ ...breaker, since: isoTime(breaker.since) })),
  };
}
