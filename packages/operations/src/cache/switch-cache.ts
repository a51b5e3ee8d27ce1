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

/** A turn of the switch. */
export interface SwitchTurnReport {
  readonly isEnabled: boolean;
  readonly reason: string | null;
  readonly changedBy: string;
  /** ISO 8601, by the database's clock. */
  readonly changedAt: string;
}

/** Turns of the switch that are listed, at most. */
const SHOWN_TURNS = 20;

/** Lists who turned the switch last, when and why, the latest first. */
export async function listSwitchTurns({ stores }: OperationContext): Promise<SwitchTurnReport[]> {
  const turns = await stores.cacheSwitch.list(SHOWN_TURNS);
  return turns.map((turn) => ({ ...turn, changedAt: isoTime(turn.changedAt) }));
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
