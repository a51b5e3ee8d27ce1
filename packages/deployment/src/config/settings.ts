// Loads the selected config.

import type { LoadedConfig } from "@memodag/config";
import { ownEnvironment } from "./environment-secrets.ts";

/** Selects a config. */
export interface ConfigChoice {
  /** Path of the config file; by default it is searched for. */
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
