// Finds the config file: the given one, or the first that exists in the default locations.

import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { MemodagError } from "@memodag/core";

/** The inputs of the lookup. */
export interface ConfigLookup {
  /** `--config`. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

const DEFAULT_PLACES = ["memodag.toml", join("config", "memodag.toml")];

/** The default locations of a config file, for messages. */
export function placesLookedAt(cwd: string): string[] {
  return ["$MEMODAG_CONFIG (not set)", ...DEFAULT_PLACES.map((place) => join(cwd, place))];
}

/**
 * Returns the absolute path of the config file, from `--config`, `$MEMODAG_CONFIG`, `./memodag.toml` or
 * `./config/memodag.toml`, or undefined if there is none and the defaults apply.
 * @throws MemodagError `config_not_found` if an explicitly given file does not exist.
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
    `Config file ${path}, given by ${givenBy}, does not exist: correct the path or remove ${givenBy}`,
    { fields: { path, givenBy } },
  );
}

/**
 * Returns the folder that relative paths in a config file are resolved against: the file's folder, or its
 * parent if the folder is named `config`, so that a project's `config/memodag.toml` refers to the
 * project.
 */
export function projectDirOf(configFile: string): string {
  const folder = dirname(configFile);
  return basename(folder) === "config" ? dirname(folder) : folder;
}
