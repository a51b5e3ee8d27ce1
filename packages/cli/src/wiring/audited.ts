// Who sits at this command line, and how what they do is written down.

import { hostname, userInfo } from "node:os";
import {
  messageOf,
  type AuditAct,
  type AuditAction,
  type AuditActor,
  type AuditLog,
  type JsonObject,
} from "@memodag/core";

/** The operating system's user that this process runs as. */
export function currentActor(): AuditActor {
  return { kind: "os_user", name: userName(), host: hostname() };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user without a name, as containers have them.
    return String(process.getuid?.() ?? "unknown");
  }
}

/**
 * An act of the current user. Stores that take an act write it down in the transaction that does it;
 * what takes more than one transaction goes through {@link audited}.
 */
export function newAct(action: AuditAction, team: string | null, filter: JsonObject): AuditAct {
  return { actor: currentActor(), action, team, filter };
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
