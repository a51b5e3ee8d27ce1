// Switches caching off and on for every scheduler at once.

import { newAct } from "../act.ts";
import type { OperationContext } from "../context.ts";
import { isoTime } from "../iso-time.ts";

/** The new position of the switch, and the reason. */
export interface SwitchCacheInput {
  readonly isEnabled: boolean;
  /** Shown to other users. */
  readonly reason?: string | undefined;
}

/** The current position of the switch. */
export interface SwitchedCache {
  readonly isEnabled: boolean;
  readonly reason: string | null;
  readonly changedBy: string;
  /** ISO 8601, by the database's clock. */
  readonly changedAt: string | null;
  /** Why caching is off by another switch; `null` when it is not. */
  readonly otherOffReason: string | null;
}

/** Sets the switch; schedulers follow within a second. */
export async function switchCache(
  { stores, actor, settings }: OperationContext,
  { isEnabled, reason }: SwitchCacheInput,
): Promise<SwitchedCache> {
  const { cacheSwitch } = stores;
  const change = { isEnabled, reason: reason ?? null, changedBy: `${actor.name}@${actor.host}` };
  const action = isEnabled ? "cache.enable" : "cache.disable";
  await cacheSwitch.turn(change, newAct(actor, action, null, { reason: change.reason }));
  const [last] = await cacheSwitch.list(1);
  const changedAt = isoTime(last?.changedAt ?? null);
  return { ...change, changedAt, otherOffReason: isEnabled ? settings.cachingOffReason() : null };
}
