// How what an actor does is written down.

import {
  messageOf,
  type AuditAct,
  type AuditAction,
  type AuditActor,
  type AuditLog,
  type JsonObject,
} from "@memodag/core";

/**
 * An act of an actor. Stores that take an act write it down in the transaction that does it;
 * what takes more than one transaction goes through {@link audited}.
 */
export function newAct(
  actor: AuditActor,
  action: AuditAction,
  team: string | null,
  filter: JsonObject,
): AuditAct {
  return { actor, action, team, filter };
}

/**
 * Writes an act down, does it, and writes down how it ended. Nothing is done that cannot be written down.
 * @param affected how many rows the work changed; `null` when that is not a number
 */
export async function audited<T>(
  log: AuditLog,
  act: AuditAct,
  work: () => Promise<T>,
  affected: (result: T) => number | null,
): Promise<T> {
  const id = await log.begin(act);
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // What went wrong is what has to be told, even when this cannot be written down.
    await log.end(id, { kind: "failed", error: messageOf(error) }).catch(() => undefined);
    throw error;
  }
  await log.end(id, { kind: "done", affected: affected(result) });
  return result;
}
