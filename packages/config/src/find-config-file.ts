// Which config file holds: the one named, or the first that stands where one is looked for.

import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { MemodagError } from "@memodag/core";

/** Where to look. */
export interface ConfigLookup {
  /** `--config`. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

const DEFAULT_PLACES = ["memodag.toml", join("config", "memodag.toml")];

/** Where a config file is looked for when `--config` names none, for people. */
export function placesLookedAt(cwd: string): string[] {
  return ["$MEMODAG_CONFIG (not set)", ...DEFAULT_PLACES.map((place) => join(cwd, place))];
}

/**
 * The absolute path of the config file: `--config`, `$MEMODAG_CONFIG`, `./memodag.toml`,
 * `./config/memodag.toml`; undefined when there is none and defaults hold.
 * @throws MemodagError `config_not_found` when a file that was named is not there.
 */
export function findConfigFile({ file, env, cwd }: ConfigLookup): string | undefined {
  const named = file ?? (env["MEMODAG_CONFIG"] || undefined);
  if (named === undefined) {
    return DEFAULT_PLACES.map((place) => join(cwd, place)).find((path) => existsSync(path));
  }
  const path = resolve(cwd, named);
  if (existsSync(path)) return path;
  const givenBy = file === undefined ? "$MEMODAG_CONFIG" : "--config";
  throw new MemodagError(
    "config_not_found",
    `There is no config file at ${path}, which ${givenBy} names: correct the path or take ${givenBy} away`,
    { fields: { path, givenBy } },
  );
}

/**
 * The folder that relative paths in a config file start from: its own, or the one above when it
 * stands in a folder named `config`; so a project's `config/memodag.toml` speaks of the project.
 */
export function projectDirOf(configFile: string): string {
  const folder = dirname(configFile);
  return basename(folder) === "config" ? dirname(folder) : folder;
}
