// Checks whether this machine's directories are writable and its Dag files readable.

import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { checkFolders, type LoadedConfig } from "@memodag/config";
import { messageOf, nameFileFault, OWN_FOLDER_MODE, type Logger } from "@memodag/core";
import { openMetastore } from "@memodag/metastore";
import { placeOf } from "@memodag/operations/dags";
import { openDagProcessor } from "../dags/dag-files.ts";
import type { Finding } from "./finding.ts";
import { lookAtTransactions } from "./look-at-transactions.ts";

/** An empty file fits on a full disk; this many bytes do not. */
const TRIAL_BYTES = 65_536;

/** Below this many bytes a disk is nearly full. */
const LITTLE_ROOM = 64 * 2 ** 20;

const GROUP_AND_OTHERS = 0o077;

/**
 * Writes to the directories of logs, artifacts, command files and the SQLite file, and removes the test
 * files.
 */
export async function lookAtStateDir({ config }: LoadedConfig): Promise<Finding[]> {
  const { stateDir } = config.core;
  const below = ["logs", "artifacts", "exchange", "cache"].map((name) => join(stateDir, name));
  const { url } = config.database;
  const database =
    url.startsWith("sqlite:") && !url.includes(":memory:") ? [dirname(url.slice("sqlite:".length))] : [];
  // Each may be a mount of its own; missing ones would be created on the disk of the first.
  const folders = [...new Set([stateDir, ...below, ...database].map((path) => resolve(path)))];
  const found = folders
    .filter((folder) => folder === resolve(stateDir) || existsSync(folder))
    .flatMap((folder) => lookAtFolder(folder));
  const files = database.length === 0 ? [] : [resolve(url.slice("sqlite:".length))];
  const wide = [resolve(stateDir), ...files].filter((path) => existsSync(path)).flatMap(lookAtMode);
  if (found.length + wide.length > 0) return [...found, ...wide];
  return [{ check: "folders", status: "ok", message: `${stateDir} can be written to` }];
}

function lookAtMode(path: string): Finding[] {
  const stat = statSync(path);
  if ((stat.mode & GROUP_AND_OTHERS) === 0) return [];
  const mode = stat.isDirectory() ? "700" : "600";
  const message = `${path} is open to other users of this machine: \`chmod ${mode}\` it`;
  return [{ check: "folders", status: "warn", message }];
}

function lookAtFolder(folder: string): Finding[] {
  const check = "folders";
  try {
    mkdirSync(folder, { recursive: true, mode: OWN_FOLDER_MODE });
    const trial = mkdtempSync(join(folder, "doctor-"));
    try {
      writeFileSync(join(trial, "trial"), Buffer.alloc(TRIAL_BYTES), { flush: true });
    } finally {
      rmSync(trial, { recursive: true, force: true });
    }
  } catch (error) {
    const use = {
      what: "logs, artifacts and the database",
      path: folder,
      setting: "[core] state_dir or [database] url",
    };
    return [{ check, status: "fail", message: messageOf(nameFileFault(error, use)) }];
  }
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < LITTLE_ROOM) {
    const left = `${Math.floor((bavail * bsize) / 2 ** 20)} MiB`;
    return [{ check, status: "warn", message: `${folder} has ${left} left on its disk: free space on it` }];
  }
  return [];
}

/** Reads every Dag file into a temporary database, so that what is stored does not change. */
export async function lookAtDagFiles(
  loaded: LoadedConfig,
  scratchDir: string,
  log: Logger,
): Promise<Finding[]> {
  checkFolders(loaded);
  const forgotten = await openMetastore("sqlite::memory:");
  try {
    await forgotten.migrate();
    const processor = await openDagProcessor({ dags: forgotten.dags, loaded }, scratchDir);
    const summaries = await processor.processBundles(loaded.config.bundles);
    const files = summaries.flatMap((summary) => summary.files.map((file) => ({ ...summary, file })));
    const broken = files.flatMap(({ bundle, file }): Finding[] =>
      file.kind === "broken"
        ? [
            {
              check: "dags",
              status: "fail",
              message: `${bundle}/${file.path}: ${placeOf(file.path, file.error)}: ${file.error.message}`,
            },
          ]
        : [],
    );
    if (broken.length > 0) return broken;
    const dags = await forgotten.dags.listDags();
    if (dags.length > 0) {
      const found: Finding = {
        check: "dags",
        status: "ok",
        message: `${dags.length} in ${files.length} files`,
      };
      const versions = await Promise.all(
        dags.map(({ dagId, team }) => forgotten.dags.findDagVersions(dagId, team)),
      );
      // Databases and stores that cannot be opened are reported by checks of their own.
      const joint = await lookAtTransactions(loaded, versions.flat(), log).catch(() => []);
      return [found, ...joint];
    }
    const message = "no Dag in any folder that [[bundles]] names: a Dag file exports a Dag";
    return [{ check: "dags", status: "warn", message }];
  } finally {
    await forgotten.close();
  }
}
