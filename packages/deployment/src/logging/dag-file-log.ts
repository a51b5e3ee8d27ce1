// Logs events of Dag files: what was read, what is broken and where, and what was fixed.

import { join, relative } from "node:path";
import type { DagFile, DagFileError, Logger } from "@memodag/core";
import type { BundleSummary, DagBundle } from "@memodag/dag-processor";

/** Logs each error once, however often the file is read, until it changes. */
export class DagFileLog {
  readonly #log: Logger;
  readonly #folders: ReadonlyMap<string, string>;
  readonly #cwd: string;
  /** The last error logged for each broken file. */
  readonly #told = new Map<string, string>();

  /** `cwd`: the directory to which shown paths are relative, so that a terminal can open them. */
  constructor(log: Logger, bundles: readonly DagBundle[], cwd: string) {
    this.#log = log;
    this.#folders = new Map(bundles.map(({ name, path }) => [name, path]));
    this.#cwd = cwd;
  }

  /** Logs the results of a pass. */
  tell({ bundle, files }: BundleSummary): void {
    for (const file of files) {
      const { path } = file;
      if (file.kind === "broken") this.#tellBroken(bundle, path, file.error);
      if (file.kind !== "read") continue;
      const wasBroken = this.#told.delete(join(bundle, path));
      const message = wasBroken ? "Dag file is fixed and was read" : "Dag file read";
      this.#log.info(message, { bundle, path, dagIds: file.dagIds });
    }
  }

  /** Logs a file that was broken before this process started and has not changed since. */
  tellStored({ bundle, path, error }: DagFile): void {
    if (error !== null) this.#tellBroken(bundle, path, error);
  }

  #tellBroken(bundle: string, path: string, { message, file, line, column }: DagFileError): void {
    const name = join(bundle, path);
    const shown = relative(this.#cwd, join(this.#folders.get(bundle) ?? "", file ?? path));
    const at = [shown, line, column].filter((part) => part !== null).join(":");
    if (this.#told.get(name) === `${at} ${message}`) return;
    this.#told.set(name, `${at} ${message}`);
    this.#log.warn(`Dag file could not be read, its Dags stay as they were: ${message}`, {
      at,
      bundle,
      path,
    });
  }
}
