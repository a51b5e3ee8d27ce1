// The folder through which a command and its attempt exchange files.

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { nameFileFault, OWN_FOLDER_MODE } from "@memodag/core";

/** A folder of one attempt. */
export class ExchangeFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Creates it in `parent`, which is created when needed.
   * @throws MemodagError `disk_failed`
   */
  static async make(parent: string): Promise<ExchangeFolder> {
    try {
      await mkdir(parent, { recursive: true, mode: OWN_FOLDER_MODE });
      return new ExchangeFolder(await mkdtemp(join(parent, "command-")));
    } catch (error) {
      throw nameFileFault(error, {
        what: "files of commands",
        path: parent,
        setting: "[core] state_dir",
      });
    }
  }

  /** Removes it. If it cannot be removed now, it is removed with its parent folder. */
  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true }).catch(() => undefined);
  }
}
