// The directory through which commands receive their arguments; also removes those of killed processes.

import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { OWN_FOLDER_MODE } from "@memodag/core";
import { isDeadOwner, newOwner } from "@memodag/scheduler";

/**
 * A path in the state directory that no other process uses and no other user can read. Removes the
 * directories of dead processes on this machine, whose guards may have been killed as well.
 */
export function exchangeFolder(stateDir: string): string {
  const exchange = join(stateDir, "exchange");
  try {
    mkdirSync(exchange, { recursive: true, mode: OWN_FOLDER_MODE });
    for (const name of readdirSync(exchange)) {
      if (isDeadOwner(name)) rmSync(join(exchange, name), { recursive: true, force: true });
    }
  } catch {
    // A full or read-only disk is reported when the directory is needed.
  }
  return join(exchange, newOwner());
}
