// Logs events of Dag files: what was read, what is broken and where, and what was fixed.

import { join, relative } from "node:path";
import { messageOf, type DagFile, type DagFileError, type Logger } from "@memodag/core";
import type { BundleSummary, DagBundle } from "@memodag/dag-processor";
import { nameFault } from "../stores/name-fault.ts";

/** Logs each error once, however often the file is read, until it changes. */
export class DagFileLog {
  readonly #log: Logger;
  readonly #folders: ReadonlyMap<string, string>;
  readonly #cwd: string;
  /** The last error logged for each broken file. */
  readonly #told = new Map<string, string>();
  /** The last error of each bundle whose pass failed as a whole. */
  readonly #failures = new Map<string, string>();

  /** `cwd`: the directory to which shown paths are relative, so that a terminal can open them. */
  constructor(log: Logger, bundles: readonly DagBundle[], cwd: string) {
    this.#log = log;
    this.#folders = new Map(bundles.map(({ name, path }) => [name, path]));
    this.#cwd = cwd;
  }

  /** Logs the results of a pass. */
  tell({ bundle, files }: BundleSummary): void {
    if (this.#failures.delete(bundle)) this.#log.info("the bundle's Dag files are read again", { bundle });
    for (const file of files) {
      const { path } = file;
      if (file.kind === "broken") this.#tellBroken(bundle, path, file.error);
      if (file.kind !== "read") continue;
      const wasBroken = this.#told.delete(join(bundle, path));
      const message = wasBroken ? "Dag file is fixed and was read" : "Dag file read";
      this.#log.info(message, { bundle, path, dagIds: file.dagIds });
    }
  }

  /** Logs that a pass failed as a whole, such as on a full disk: once, since it is tried again and again. */
  tellFailure(bundle: string, error: unknown): void {
    const message = messageOf(nameFault(error));
    if (this.#failures.get(bundle) === message) return;
    this.#failures.set(bundle, message);
    this.#log.error(`Dag files are not read for now, and will be when this is fixed: ${message}`, { bundle });
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
