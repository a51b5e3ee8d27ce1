// The folder through which this process's commands get their arguments, and what killed processes left of theirs.

import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { OWN_FOLDER_MODE } from "@memodag/core";
import { isDeadOwner, newOwner } from "@memodag/scheduler";

/**
 * A path below the state folder that no other process has, and no other user can look into. Folders of processes
 * of this machine that are gone are removed: the guard that removes them may have been killed as well.
 */
export function exchangeFolder(stateDir: string): string {
  const exchange = join(stateDir, "exchange");
  try {
    mkdirSync(exchange, { recursive: true, mode: OWN_FOLDER_MODE });
    for (const name of readdirSync(exchange)) {
      if (isDeadOwner(name)) rmSync(join(exchange, name), { recursive: true, force: true });
    }
  } catch {
    // A full or read-only disk is told of when the folder is needed.
  }
  return join(exchange, newOwner());
}
