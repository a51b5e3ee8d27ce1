// Records the acts of an actor in the audit log.

import {
  messageOf,
  type AuditAct,
  type AuditAction,
  type AuditActor,
  type AuditLog,
  type JsonObject,
} from "@memodag/core";

/**
 * An act of an actor. Stores that accept an act record it in the transaction that performs it; an operation
 * that needs several transactions uses {@link audited}.
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
 * Records an act, performs it, and records its outcome. If the act cannot be recorded, it is not performed.
 * @param affected the number of rows that the work changed; `null` when that is not a number
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
    // The original error has to be reported, even if its outcome cannot be recorded.
    await log.end(id, { kind: "failed", error: messageOf(error) }).catch(() => undefined);
    throw error;
  }
  await log.end(id, { kind: "done", affected: affected(result) });
  return result;
}
