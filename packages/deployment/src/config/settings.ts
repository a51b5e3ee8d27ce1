// Loads the config that is chosen.

import type { LoadedConfig } from "@memodag/config";
import { ownEnvironment } from "./environment-secrets.ts";

/** Which config. */
export interface ConfigChoice {
  /** Path of the config file; without it, it is looked for. */
  readonly config?: string;
}

/**
 * The config of a file, the environment and the working directory.
 * @throws MemodagError `config_not_found`, `config_invalid`.
 */
export async function loadSettings({ config: file }: ConfigChoice): Promise<LoadedConfig> {
  const { loadConfig } = await import("@memodag/config");
  return loadConfig({ file, env: ownEnvironment(), cwd: process.cwd() });
}
