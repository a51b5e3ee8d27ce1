// Paths within the state directory.

import { join } from "node:path";
import type { Config } from "@memodag/config";

/** The folder of all logs of attempts. */
export function logsDirOf(config: Config): string {
  return join(config.core.stateDir, "logs");
}

/** The folder of copies of artifacts. */
export function artifactsDirOf(config: Config): string {
  return join(config.core.stateDir, "artifacts");
}
