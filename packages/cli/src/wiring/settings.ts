// Loads the config that a command's options name.

import type { LoadedConfig } from "@memodag/config";
import { ownEnvironment } from "../environment-secrets.ts";

/** What every command may be told. */
export interface CommonOptions {
  /** Path of the config file. */
  readonly config?: string;
  /** Print JSON in place of tables. */
  readonly json?: boolean;
}

/**
 * The config of `--config`, the environment and the working directory.
 * @throws MemodagError `config_not_found`, `config_invalid`.
 */
export async function loadSettings({ config: file }: CommonOptions): Promise<LoadedConfig> {
  const { loadConfig } = await import("@memodag/config");
  return loadConfig({ file, env: ownEnvironment(), cwd: process.cwd() });
}
