// Finds the config file: the given one, or the nearest in the default locations, from the current folder upwards.

import { existsSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { MemodagError } from "@memodag/core";

/** The inputs of the lookup. */
export interface ConfigLookup {
  /** `--config`. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** The user who runs this. Default: that of this process. */
  readonly uid?: number | undefined;
}

const DEFAULT_PLACES = ["memodag.toml", join("config", "memodag.toml")];

/** The default locations of a config file, for messages. */
export function placesLookedAt(cwd: string): string[] {
  const places = DEFAULT_PLACES.map((place) => join(cwd, place));
  return ["$MEMODAG_CONFIG (not set)", ...places, "the same in the folders above"];
}

/**
 * Returns the absolute path of the config file, from `--config`, `$MEMODAG_CONFIG`, or `memodag.toml` or
 * `config/memodag.toml` in the current folder or the nearest above it; undefined if there is none and the defaults
 * apply.
 * @throws MemodagError `config_not_found` if an explicitly given file does not exist; `config_invalid` for a file
 * above that belongs to another user
 */
export function findConfigFile({
  file,
  env,
  cwd,
  uid = process.geteuid?.(),
}: ConfigLookup): string | undefined {
  const named = file ?? (env["MEMODAG_CONFIG"] || undefined);
  if (named === undefined) return findUpwards(cwd, uid);
  const path = resolve(cwd, named);
  if (existsSync(path)) return path;
  const givenBy = file === undefined ? "$MEMODAG_CONFIG" : "--config";
  throw new MemodagError(
    "config_not_found",
    `Config file ${path}, given by ${givenBy}, does not exist: correct the path or remove ${givenBy}`,
    { fields: { path, givenBy } },
  );
}

function findUpwards(cwd: string, uid: number | undefined): string | undefined {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const found = DEFAULT_PLACES.map((place) => join(folder, place)).find((path) => existsSync(path));
    if (found !== undefined) {
      if (folder !== cwd) requireOwn(found, uid);
      return found;
    }
    if (folder === dirname(folder)) return undefined;
  }
}

/** A config names code to run. One that another user left in a shared folder above is not taken up by chance. */
function requireOwn(path: string, user: number | undefined): void {
  const { uid } = statSync(path);
  if (user === undefined || uid === user || uid === 0) return;
  throw new MemodagError(
    "config_invalid",
    `The config file ${path} was found above the current folder, and belongs to another user (uid ${uid}): ` +
      `add --config ${path} if it is meant`,
    { fields: { path, uid } },
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
