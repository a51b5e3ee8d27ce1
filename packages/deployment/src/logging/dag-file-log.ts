// Logs what becomes of Dag files: what was read, what is broken and where, what was mended.

import { join, relative } from "node:path";
import type { DagFile, DagFileError, Logger } from "@memodag/core";
import type { BundleSummary, DagBundle } from "@memodag/dag-processor";

/** Tells of each fault once, however often the file is looked at, until it is another or none. */
export class DagFileLog {
  readonly #log: Logger;
  readonly #folders: ReadonlyMap<string, string>;
  readonly #cwd: string;
  /** What was told of broken files. */
  readonly #told = new Map<string, string>();

  /** `cwd`: what shown paths are relative to, so that a terminal can open them. */
  constructor(log: Logger, bundles: readonly DagBundle[], cwd: string) {
    this.#log = log;
    this.#folders = new Map(bundles.map(({ name, path }) => [name, path]));
    this.#cwd = cwd;
  }

  /** Tells what a pass came to. */
  tell({ bundle, files }: BundleSummary): void {
    for (const file of files) {
      const { path } = file;
      if (file.kind === "broken") this.#tellBroken(bundle, path, file.error);
      if (file.kind !== "read") continue;
      const wasBroken = this.#told.delete(join(bundle, path));
      const message = wasBroken ? "Dag file is mended and was read" : "Dag file read";
      this.#log.info(message, { bundle, path, dagIds: file.dagIds });
    }
  }

  /** Tells of a file that was broken before this process began, and has not changed since. */
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
