// The file in which an API notes where it listens, for commands on its machine.

import { join } from "node:path";

/** Returns its path. The API that was started last is in it, until that is closed. */
export function addressFile(stateDir: string): string {
  return join(stateDir, "api.url");
}
