// Records in the audit log that a scheduler noticed a change of its config file, which keeps no history
// itself.

import type { ConfigChange } from "@memodag/config";
import { messageOf, type AuditLog, type Logger } from "@memodag/core";
import { newAct } from "@memodag/operations";
import { currentActor } from "../config/current-actor.ts";

/** Records a change as seen by this process. Never rejects: the change applies anyway. */
export async function writeConfigChange(
  audit: AuditLog,
  changes: readonly ConfigChange[],
  log: Logger,
): Promise<void> {
  const filter = {
    pid: process.pid,
    ...Object.fromEntries(changes.map(({ path, before, after }) => [path, [before, after]])),
  };
  try {
    await audit.write(newAct(currentActor(), "config.change", null, filter), changes.length);
  } catch (error) {
    log.warn("a change of the config could not be written down", { error: messageOf(error) });
  }
}
