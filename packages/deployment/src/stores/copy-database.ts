// Copies the configured metadata database to the one that a command names.

import { readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { MemodagError } from "@memodag/core";
import type { CopyReport } from "@memodag/operations/database";
import { currentActor } from "../config/current-actor.ts";
import { loadSettings, type ConfigChoice } from "../config/settings.ts";
import { ownCacheUrl } from "./cache-backends.ts";
import { passwordOptions } from "./database.ts";

/** The target of a copy: exactly one of both. */
export interface CopyTarget {
  readonly to?: string;
  /** A file with the URL, so that a password is in no list of processes. */
  readonly toFile?: string;
}

/** A finished copy, and the steps that remain. */
export interface MetadataCopy {
  readonly report: CopyReport;
  /** Lines that say what to change in the config. */
  readonly nextSteps: readonly string[];
}

/**
 * Copies the metadata database of the config.
 * @throws MemodagError `usage`; what loading the config and copying throw
 */
export async function copyMetadataDatabase(choice: ConfigChoice, target: CopyTarget): Promise<MetadataCopy> {
  const loaded = await loadSettings(choice);
  const { copyMetadata } = await import("@memodag/operations/database");
  const { config } = loaded;
  const report = await copyMetadata({
    from: config.database.url,
    to: readTarget(target),
    actor: currentActor(),
    options: { postgres: passwordOptions() },
  });
  const setting = settingOf(target, report, loaded.projectDir);
  const nextSteps = [
    `Write ${setting} under [database] in ${loaded.file ?? "memodag.toml"}, in place of the url there, and start the schedulers again.`,
  ];
  if (ownCacheUrl(config) !== undefined)
    nextSteps.push("The cache's own database, [task_cache] url, is not part of the copy and stays in use.");
  else if (config.taskCache.url !== undefined)
    nextSteps.push("[task_cache] url names the old database as well: change it, too.");
  return { report, nextSteps };
}

/** The line of the config that names the target. Paths in it are relative to the project. */
function settingOf({ to, toFile }: CopyTarget, report: CopyReport, projectDir: string): string {
  if (toFile !== undefined) return `url_file = ${JSON.stringify(relative(projectDir, resolve(toFile)))}`;
  // A password belongs in a file, and is not printed.
  if (to !== report.to) return "url_file, the path of a file with the URL of the new database,";
  const path = /^sqlite:(.+)$/s.exec(to)?.[1];
  return `url = ${JSON.stringify(path === undefined ? to : `sqlite:${resolve(path)}`)}`;
}

function readTarget({ to, toFile }: CopyTarget): string {
  if ((to === undefined) === (toFile === undefined)) {
    throw new MemodagError(
      "usage",
      "name one target: --to URL, or --to-file FILE with the URL in a file that others cannot read",
    );
  }
  if (to !== undefined) return to;
  const path = resolve(toFile ?? "");
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new MemodagError("usage", `--to-file: ${path} cannot be read (${code}): write the URL into it`, {
      cause: error,
    });
  }
}
